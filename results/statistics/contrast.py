"""One contrast: a metric, compared between a variant and its baseline."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from . import wording
from .cells import Pair, PairedCells, paired_cells
from .detectable import ALPHA, smallest_detectable
from .metrics import METRICS, FloatArray, Metric
from .paired import paired_t, within_cell_variance
from .sign_flip import sign_flip

POOLED = "pooled"
ESTIMATES_ONLY_BELOW = 8
EXPLORATORY_BELOW = 20

_METRICS = {metric.name: metric for metric in METRICS}


@dataclass(frozen=True)
class Contrast:
    """A metric with a variant, less the same with the baseline.

    The unit is percentage points for a 0/1 metric and a ratio (variant / baseline) for a speed;
    the latter's arithmetic is in logarithms. Every number but the estimate and the levels is NaN
    where `label` is "estimates only".

    Attributes:
        metric: Name of the metric.
        unit: "points" or "ratio".
        model: A model, or "pooled": all of `models`, equally weighted.
        models: The models compared.
        variant: The variant.
        baseline: The variant that it is compared to.
        baseline_level: The metric with the baseline: per cent, or a geometric mean.
        variant_level: The same with the variant.
        estimate: The effect.
        ci_low: Lower bound of its 95 % interval.
        ci_high: Upper bound.
        p: Two-sided p-value of the paired t test.
        p_holm: The same after Holm over its family.
        family: Number of contrasts in that family.
        p_sign_flip: Two-sided p-value of the sign-flip permutation test.
        ops: Number of ops, the sample size of the test.
        cells: Model x op cells with a value in both arms.
        epochs: Most samples in a cell.
        baseline_samples: Samples that count in the baseline arm.
        variant_samples: The same in the variant arm.
        smallest_detectable: Least effect that 80 % of such runs would detect at 5 %.
        floor_binds: Within-cell variance, not the spread between ops, sets the interval.
        saturated_ops: Ops where every sample of both arms is a hit; none for a ratio.
        infra_failures: Samples that the harness lost.
        dropped_samples: Scored samples left out because their counterpart was lost.
        dropped_ops: Ops without a sample of each model left in both arms.
    """

    metric: str
    unit: Literal["points", "ratio"]
    model: str
    models: tuple[str, ...]
    variant: str
    baseline: str
    baseline_level: float
    variant_level: float
    estimate: float
    ci_low: float
    ci_high: float
    p: float
    p_holm: float
    family: int
    p_sign_flip: float
    ops: int
    cells: int
    epochs: int
    baseline_samples: int
    variant_samples: int
    smallest_detectable: float
    floor_binds: bool
    saturated_ops: tuple[str, ...]
    infra_failures: int
    dropped_samples: int
    dropped_ops: tuple[str, ...]

    @property
    def title(self) -> str:
        """The metric's name in a sentence."""
        return _METRICS[self.metric].title

    @property
    def model_name(self) -> str:
        """The model's name, also where a pool holds one model only."""
        return self.models[0] if self.model == POOLED and len(self.models) == 1 else self.model

    @property
    def neutral(self) -> float:
        """The estimate that means no difference: 0 points, or a ratio of 1."""
        return 0.0 if self.unit == "points" else 1.0

    @property
    def label(self) -> Literal["estimates only", "exploratory", ""]:
        """What the number of ops allows to say: under 8 no interval, under 20 exploratory."""
        if self.ops < ESTIMATES_ONLY_BELOW:
            return "estimates only"
        return "exploratory" if self.ops < EXPLORATORY_BELOW else ""

    @property
    def saturated(self) -> bool:
        """Every sample of both arms is a hit: an effect upwards could not show."""
        return 0 < self.ops == len(self.saturated_ops)

    @property
    def detected(self) -> bool:
        """The Holm-adjusted p-value is below 5 %."""
        return self.p_holm < ALPHA

    def summary(self) -> str:
        """The contrast in one sentence, without its metric's name and without a full stop."""
        if self.ops == 0:
            return "not estimable: no op has a value in both arms"
        if self.saturated:
            return f"{self._saturation()}: no room to see an effect"
        effect = wording.amount(self.estimate, self.unit)
        effect += " points" if self.unit == "points" else ""
        if self.label == "estimates only":
            return f"{effect} over {wording.count(self.ops, 'op')}; estimates only, under 8 ops"
        if math.isnan(self.p):
            same = f"{effect} in each of {self.ops} ops"
            if self.estimate != self.neutral:
                return f"{same}; without any spread there is no interval{self._remarks()}"
            return (
                f"{same}: no detectable difference; without any spread this run cannot say what "
                f"it could detect{self._remarks()}"
            )
        bounds = wording.interval(self.ci_low, self.ci_high, self.unit)
        tested = f"{effect} {bounds}, paired t over {self.ops} ops, Holm p" + wording.pvalue(
            self.p_holm
        )
        if self.detected:
            return f"{tested}; generalises to similar ops{self._remarks()}"
        able = wording.detectable(self.smallest_detectable, self.unit)
        return f"{tested}: no detectable difference; this run could detect {able}{self._remarks()}"

    def _saturation(self) -> str:
        hit = _METRICS[self.metric].hit
        without, with_variant = (
            f"{samples} of {samples} {hit}"
            for samples in (self.baseline_samples, self.variant_samples)
        )
        if without == with_variant:
            return f"{without} in both arms"
        return f"{without} with {self.baseline} and {with_variant} with {self.variant}"

    def _remarks(self) -> str:
        conditional = _METRICS[self.metric].conditional
        remarks = [
            f"n = {wording.count(self.cells, 'cell')} correct in both arms" if conditional else "",
            f"exploratory: {self.ops} ops" if self.label == "exploratory" else "",
            "interval set by the variance floor" if self.floor_binds else "",
        ]
        said = "; ".join(remark for remark in remarks if remark)
        return f" ({said})" if said else ""


