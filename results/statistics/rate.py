"""Pass rate of one arm, with an interval that knows that samples share operations."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.special
import scipy.stats
from statsmodels.stats.proportion import proportion_confint

from .metrics import FloatArray
from .paired import ConfidenceInterval


@dataclass(frozen=True)
class Rate:
    """A proportion estimated from samples clustered in ops.

    Attributes:
        estimate: Mean over ops of the per-op rate, between 0 and 1.
        samples: Number of samples.
        ops: Number of clusters.
        standard_error: Clustered standard error, NaN with a single op.
        effective_samples: Korn-Graubard effective sample size.
    """

    estimate: float
    samples: int
    ops: int
    standard_error: float
    effective_samples: float

    def confidence_interval(self, confidence_level: float = 0.95) -> ConfidenceInterval:
        """Wilson interval on the effective sample size, t critical value on ops - 1.

        Args:
            confidence_level: Between 0 and 1.

        Returns:
            The bounds; NaN with fewer than two ops.
        """
        if self.ops < 2:
            return ConfidenceInterval(np.nan, np.nan)
        critical = scipy.stats.t.ppf((1 + confidence_level) / 2, self.ops - 1)
        return wilson(self.estimate, self.effective_samples, float(critical))


def wilson(rate: float, samples: float, critical: float = 1.959963984540054) -> ConfidenceInterval:
    """Wilson score interval for a proportion (Wilson 1927), by statsmodels.

    Args:
        rate: Observed proportion.
        samples: Number of samples, or effective number; may be fractional.
        critical: Critical value; the default is the normal one for 95 %.

    Returns:
        Bounds within [0, 1].
    """
    # statsmodels takes a level, not a critical value: this is the level whose normal quantile
    # is the critical value asked for.
    alpha = 2 * float(scipy.stats.norm.sf(critical))
    low, high = proportion_confint(rate * samples, samples, alpha=alpha, method="wilson")
    return ConfidenceInterval(max(0.0, float(np.asarray(low))), min(1.0, float(np.asarray(high))))


def pass_at_k(samples: FloatArray, successes: FloatArray, k: int) -> FloatArray:
    """Chance that at least one of k samples is a success, unbiased (Chen et al. 2021).

    Args:
        samples: n of each op.
        successes: c of each op.
        k: At most n.

    Returns:
        1 - C(n - c, k) / C(n, k); NaN where n < k.
    """
    ways = scipy.special.binom(samples, k)
    missed = scipy.special.binom(samples - successes, k)
    possible = samples >= k
    return 1 - np.divide(missed, ways, out=np.full(np.shape(ways), np.nan), where=possible)


def best_of_k(values: FloatArray, k: int) -> float:
    """Expected largest of k of these values drawn without replacement: unbiased.

    Args:
        values: n independent values, shape (n,).
        k: From 1 to n.

    Returns:
        The sum over the ordered values x_(i) of C(i - 1, k - 1) / C(n, k) x_(i).
    """
    ordered = np.sort(values)
    ways = scipy.special.binom(np.arange(len(ordered)), k - 1)
    return float(ordered @ ways / scipy.special.binom(len(ordered), k))


def cluster_means(values: FloatArray, clusters: npt.ArrayLike) -> FloatArray:
    """Mean within each cluster, NaN values left out; NaN where nothing is left.

    Args:
        values: One a sample, shape (n,).
        clusters: The cluster of each sample, shape (n,).

    Returns:
        One mean a cluster, in the order of their labels.
    """
    labels, index = np.unique(np.asarray(clusters), return_inverse=True)
    there = ~np.isnan(values)
    sums = np.bincount(index[there], weights=values[there], minlength=len(labels))
    counts = np.bincount(index[there], minlength=len(labels))
    return np.divide(sums, counts, out=np.full(len(labels), np.nan), where=counts > 0)


def clustered_rate(values: FloatArray, clusters: npt.ArrayLike) -> Rate:
    """Pass rate of 0/1 values whose cluster is the op.

    The rate is the mean of the per-op rates, and its standard error the standard deviation of
    these over sqrt(ops): with equal epochs this is the usual clustered standard error. The
    effective sample size is min(p(1-p)/SE², n), after Korn and Graubard (1998); where that ratio
    says nothing (p is 0 or 1, or no spread) it is n.

    Args:
        values: 0 or 1 per sample, shape (n,).
        clusters: The op of each sample, shape (n,).

    Returns:
        The rate, NaN without samples.
    """
    per_op = cluster_means(values, clusters)
    samples, ops = len(values), len(per_op)
    if ops == 0:
        return Rate(np.nan, 0, 0, np.nan, 0.0)
    estimate = float(np.mean(per_op))
    error = float(scipy.stats.sem(per_op)) if ops > 1 else np.nan
    binomial = estimate * (1 - estimate)
    effective = min(binomial / error**2, samples) if binomial > 0 and error > 0 else samples
    return Rate(estimate, samples, ops, error, float(effective))
