"""How many operations, epochs and models it takes to see an effect."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.stats.power import TTestPower

from ..tasks.errors import UsageError
from .errors import MissingArmError
from .statistics import ESTIMATES_ONLY_BELOW, METRICS, Metric, smallest_detectable
from .statistics.cells import PairedCells, number_samples, pair_samples, paired_cells
from .statistics.detectable import ALPHA

EPOCHS = (1, 2, 3, 5, 8, 10, 15, 20, 30)
"""The epochs of a plan's rows."""

_MOST_OPS = 100_000


class PlanError(UsageError):
    """A plan that cannot be made of what was given."""


@dataclass(frozen=True)
class Variances:
    """What makes differences between two arms vary; of shares, or of natural logarithms.

    Attributes:
        within: Of the difference of two samples of one cell, one in each arm: chance alone.
        between_ops: Of the true effect between ops, common to all models.
        between_models: Of the true effect between models within an op.
        source: Where the numbers come from, for the reader.
    """

    within: float
    between_ops: float
    between_models: float
    source: str

    def between(self, models: int) -> float:
        """Variance between ops of the effect pooled over some models."""
        return self.between_ops + self.between_models / models

    def of_op(self, models: int, epochs: int) -> float:
        """Variance of an op's difference D_t: between + within / (M E)."""
        return self.between(models) + self.within / (models * epochs)

    def epochs_that_help(self, models: int) -> float:
        """Epochs at which chance equals the spread between ops; infinite without any spread."""
        between = self.between(models)
        return self.within / models / between if between > 0 else math.inf


ASSUMED = {
    "correct": Variances(0.303, 0.0118, 0.0167, "assumed: ops of mixed difficulty"),
    "deployable_speedup": Variances(0.10, 0.010, 0.010, "assumed: kernels of mixed quality"),
}
"""Without a pilot: p(1-p) averages 0.15 over cells; log speedups spread by 0.22 within one."""


@dataclass(frozen=True)
class PlanRow:
    """One design that reaches the wanted power.

    Attributes:
        epochs: E.
        ops: T, at least 8; infinite where no number up to 100,000 will do.
        samples: 2 T E M.
        tokens: Of all samples; NaN if unknown.
        cost: In dollars; NaN if unknown.
        detectable: With the given number of ops, the smallest effect of that power; NaN without.
    """

    epochs: int
    ops: float
    samples: float
    tokens: float
    cost: float
    detectable: float


@dataclass(frozen=True)
class Plan:
    """Result of `make_plan`.

    Attributes:
        metric: Name of the metric.
        effect: The wanted effect: percentage points, or a ratio.
        power: Chance of finding it.
        models: M.
        ops: Ops that there are; None if that is open.
        variances: What was planned with.
        rows: Designs, by epochs.
    """

    metric: str
    effect: float
    power: float
    models: int
    ops: int | None
    variances: Variances
    rows: tuple[PlanRow, ...]

    @property
    def unit(self) -> str:
        """The metric's unit, "points" or "ratio"."""
        return plannable(self.metric).unit

    @property
    def epochs_that_help(self) -> float:
        """Beyond this many epochs, add ops instead."""
        return self.variances.epochs_that_help(self.models)

    @property
    def fewest_epochs(self) -> int | None:
        """The fewest epochs of a row with which the given ops suffice."""
        enough = [row.epochs for row in self.rows if self.ops is not None and row.ops <= self.ops]
        return enough[0] if enough else None


def plannable(name: str) -> Metric:
    """A metric that can be planned for: one that is defined for every sample.

    Raises:
        PlanError: There is none of that name.
    """
    found = {metric.name: metric for metric in METRICS if not metric.conditional}
    if name not in found:
        raise PlanError(f"--metric {name}: name one of {', '.join(found)}.")
    return found[name]


