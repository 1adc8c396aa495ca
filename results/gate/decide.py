"""The decision of the gate, from the rows of two arms."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from ..statistics import POOLED, holm, suite_effect, wording
from ..statistics.cells import PairedCells, paired_cells
from .arms import join_arms, pair_arms, remarks_on
from .margin import Margin
from .verdict import FINAL_ALPHA, INTERIM_ALPHA, VERDICTS, Verdict, verdicts

# z for 5 % one-sided + z for 90 %: an unchanged arm passes in nine runs of ten.
_QUANTILES = 1.6448536 + 1.2815516


@dataclass(frozen=True)
class Criterion:
    """One metric of one model, or of the pool; all of them must pass.

    Numbers are percentage points for a 0/1 metric and ratios for a speed.

    Attributes:
        metric: Name of the metric.
        unit: "points" or "ratio".
        model: A model, or "pooled".
        margin: The change that no longer passes, such as -10 points or a ratio of 0.95.
        old_level: The metric in the old arm.
        new_level: The metric in the new arm.
        estimate: The change.
        lower: Its one-sided lower bound at the error of this look.
        upper: Its one-sided upper bound.
        p_inferior: One-sided p-value against a loss of the margin.
        p_worse: One-sided p-value against no loss.
        p_worse_holm: The same after Holm over all criteria.
        verdict: See `verdicts`.
        worse: It is worse after Holm: with a PASS, a small real regression.
        epochs_needed: Epochs with which an unchanged arm would pass this criterion in nine runs
            of ten.
    """

    metric: str
    unit: Literal["points", "ratio"]
    model: str
    margin: float
    old_level: float
    new_level: float
    estimate: float
    lower: float
    upper: float
    p_inferior: float
    p_worse: float
    p_worse_holm: float
    verdict: Verdict
    worse: bool
    epochs_needed: int


@dataclass(frozen=True)
class GateResult:
    """Result of `gate_rows`.

    Attributes:
        verdict: See `verdicts`.
        old: The old arm's variant.
        new: The new arm's variant.
        models: Models that ran both arms.
        ops: Ops that count.
        epochs: Most samples in a cell.
        alpha: One-sided error of this look.
        criteria: Of each metric, pooled first and then by model.
        remarks: What a reader must know of the data, each a sentence.
    """

    verdict: Verdict
    old: str
    new: str
    models: tuple[str, ...]
    ops: tuple[str, ...]
    epochs: int
    alpha: float
    criteria: tuple[Criterion, ...]
    remarks: tuple[str, ...]

    def summary(self) -> str:
        """The verdict in one sentence."""
        over = f"over the {wording.count(len(self.ops), 'op')} of this suite"
        if self.verdict == "PASS":
            lost = [each for each in self.criteria if each.worse]
            tail = f", with a small real regression in {_named(lost)}" if lost else ""
            return f"{self.new} is not worse than {self.old} by the margins, {over}{tail}"
        if self.verdict == "FAIL":
            failed = [each for each in self.criteria if each.verdict == "FAIL"]
            return f"{self.new} is worse than {self.old} in {_named(failed)}, {over}"
        undecided = [each for each in self.criteria if each.verdict == "INCONCLUSIVE"]
        needed = max(each.epochs_needed for each in undecided)
        more = f"; {needed} epochs would do if nothing changed" if needed > self.epochs else ""
        return f"not enough to tell in {_named(undecided)}, {over}{more}"


def gate_rows(
    old: pd.DataFrame,
    new: pd.DataFrame,
    margins: Sequence[Margin],
    *,
    final: bool = True,
    mix: bool = False,
) -> GateResult:
    """Decide whether a new arm is not inferior to an old one on the suite that both ran.

    Args:
        old: Rows of the old arm, one variant.
        new: Rows of the new arm, one variant.
        margins: Of each metric.
        final: The last look at the data; an earlier one decides at one in a thousand.
        mix: Accept verdicts of several versions of the judge.

    Returns:
        The decision.

    Raises:
        MissingArmError: No model ran an op in both arms.
        MixedSelectionError: The arms were judged by different judges, or asked different ops.
    """
    rows = join_arms(old, new, mix=mix)
    samples, pairs = pair_arms(rows)
    alpha = FINAL_ALPHA if final else INTERIM_ALPHA
    measured = [
        _Measured(margin, model, paired_cells(pair, margin.metric))
        for margin in margins
        for model, pair in pairs
    ]
    p_inferior = np.array([each.p_inferior for each in measured])
    p_worse = np.array([each.p_worse for each in measured])
    codes, code = verdicts(p_inferior, p_worse, alpha)
    adjusted = holm(p_worse)
    pool = pairs[0][1]
    return GateResult(
        verdict=VERDICTS[int(code)],
        old=str(old["variant"].iloc[0]),
        new=str(new["variant"].iloc[0]),
        models=tuple(samples.models[index] for index in pool.models),
        ops=tuple(samples.ops[index] for index in pool.ops),
        epochs=measured[0].epochs,
        alpha=alpha,
        criteria=tuple(
            each.criterion(alpha, VERDICTS[verdict], float(p_holm))
            for each, verdict, p_holm in zip(measured, codes, adjusted, strict=True)
        ),
        remarks=remarks_on(rows, samples, pool),
    )


class _Measured:
    """One criterion before the decision."""

    def __init__(self, margin: Margin, model: str, cells: PairedCells) -> None:
        self.metric = margin.metric
        self.model = model
        self.loss = margin.of(model)
        self.cells = cells
        self.effect = suite_effect(*cells.arms, proportion=margin.metric.unit == "points")
        self.p_inferior = float(self.effect.pvalue(-self.loss, "greater"))
        self.p_worse = float(self.effect.pvalue(0, "less"))
        self.epochs = int(max(arm.samples.max() for arm in cells.arms))

    def criterion(self, alpha: float, verdict: Verdict, p_worse_holm: float) -> Criterion:
        error = float(self.effect.standard_error)
        return Criterion(
            metric=self.metric.name,
            unit=self.metric.unit,
            model=self.model,
            margin=self._shown(-self.loss),
            old_level=self._shown(float(np.mean(self.cells.baseline.means))),
            new_level=self._shown(float(np.mean(self.cells.variant.means))),
            estimate=self._shown(float(self.effect.estimate)),
            lower=self._shown(float(self.effect.bound(1 - alpha, "lower"))),
            upper=self._shown(float(self.effect.bound(1 - alpha, "upper"))),
            p_inferior=self.p_inferior,
            p_worse=self.p_worse,
            p_worse_holm=p_worse_holm,
            verdict=verdict,
            worse=p_worse_holm < alpha,
            epochs_needed=math.ceil(self.epochs * (_QUANTILES * error / self.loss) ** 2),
        )

    def _shown(self, value: float) -> float:
        return 100 * value if self.metric.unit == "points" else math.exp(value)


def _named(criteria: Sequence[Criterion]) -> str:
    return ", ".join(
        wording.metric_label(each.metric) + ("" if each.model == POOLED else f" of {each.model}")
        for each in criteria
    )
