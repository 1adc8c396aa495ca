"""Paired comparison of two arms over operations, to target new operations."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.stats

from .metrics import FloatArray


class ConfidenceInterval(NamedTuple):
    """A two-sided confidence interval, named as scipy names it."""

    low: float
    high: float


@dataclass(frozen=True)
class PairedResult:
    """Result of `paired_t`, in the unit of the differences.

    Attributes:
        estimate: Mean of the per-op differences.
        standard_error: Its standard error from the spread between ops; 0 without any spread, NaN
            with fewer than two ops.
        floor: Least standard error that chance within cells allows; 0 if none was given.
        df: Degrees of freedom of the spread, ops - 1.
        statistic: estimate / standard_error; NaN where that is 0.
        pvalue: Two-sided: the larger of Student's t for the spread and the normal for the floor.
    """

    estimate: float
    standard_error: float
    floor: float
    df: int
    statistic: float
    pvalue: float

    @property
    def floor_binds(self) -> bool:
        """The floor, not the spread between ops, sets the 95 % interval."""
        return self.floor > 0 and self._half_widths(0.95)[1] > self._half_widths(0.95)[0]

    def confidence_interval(self, confidence_level: float = 0.95) -> ConfidenceInterval:
        """Interval of the estimate: the wider of Student's for the spread, normal for the floor.

        Args:
            confidence_level: Between 0 and 1.

        Returns:
            The bounds; NaN with fewer than two ops, or with neither spread nor floor.
        """
        half = max(self._half_widths(confidence_level))
        half = half if half > 0 else np.nan
        return ConfidenceInterval(self.estimate - half, self.estimate + half)

    def _half_widths(self, confidence_level: float) -> tuple[float, float]:
        level = (1 + confidence_level) / 2
        t = float(scipy.stats.t.ppf(level, max(self.df, 1)))
        return t * self.standard_error, float(scipy.stats.norm.ppf(level)) * self.floor


def paired_t(differences: FloatArray, variance_floor: float = 0.0) -> PairedResult:
    """Paired t test of per-op differences against zero.

    With no floor this is `scipy.stats.ttest_1samp`. With one, the interval is the union of
    Student's and of estimate ± z sqrt(variance_floor), and the p-value the larger of the two, so
    that they always agree. The floor is a sum over all cells and so has many degrees of freedom:
    with Student's quantile, intervals would cover 97 to 99 % (benchmarks/coverage.py).

    Args:
        differences: One difference per op, shape (T,).
        variance_floor: Least variance of the estimate: see `within_cell_variance`.

    Returns:
        The test, generalising to ops like these.
    """
    ops = len(differences)
    if ops < 2:
        estimate = float(differences[0]) if ops else np.nan
        return PairedResult(estimate, np.nan, 0.0, max(ops - 1, 0), np.nan, np.nan)
    estimate = float(np.mean(differences))
    spread = _standard_error(differences)
    floor = float(np.sqrt(variance_floor))
    statistic = estimate / spread if spread > 0 else np.nan
    pvalues = [2 * float(scipy.stats.t.sf(abs(statistic), ops - 1))] if spread > 0 else []
    pvalues += [2 * float(scipy.stats.norm.sf(abs(estimate) / floor))] if floor > 0 else []
    return PairedResult(estimate, spread, floor, ops - 1, statistic, max(pvalues, default=np.nan))


def _standard_error(differences: FloatArray) -> float:
    # Differences that are equal up to rounding have no spread; sem() would return about 1e-17.
    if len(differences) < 2 or np.ptp(differences) <= 1e-12 * np.max(np.abs(differences)):
        return 0.0
    return float(scipy.stats.sem(differences))


def within_cell_variance(successes: FloatArray, samples: FloatArray) -> float:
    """Variance of one arm's mean of cell rates from sampling within cells, never zero.

    The V_w of the specification: sum of p̃(1-p̃)/E over the M x T cells (model x op), divided by
    (MT)², with p̃ = (x + p̄)/(E + 1) and p̄ = (X + 1/2)/(TE + 1).

    The specification leaves two things open. X and TE could count one model or all: the
    denominator TE + 1 has no M, so p̄ is taken per model and arm (X over that model's T ops).
    E could differ between cells: then E is the cell's own count, and TE is the model's sum.

    Args:
        successes: x, correct samples in each cell, shape (M, T).
        samples: E, samples in each cell, shape (M, T), all positive.

    Returns:
        V_w; add the two arms' to get the floor of a difference.
    """
    model_rate = (successes.sum(axis=1, keepdims=True) + 0.5) / (
        samples.sum(axis=1, keepdims=True) + 1
    )
    cell_rate = (successes + model_rate) / (samples + 1)
    return float(np.sum(cell_rate * (1 - cell_rate) / samples) / successes.size**2)
