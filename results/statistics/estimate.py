"""From the samples of two arms to one contrast, for either target."""

from dataclasses import dataclass

import numpy as np

from .cells import Pair, PairedCells, paired_cells
from .contrast import ESTIMATES_ONLY_BELOW, Contrast, Target
from .detectable import smallest_detectable, smallest_detectable_by_normal
from .metrics import Metric
from .moments import Moments
from .paired import paired_t, within_cell_variance
from .sign_flip import sign_flip
from .suite import stratified_odds, suite_effect


@dataclass(frozen=True)
class _Inference:
    """What is inferred from the cells; NaN where nothing can be."""

    estimate: float
    low: float = np.nan
    high: float = np.nan
    p: float = np.nan
    p_sign_flip: float = np.nan
    detectable: float = np.nan
    floor_binds: bool = False


def contrast(pair: Pair, metric: Metric, model: str, target: Target, kind: str = "") -> Contrast:
    """Compare one metric between the arms of a pair.

    Args:
        pair: The samples that count.
        metric: One of `METRICS`.
        model: A name for the pair's models: "pooled", or the only one.
        target: What to speak of.
        kind: The kind of operation that the pair is restricted to; empty for all.

    Returns:
        The contrast, not yet adjusted for others: `p_holm` equals `p`.
    """
    cells = paired_cells(pair, metric)
    found = (_of_new_ops if target == "new ops" else _of_this_suite)(cells, metric)
    baseline, variant = (_level(arm) for arm in cells.arms)
    samples = [arm.samples for arm in cells.arms]

    def shown(value: float) -> float:
        return 100 * value if metric.unit == "points" else float(np.exp(value))

    return Contrast(
        metric=metric.name,
        unit=metric.unit,
        model=model,
        models=tuple(pair.samples.models[index] for index in pair.models),
        variant=pair.names[1],
        baseline=pair.names[0],
        target=target,
        kind=kind,
        baseline_level=shown(baseline),
        variant_level=shown(variant),
        estimate=shown(found.estimate),
        ci_low=shown(found.low),
        ci_high=shown(found.high),
        p=found.p,
        p_holm=found.p,
        p_fdr=np.nan,
        family=1,
        p_sign_flip=found.p_sign_flip,
        ops=len(cells.ops),
        cells=int(np.sum(~np.isnan(cells.baseline.means))),
        epochs=int(max((each.max() for each in samples if each.size), default=0)),
        baseline_samples=int(samples[0].sum()),
        variant_samples=int(samples[1].sum()),
        smallest_detectable=shown(found.detectable),
        floor_binds=found.floor_binds,
        saturated_ops=_saturated_ops(cells, metric),
        infra_failures=pair.infra_failures,
        dropped_samples=pair.dropped_samples,
        dropped_ops=pair.dropped_ops,
    )


def _of_new_ops(cells: PairedCells, metric: Metric) -> _Inference:
    test = paired_t(cells.differences, variance_floor(cells, metric))
    ops = len(cells.ops)
    if ops < ESTIMATES_ONLY_BELOW:
        return _Inference(test.estimate)
    able = max(
        smallest_detectable(test.standard_error * np.sqrt(ops), ops),
        smallest_detectable_by_normal(test.floor),
    )
    return _Inference(
        test.estimate,
        *test.confidence_interval(),
        p=test.pvalue,
        p_sign_flip=sign_flip(cells.differences),
        detectable=able or np.nan,
        floor_binds=test.floor_binds,
    )


def _of_this_suite(cells: PairedCells, metric: Metric) -> _Inference:
    if not cells.ops:
        return _Inference(np.nan)
    effect = suite_effect(*cells.arms, proportion=metric.unit == "points")
    error = float(effect.standard_error)
    if error == 0:
        return _Inference(float(effect.estimate))
    if metric.unit == "points":
        there = ~np.isnan(cells.baseline.means)
        hits = [(arm.means[there] * arm.samples[there], arm.samples[there]) for arm in cells.arms]
        p = stratified_odds(hits[0], hits[1]).pvalue
    else:
        p = float(effect.pvalue())
    return _Inference(
        float(effect.estimate),
        *effect.confidence_interval(),
        p=p,
        p_sign_flip=sign_flip(cells.differences),
        detectable=smallest_detectable_by_normal(error),
    )


def variance_floor(cells: PairedCells, metric: Metric) -> float:
    """The least variance of a difference of rates that chance within cells allows.

    Args:
        cells: The cells of the metric.
        metric: Of a ratio nothing is known within cells, and the floor is 0.

    Returns:
        The variance, of the mean over ops.
    """
    if metric.unit != "points" or not cells.ops:
        return 0.0
    return sum(within_cell_variance(arm.means * arm.samples, arm.samples) for arm in cells.arms)


def _level(arm: Moments) -> float:
    return float(np.mean(np.nanmean(arm.means, axis=0))) if arm.means.size else np.nan


def _saturated_ops(cells: PairedCells, metric: Metric) -> tuple[str, ...]:
    if metric.unit != "points":
        return ()
    full = (cells.baseline.means == 1).all(axis=0) & (cells.variant.means == 1).all(axis=0)
    return tuple(op for op, is_full in zip(cells.ops, full, strict=True) if is_full)
