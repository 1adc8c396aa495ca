"""The smallest effect that a comparison could have seen."""

from functools import lru_cache
from typing import Any

import numpy as np
import scipy.stats
from scipy.optimize import brentq

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
    # The search of statsmodels' TTestPower.solve_power has no bounds, and for some numbers of ops,
    # such as 73, 87 and 92, ends at a negative effect or at none.
    most = 1.0
    while _power(most, ops) < power:
        most *= 2
    solved: Any = brentq(lambda effect: _power(effect, ops) - power, 0, most)
    return float(solved)


def _power(effect: float, ops: float) -> float:
    """Power of the two-sided paired t test at a standardised effect, by the noncentral t."""
    bound = scipy.stats.t.ppf(1 - ALPHA / 2, ops - 1)
    above, below = (
        scipy.stats.nct.sf(bound, ops - 1, sign * effect * np.sqrt(ops)) for sign in (1, -1)
    )
    # Far out, where it is next to nothing, scipy has no number for the other tail.
    return float(above + np.nan_to_num(below))
