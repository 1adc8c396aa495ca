"""Sign-flip permutation test of paired differences."""

from functools import lru_cache

import numpy as np

from .metrics import FloatArray

EXACT_OPS = 16
"""Up to this many ops all 2^T sign patterns are enumerated."""

RESAMPLES = 9_999
SEED = 20_240_607


def sign_flip(differences: FloatArray) -> float:
    """Two-sided p-value of the mean difference under random signs.

    The test of `scipy.stats.permutation_test(..., permutation_type="samples")` on the mean:
    exact up to 16 ops (twice the smaller tail, at most 1), and beyond that from 9,999 sign
    patterns of a fixed seed, with one added to both counts so that p is never 0.

    Args:
        differences: One difference per op, shape (T,).

    Returns:
        The p-value; NaN with fewer than two differences.
    """
    if len(differences) < 2:
        return float("nan")
    # A sign changes nothing of a zero: without them the test is the same, and exact more often.
    differences = differences[differences != 0]
    ops = len(differences)
    exact = ops <= EXACT_OPS
    null = _all_signed_sums(differences) if exact else random_signs(ops) @ differences
    observed = float(np.sum(differences))
    # Sums that differ by rounding only must count as ties.
    slack = 1e-13 * float(np.sum(np.abs(differences)))
    added = 0 if exact else 1
    tails = [np.sum(null >= observed - slack), np.sum(null <= observed + slack)]
    smaller = (float(min(tails)) + added) / (len(null) + added)
    return min(1.0, 2 * smaller)


def _all_signed_sums(differences: FloatArray) -> FloatArray:
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums - difference, sums + difference])
    return sums


@lru_cache(maxsize=8)
def random_signs(ops: int) -> FloatArray:
    """9,999 sign patterns of a fixed seed, shape (9999, ops), of -1 and 1."""
    bits = np.random.default_rng(SEED).integers(0, 2, size=(RESAMPLES, ops), dtype=np.int8)
    return bits.astype(float) * 2 - 1
