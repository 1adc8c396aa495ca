"""What a run will ask and cost, before anything is paid."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from inspect_ai import Task
from inspect_ai.model import ModelUsage
from tabulate import tabulate

from ..results.payload import plain
from ..results.plan import ASSUMED, make_plan, plannable
from ..results.prices import Prices
from ..results.statistics import ESTIMATES_ONLY_BELOW, wording
from ..skills.tokens import estimate_tokens

# The mean of the 48 shipped completions in C++, by the estimate of skills/tokens.py.
_ASSUMED_OUTPUT = 2400


@dataclass(frozen=True)
class ArmPreview:
    """One variant, with all models.

    Attributes:
        variant: its name.
        delivery: how it reaches the model.
        tokens: estimated tokens that it adds to a prompt.
        samples: how many are asked.
    """

    variant: str
    delivery: str
    tokens: int
    samples: int


@dataclass(frozen=True)
class ModelPreview:
    """What one model will be asked.

    Attributes:
        model: its name.
        samples: of all variants, those that are done already left out.
        input_tokens: estimated, of these samples.
        output_tokens: the same, by the mean of earlier samples or an assumed one.
        measured: whether that mean is of earlier samples of this run.
        dollars: the same in money, nothing cached; NaN if no price is known.
    """

    model: str
    samples: int
    input_tokens: float
    output_tokens: float
    measured: bool
    dollars: float


@dataclass(frozen=True)
class Preview:
    """A run before it starts.

    Attributes:
        arms: its variants.
        models: what each model will be asked.
        ops: how many operations.
        epochs: how often each is asked.
        detectable: the smallest effect on correctness, in points, that 80 % of such runs would
            detect if ops are of mixed difficulty; NaN with one op.
    """

    arms: tuple[ArmPreview, ...]
    models: tuple[ModelPreview, ...]
    ops: int
    epochs: int
    detectable: float

    def to_json(self) -> str:
        """The preview as one JSON object; what is unknown is null."""
        return json.dumps(plain(dataclasses.asdict(self)))

    def text(self) -> str:
        """The preview for a terminal."""
        rows = [list(dataclasses.astuple(arm)) for arm in self.arms]
        lines = [
            tabulate(
                rows,
                headers=["variant", "delivery", "tokens added", "samples"],
                disable_numparse=True,
                colalign=("left", "left", "right", "right"),
            ),
            "",
        ]
        lines += [_sentence(each) for each in self.models]
        lines.append(self._reach())
        return "\n".join(lines)

    def _reach(self) -> str:
        size = f"{wording.count(self.ops, 'op')}, {wording.count(self.epochs, 'epoch')}"
        if self.ops < ESTIMATES_ONLY_BELOW:
            return f"{size}: estimates only, under {ESTIMATES_ONLY_BELOW} ops."
        able = wording.detectable(self.detectable, "points")
        return f"{size}: this run could detect {able} of correctness, by assumed variances."


def preview(
    arms: list[Task],
    models: tuple[str, ...],
    prices: Prices,
    done: Mapping[str, tuple[ModelUsage, ...]],
) -> Preview:
    """Foresee a run.

    Args:
        arms: its tasks, one a variant.
        models: names of its models.
        prices: what tokens cost.
        done: for a model that has samples already, what each of them used.
    """
    epochs = arms[0].epochs or 1
    ops = len(arms[0].dataset)
    able = math.nan
    if ops > 1:
        metric, variances = plannable("correct"), ASSUMED["correct"]
        plan = make_plan(
            variances, metric, 10, power=0.8, models=max(1, len(models)), ops=ops, epochs=(epochs,)
        )
        able = plan.rows[0].detectable
    return Preview(
        arms=tuple(_arm(arm, max(1, len(models))) for arm in arms),
        models=tuple(_model(arms, model, prices, done.get(model, ())) for model in models),
        ops=ops,
        epochs=epochs,
        detectable=able,
    )


def _arm(arm: Task, models: int) -> ArmPreview:
    about = arm.metadata or {}
    samples = len(arm.dataset) * (arm.epochs or 1) * models
    return ArmPreview(about["variant"], about["delivery"], about["tokens"], samples)


def _model(
    arms: list[Task], model: str, prices: Prices, done: tuple[ModelUsage, ...]
) -> ModelPreview:
    samples = sum(len(arm.dataset) * (arm.epochs or 1) for arm in arms)
    rest = max(0, samples - len(done))
    asked = sum(_prompt_tokens(arm) * (arm.epochs or 1) for arm in arms)
    mean = sum(usage.output_tokens for usage in done) / len(done) if done else _ASSUMED_OUTPUT
    input_tokens, output_tokens = asked * rest / samples, mean * rest
    dollars = prices.cost(model, input_tokens, output_tokens)
    return ModelPreview(model, rest, input_tokens, output_tokens, bool(done), dollars)


def _prompt_tokens(arm: Task) -> int:
    # By a tool, what is opened depends on the model: the whole Skill is what it can come to.
    added = (arm.metadata or {})["tokens"] or 0
    return sum(estimate_tokens(str(sample.input)) + added for sample in arm.dataset)


def _sentence(each: ModelPreview) -> str:
    if not each.samples:
        return f"{each.model}: all samples are there."
    cost = "unknown" if math.isnan(each.dollars) else f"about {wording.dollars(each.dollars)}"
    source = "as those before" if each.measured else "an assumed mean, without reasoning"
    return (
        f"{each.model}: {wording.count(each.samples, 'sample')}, about "
        f"{each.input_tokens:,.0f} input and {each.output_tokens:,.0f} output tokens ({source}); "
        f"cost {cost}."
    )
