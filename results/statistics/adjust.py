"""Adjustments of p-values for several comparisons."""

import numpy as np
import scipy.stats

from .metrics import FloatArray


def holm(pvalues: FloatArray) -> FloatArray:
    """Adjust the p-values of one family so that the family-wise error is controlled (Holm 1979).

    The result is that of statsmodels' `multipletests(method="holm")`, which is not called
    because it takes one family at a time and collects garbage each time, 0.1 s.

    Args:
        pvalues: Raw p-values, shape (..., k), a family along the last axis; NaN (nothing was
            tested) stays NaN and is not counted as a member of the family.

    Returns:
        Adjusted p-values, shape (..., k).
    """
    # NaN sorts last, where the number of hypotheses left is 0 or less and the product stays NaN.
    order = np.argsort(pvalues, axis=-1, kind="stable")
    ranked = np.take_along_axis(pvalues, order, axis=-1)
    tested = np.sum(~np.isnan(pvalues), axis=-1, keepdims=True)
    left = tested - np.arange(pvalues.shape[-1])
    stepped = np.minimum(1, np.maximum.accumulate(left * ranked, axis=-1))
    adjusted = np.empty_like(stepped)
    np.put_along_axis(adjusted, order, stepped, axis=-1)
    return adjusted


def benjamini_hochberg(pvalues: FloatArray) -> FloatArray:
    """Adjust p-values so that the false discovery rate is controlled (Benjamini, Hochberg 1995).

    Args:
        pvalues: Raw p-values, shape (k,); NaN stays NaN and is not counted.

    Returns:
        Adjusted p-values, shape (k,), by `scipy.stats.false_discovery_control`.
    """
    adjusted = np.full(len(pvalues), np.nan)
    tested = ~np.isnan(pvalues)
    if tested.any():
        adjusted[tested] = scipy.stats.false_discovery_control(pvalues[tested])
    return adjusted
