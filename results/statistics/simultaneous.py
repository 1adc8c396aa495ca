"""Intervals of several paired differences that all hold together, and the ranks that follow."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy.stats

from .contrast import ESTIMATES_ONLY_BELOW
from .detectable import ALPHA
from .metrics import FloatArray
from .sign_flip import random_signs

_BLOCK = 512

Method = Literal["max-T sign-flip", "Bonferroni", ""]


@dataclass(frozen=True)
class Simultaneous:
    """Result of `simultaneous_intervals`, for P differences.

    Attributes:
        estimate: Mean difference, shape (P,); NaN where no op has both.
        low: Lower bounds; NaN where there are too few ops, or there is no spread at all.
        high: Upper bounds.
        method: How the quantile was found; empty if there is no interval.
    """

    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    method: Method


def simultaneous_intervals(differences: FloatArray, floors: FloatArray) -> Simultaneous:
    """Intervals that cover all the true mean differences at once, in 95 % of cases.

    The half-width is c times the standard error over ops. c is the 95 % quantile of the largest
    |t| when the signs of the ops' residuals are flipped at random, one sign an op for all
    differences, so that what they share narrows the intervals (max-T). Where the flips leave some
    difference without spread, too few ops differ for that, and c is Student's quantile after
    Bonferroni. An interval is never narrower than chance within cells allows, by a normal quantile
    after Bonferroni.

    Args:
        differences: One row for each difference, one column an op, shape (P, T); NaN where an op
            is missing.
        floors: Least variance of each mean, shape (P,): see `within_cell_variance`; 0 for none.

    Returns:
        The intervals; none under 8 ops.
    """
    ops = np.sum(~np.isnan(differences), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = np.nansum(differences, axis=1) / np.where(ops > 0, ops, np.nan)
    low, high = np.full(len(ops), np.nan), np.full(len(ops), np.nan)
    enough = np.flatnonzero(ops >= ESTIMATES_ONLY_BELOW)
    if not len(enough):
        return Simultaneous(estimate, low, high, "")
    residuals = np.nan_to_num(differences[enough] - estimate[enough, None])
    counts = ops[enough].astype(float)
    spread = np.sqrt(np.sum(residuals**2, axis=1) / (counts - 1) / counts)
    varying = spread > 1e-12 * np.maximum(np.abs(estimate[enough]), 1)
    tail = ALPHA / (2 * len(enough))
    factor = _largest_t(residuals[varying], counts[varying]) if varying.any() else np.inf
    method: Method = "max-T sign-flip"
    if not np.isfinite(factor):
        method, factor = "Bonferroni", scipy.stats.t.ppf(1 - tail, counts - 1)
    by_floor = float(scipy.stats.norm.ppf(1 - tail)) * np.sqrt(floors[enough])
    half = np.maximum(np.where(varying, factor * spread, 0.0), by_floor)
    half[half == 0] = np.nan
    low[enough], high[enough] = estimate[enough] - half, estimate[enough] + half
    return Simultaneous(estimate, low, high, method)


def rank_intervals(
    count: int, pairs: npt.NDArray[np.intp], found: Simultaneous
) -> tuple[tuple[int, int], ...]:
    """The ranks that each of `count` things can have, 1 for the largest.

    [1 + the number surely above, count - the number surely below], all of them at once in 95 % of
    cases. Ranks are not bootstrapped: where all tie, that covers a tenth of cases or so.

    Args:
        count: Number of things.
        pairs: For each difference the indices of the two, the first less the second, shape (P, 2).
        found: The intervals of the differences.

    Returns:
        The least and the largest rank of each; (1, count) where nothing is known.
    """
    above, below = np.zeros(count, dtype=int), np.zeros(count, dtype=int)
    first_wins, second_wins = found.low > 0, found.high < 0
    np.add.at(above, pairs[first_wins, 1], 1)
    np.add.at(below, pairs[first_wins, 0], 1)
    np.add.at(above, pairs[second_wins, 0], 1)
    np.add.at(below, pairs[second_wins, 1], 1)
    return tuple((1 + int(a), count - int(b)) for a, b in zip(above, below, strict=True))


def _largest_t(residuals: FloatArray, counts: FloatArray) -> float:
    """The 95 % quantile of the largest |t| under random signs; infinite if signs remove spread."""
    signs = random_signs(residuals.shape[1])
    squares = np.sum(residuals**2, axis=1) / counts
    largest = np.empty(len(signs))
    for start in range(0, len(signs), _BLOCK):
        means = signs[start : start + _BLOCK] @ residuals.T / counts
        left = squares - means**2
        # Equal up to rounding: all residuals of one size, and all with one sign.
        left[left <= 1e-12 * squares] = 0.0
        with np.errstate(divide="ignore"):
            largest[start : start + _BLOCK] = np.max(
                np.abs(means) / np.sqrt(left / (counts - 1)), axis=1
            )
    return float(np.quantile(largest, 1 - ALPHA, method="higher"))