def contrast(pair: Pair, metric: Metric, model: str) -> Contrast:
    """Compare one metric between the arms of a pair.

    Args:
        pair: The samples that count.
        metric: One of `METRICS`.
        model: A name for the pair's models: "pooled", or the only one.

    Returns:
        The contrast, not yet adjusted for others: `p_holm` equals `p`.
    """
    cells = paired_cells(pair, metric)
    ops = len(cells.ops)
    test = paired_t(cells.differences, _variance_floor(cells, metric))
    told = ops >= ESTIMATES_ONLY_BELOW
    low, high = test.confidence_interval() if told else (np.nan, np.nan)
    p = test.pvalue if told else np.nan
    spread = test.standard_error * math.sqrt(ops)
    able = smallest_detectable(spread, ops) if told and spread > 0 else np.nan
    effect = (lambda x: 100 * x) if metric.unit == "points" else (lambda x: float(np.exp(x)))
    baseline, variant = _level(cells.baseline), _level(cells.variant)
    samples = (cells.baseline_samples, cells.variant_samples)
    return Contrast(
        metric=metric.name,
        unit=metric.unit,
        model=model,
        models=tuple(pair.samples.models[index] for index in pair.models),
        variant=pair.names[1],
        baseline=pair.names[0],
        baseline_level=effect(baseline),
        variant_level=effect(variant),
        estimate=effect(test.estimate),
        ci_low=effect(low),
        ci_high=effect(high),
        p=p,
        p_holm=p,
        family=1,
        p_sign_flip=sign_flip(cells.differences) if told else np.nan,
        ops=ops,
        cells=int(np.sum(~np.isnan(cells.baseline))),
        epochs=int(max((each.max() for each in samples if each.size), default=0)),
        baseline_samples=int(samples[0].sum()),
        variant_samples=int(samples[1].sum()),
        smallest_detectable=effect(able),
        floor_binds=test.floor_binds and told,
        saturated_ops=_saturated_ops(cells, metric),
        infra_failures=pair.infra_failures,
        dropped_samples=pair.dropped_samples,
        dropped_ops=pair.dropped_ops,
    )


def _variance_floor(cells: PairedCells, metric: Metric) -> float:
    if metric.unit != "points" or not cells.ops:
        return 0.0
    return sum(
        within_cell_variance(rates * samples, samples)
        for rates, samples in (
            (cells.baseline, cells.baseline_samples),
            (cells.variant, cells.variant_samples),
        )
    )


def _level(means: FloatArray) -> float:
    return float(np.mean(np.nanmean(means, axis=0))) if means.size else np.nan


def _saturated_ops(cells: PairedCells, metric: Metric) -> tuple[str, ...]:
    if metric.unit != "points":
        return ()
    full = (cells.baseline == 1).all(axis=0) & (cells.variant == 1).all(axis=0)
    return tuple(op for op, is_full in zip(cells.ops, full, strict=True) if is_full)