def pilot_variances(rows: pd.DataFrame, metric: Metric) -> Variances:
    """Estimate variances from a pilot, for each variant against `none`, and average them.

    Args:
        rows: Rows of `read_rows`, of one hardware profile and language.
        metric: The metric.

    Returns:
        The variances; those between ops are what is left after chance, at least 0.

    Raises:
        MissingArmError: No variant ran beside `none`.
        PlanError: There are no two epochs of a cell, fewer than two ops, or no variation at all.
    """
    samples = number_samples(rows)
    if "none" not in samples.variants or len(samples.variants) < 2:
        raise MissingArmError("A pilot needs the variant none and another: add their logs.")
    found = [
        _of_cells(paired_cells(pair_samples(samples, "none", variant), metric))
        for variant in samples.variants
        if variant != "none"
    ]
    within, ops, models = (float(np.mean(each)) for each in zip(*found, strict=True))
    if math.isnan(within) or math.isnan(ops):
        raise PlanError("A pilot needs two ops, and two epochs of each: add epochs to its logs.")
    if within == 0:
        raise PlanError(
            "The pilot's samples do not vary within any cell, such as where all are correct: plan "
            "with a pilot of harder operations, or give --variances."
        )
    return Variances(within, ops, models, f"pilot of {len(samples.ops)} ops")


def _of_cells(cells: PairedCells) -> tuple[float, float, float]:
    if len(cells.ops) < 2 or np.isnan(cells.baseline.variances + cells.variant.variances).all():
        return math.nan, math.nan, math.nan
    difference = cells.variant.means - cells.baseline.means
    models = len(difference)
    within = float(np.nanmean(cells.baseline.variances + cells.variant.variances))
    chance = [float(np.nanmean(arm.variances / np.maximum(arm.samples, 1))) for arm in cells.arms]
    pooled = max(0.0, float(np.var(cells.differences, ddof=1)) - sum(chance) / models)
    if models == 1:
        return within, pooled, 0.0
    single = float(np.mean(np.nanvar(difference, axis=1, ddof=1))) - sum(chance)
    between_models = max(0.0, (single - pooled) * models / (models - 1))
    return within, max(0.0, pooled - between_models / models), between_models


def make_plan(
    variances: Variances,
    metric: Metric,
    effect: float,
    *,
    power: float,
    models: int,
    ops: int | None = None,
    tokens: float = math.nan,
    cost: float = math.nan,
    epochs: Sequence[int] = EPOCHS,
) -> Plan:
    """Find the ops that each number of epochs needs, for a paired t test at 5 %.

    Args:
        variances: From a pilot, given, or assumed.
        metric: The metric.
        effect: Percentage points above 0, or a ratio above 1.
        power: Between 0.05 and 1.
        models: M, in both arms.
        ops: Ops that there are, for the smallest effect that they can show.
        tokens: Of one sample, both prompt and completion.
        cost: Of one sample, in dollars.
        epochs: Of the rows.

    Returns:
        The plan.

    Raises:
        PlanError: The effect or the power is out of range.
    """
    size = effect / 100 if metric.unit == "points" else math.log(effect) if effect > 0 else 0.0
    if not size > 0 or not ALPHA < power < 1:
        least = "above 0 points" if metric.unit == "points" else "a ratio above 1, such as 1.1"
        raise PlanError(f"--effect must be {least}, and --power between 0.05 and 1.")
    rows: list[PlanRow] = []
    for each in epochs:
        deviation = math.sqrt(variances.of_op(models, each))
        needed = ops_needed(size, deviation, power)
        samples = 2 * needed * each * models
        able = smallest_detectable(deviation, ops, power) if ops and ops > 1 else math.nan
        rows.append(
            PlanRow(each, needed, samples, samples * tokens, samples * cost, _shown(able, metric))
        )
    return Plan(metric.name, effect, power, models, ops, variances, tuple(rows))


def ops_needed(effect: float, deviation: float, power: float) -> float:
    """Ops for a paired t test at 5 %, two-sided: at least 8, rounded up.

    Args:
        effect: In the unit of the deviation.
        deviation: Of an op's difference.
        power: Chance of finding the effect.

    Returns:
        The number; infinite beyond 100,000.
    """
    if deviation == 0:
        return ESTIMATES_ONLY_BELOW
    test, standardised = TTestPower(), effect / deviation
    # Of an enormous effect the noncentral t has no power that could be computed, but 1.
    if not test.power(standardised, ESTIMATES_ONLY_BELOW, ALPHA) < power:
        return ESTIMATES_ONLY_BELOW
    if test.power(standardised, _MOST_OPS, ALPHA) < power:
        return math.inf
    solved = test.solve_power(effect_size=standardised, nobs=None, alpha=ALPHA, power=power)
    return math.ceil(float(solved))


def _shown(value: float, metric: Metric) -> float:
    return 100 * value if metric.unit == "points" else math.exp(value)
