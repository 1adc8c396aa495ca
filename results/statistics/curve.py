"""The fast_p curve: what share of samples is correct and faster than p, for many p."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from .cells import number_samples, pair_samples, paired_cells
from .contrast import ESTIMATES_ONLY_BELOW, Target
from .estimate import variance_floor
from .metrics import FloatArray, fast
from .paired import paired_t
from .suite import suite_effect


@dataclass(frozen=True)
class FastCurve:
    """The fast_p of two arms, pooled over models; all arrays have shape (n,), in per cent.

    Attributes:
        variant: The variant.
        ops: Number of ops.
        thresholds: The n values of p, speedups.
        without: fast_p with the baseline.
        with_variant: fast_p with the variant.
        low: `without` plus the lower bound of the paired difference's 95 % interval, each p by
            itself; NaN with too few ops for an interval.
        high: The same for the upper bound.
    """

    variant: str
    ops: int
    thresholds: FloatArray
    without: FloatArray
    with_variant: FloatArray
    low: FloatArray
    high: FloatArray


def fast_curve(
    rows: pd.DataFrame,
    baseline: str,
    variant: str,
    thresholds: Sequence[float],
    target: Target = "new ops",
) -> FastCurve:
    """Follow fast_p over p in two arms, with the paired difference's interval at each.

    Args:
        rows: Rows of `read_rows`, as `compare` takes them.
        baseline: The variant that the other is compared to.
        variant: The other.
        thresholds: The values of p.
        target: What the intervals speak of.

    Returns:
        The curve; its points at the thresholds of the profile are those of `compare`.
    """
    metrics = [fast(threshold) for threshold in thresholds]
    samples = number_samples(rows)
    values = {each.name: np.where(samples.scored, each.values(rows), np.nan) for each in metrics}
    pair = pair_samples(replace(samples, values=values), baseline, variant)
    points = np.full((4, len(metrics)), np.nan)
    for index, metric in enumerate(metrics):
        cells = paired_cells(pair, metric)
        if not cells.ops:
            continue
        without, with_variant = (np.mean(arm.means) for arm in cells.arms)
        low = high = np.nan
        if target == "this suite":
            effect = suite_effect(*cells.arms, proportion=True)
            if effect.standard_error > 0:
                low, high = effect.confidence_interval()
        elif len(cells.ops) >= ESTIMATES_ONLY_BELOW:
            test = paired_t(cells.differences, variance_floor(cells, metric))
            low, high = test.confidence_interval()
        points[:, index] = without, with_variant, without + low, without + high
    return FastCurve(variant, len(pair.ops), np.array(thresholds, float), *(100 * points))
