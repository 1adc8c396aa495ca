"""What an arm cost, what its results cost each, and what a variant costs more."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .metrics import column, correct, deployable_log_speedup


@dataclass(frozen=True)
class Cost:
    """What one arm used.  Whatever is not known of every scored sample is NaN, never 0.

    Attributes:
        input_tokens: Mean of a sample, cached ones included.
        cached_tokens: Of these, those that the provider's cache had.
        output_tokens: Mean of a sample, reasoning included.
        reasoning_tokens: Of these, those of reasoning.
        dollars: Of all samples.
        model_seconds: Mean time of a sample that the model took.
        judge_seconds: The same of the judge.
        dollars_per_correct: For each correct candidate; NaN if none is.
        dollars_per_doubling: For each doubling of deployable speedup, that is, per log2 of it
            summed over samples; NaN if nothing is faster.
        tokens_per_correct: Input and output tokens for each correct candidate; NaN if none is.
    """

    input_tokens: float
    cached_tokens: float
    output_tokens: float
    reasoning_tokens: float
    dollars: float
    model_seconds: float
    judge_seconds: float
    dollars_per_correct: float
    dollars_per_doubling: float
    tokens_per_correct: float


@dataclass(frozen=True)
class Tax:
    """What a variant costs more than the baseline, a sample, with one model.

    Attributes:
        model: The model.
        variant: The variant.
        input_tokens: More tokens of the prompt.
        output_tokens: More tokens of the completion; less than 0 where they are fewer.
        dollars: More dollars; NaN if no price is known.
        share: The same over the baseline's dollars; NaN if these are 0 or unknown.
    """

    model: str
    variant: str
    input_tokens: float
    output_tokens: float
    dollars: float
    share: float


COST_COLUMNS = (
    "status",
    "correct",
    "speedup",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost",
    "model_seconds",
    "judge_seconds",
)
"""The columns that `arm_cost` reads."""


def arm_cost(rows: pd.DataFrame) -> Cost:
    """What an arm used.

    What the harness lost has no result, but its tokens were paid where they are known.

    Args:
        rows: `COST_COLUMNS` of one model and one variant.
    """
    scored = rows.take(np.flatnonzero(rows["status"] == "scored"))

    def mean(name: str) -> float:
        values = column(scored, name)
        return float(np.mean(values)) if len(values) else math.nan

    dollars, tokens = _spent(rows, scored, "cost"), 0.0
    for name in ("input_tokens", "output_tokens"):
        tokens += _spent(rows, scored, name)
    right = float(np.sum(correct(scored)))
    doublings = float(np.sum(deployable_log_speedup(scored))) / math.log(2)
    return Cost(
        input_tokens=mean("input_tokens"),
        cached_tokens=mean("cached_tokens"),
        output_tokens=mean("output_tokens"),
        reasoning_tokens=mean("reasoning_tokens"),
        dollars=dollars,
        model_seconds=mean("model_seconds"),
        judge_seconds=mean("judge_seconds"),
        dollars_per_correct=_each(dollars, right),
        dollars_per_doubling=_each(dollars, doublings),
        tokens_per_correct=_each(tokens, right),
    )


def tax(model: str, variant: str, baseline: tuple[Cost, int], other: tuple[Cost, int]) -> Tax:
    """What a variant costs more than the baseline.

    Args:
        model: The model.
        variant: The variant.
        baseline: Cost and samples of the baseline's arm.
        other: The same of the variant's.
    """
    before, after = (cost.dollars / samples for cost, samples in (baseline, other))
    return Tax(
        model=model,
        variant=variant,
        input_tokens=other[0].input_tokens - baseline[0].input_tokens,
        output_tokens=other[0].output_tokens - baseline[0].output_tokens,
        dollars=after - before,
        share=_each(after - before, before),
    )


def _spent(rows: pd.DataFrame, scored: pd.DataFrame, name: str) -> float:
    # Unknown of a scored sample is unknown in all; a lost one may never have been answered.
    known = column(scored, name)
    return math.nan if np.isnan(known).any() else float(np.nansum(column(rows, name)))


def _each(amount: float, count: float) -> float:
    return amount / count if count > 0 else math.nan
