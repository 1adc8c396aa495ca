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
        standard_error: Its standard error, floored; NaN with fewer than two ops, or when every
            op gave the same difference and there is no floor.
        df: Degrees of freedom, ops - 1.
        statistic: estimate / standard_error.
        pvalue: Two-sided, from Student's t.
        floor_binds: The variance floor, not the spread between ops, set the standard error.
    """

    estimate: float
    standard_error: float
    df: int
    statistic: float
    pvalue: float
    floor_binds: bool

    def confidence_interval(self, confidence_level: float = 0.95) -> ConfidenceInterval:
        """Student t interval of the estimate.

        Args:
            confidence_level: Between 0 and 1.

        Returns:
            The bounds, NaN where the standard error is.
        """
        low, high = scipy.stats.t.interval(
            confidence_level, max(self.df, 1), self.estimate, self.standard_error
        )
        return ConfidenceInterval(float(low), float(high))


def paired_t(differences: FloatArray, variance_floor: float = 0.0) -> PairedResult:
    """Paired t test of per-op differences against zero.

    With no floor this is `scipy.stats.ttest_1samp`. With one, the standard error is
    max(SE_t, sqrt(variance_floor)), still on ops - 1 degrees of freedom, and the p-value and the
    interval both use it, so they always agree.

    Args:
        differences: One difference per op, shape (T,).
        variance_floor: Least variance of the estimate: see `within_cell_variance`.

    Returns:
        The test, generalising to ops like these.
    """
    ops = len(differences)
    if ops == 0:
        return PairedResult(np.nan, np.nan, 0, np.nan, np.nan, False)
    estimate = float(np.mean(differences))
    spread = _standard_error(differences)
    floor = float(np.sqrt(variance_floor))
    error = max(spread, floor) if ops > 1 else 0.0
    if error == 0.0:
        return PairedResult(estimate, np.nan, ops - 1, np.nan, np.nan, False)
    statistic = estimate / error
    pvalue = 2 * float(scipy.stats.t.sf(abs(statistic), ops - 1))
    return PairedResult(estimate, error, ops - 1, statistic, pvalue, floor > spread)


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
