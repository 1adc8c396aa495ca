"""The smallest effect that a comparison could have seen."""

from functools import lru_cache

import scipy.stats
from statsmodels.stats.power import TTestPower

POWER = 0.8
ALPHA = 0.05


def smallest_detectable(standard_deviation: float, ops: float, power: float = POWER) -> float:
    """Smallest true difference that a paired t test would find at 5 %.

    Args:
        standard_deviation: Of the per-op differences: SE x sqrt(ops).
        ops: Number of ops, more than one.
        power: Chance of finding it.

    Returns:
        The difference, in the unit of the standard deviation.
    """
    return _standardised(ops, power) * standard_deviation


def smallest_detectable_by_normal(standard_error: float) -> float:
    """Smallest true difference that a normal test would find with 80 % power at 5 %.

    Args:
        standard_error: Of the estimate.
    """
    quantiles = scipy.stats.norm.ppf(1 - ALPHA / 2) + scipy.stats.norm.ppf(POWER)
    return float(quantiles) * standard_error


@lru_cache(maxsize=256)
def _standardised(ops: float, power: float) -> float:
    solved = TTestPower().solve_power(effect_size=None, nobs=ops, alpha=ALPHA, power=power)
    return float(solved)
