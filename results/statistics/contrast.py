"""One contrast: a metric, compared between a variant and its baseline, and what it says."""

import math
from dataclasses import dataclass
from typing import Literal

from . import wording
from .detectable import ALPHA
from .metrics import METRICS

Target = Literal["new ops", "this suite"]
"""What a contrast speaks of: operations like these, or these alone."""

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
        target: "new ops" (a paired t over ops) or "this suite" (chance within cells alone).
        kind: The kind of operation that it is restricted to; empty for all.
        baseline_level: The metric with the baseline: per cent, or a geometric mean.
        variant_level: The same with the variant.
        estimate: The effect.
        ci_low: Lower bound of its 95 % interval.
        ci_high: Upper bound.
        p: Two-sided p-value: paired t for new ops; for this suite Cochran-Mantel-Haenszel over
            cells of a 0/1 metric, else normal.
        p_holm: The same after Holm over its family.
        p_fdr: The same after Benjamini and Hochberg, for exploratory contrasts; NaN for others.
        family: Number of contrasts in that family.
        p_sign_flip: Two-sided p-value of the sign-flip permutation test over ops.
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
    target: Target
    kind: str
    baseline_level: float
    variant_level: float
    estimate: float
    ci_low: float
    ci_high: float
    p: float
    p_holm: float
    p_fdr: float
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
    def role(self) -> str:
        """The metric's role: primary, secondary, curve, cost or extra."""
        return _METRICS[self.metric].role

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
        """What the number of ops allows to say of others: under 8 no interval, under 20 little."""
        if self.target == "this suite":
            return ""
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
            same = f"{effect} in each of {wording.count(self.ops, 'op')}"
            if self.estimate != self.neutral:
                return f"{same}; without any spread there is no interval{self._remarks()}"
            return (
                f"{same}: no detectable difference; without any spread this run cannot say what "
                f"it could detect{self._remarks()}"
            )
        bounds = wording.interval(self.ci_low, self.ci_high, self.unit)
        tested = f"{effect} {bounds}, {self._method()}, Holm p" + wording.pvalue(self.p_holm)
        if self.detected:
            reach = "says nothing of" if self.target == "this suite" else "generalises to"
            return f"{tested}; {reach} similar ops{self._remarks()}"
        able = wording.detectable(self.smallest_detectable, self.unit)
        return f"{tested}: no detectable difference; this run could detect {able}{self._remarks()}"

    def _method(self) -> str:
        if self.target == "new ops":
            return f"paired t over {self.ops} ops"
        test = "Cochran-Mantel-Haenszel" if self.unit == "points" else "normal"
        return f"{test} over {wording.count(self.cells, 'cell')} of this suite"

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
