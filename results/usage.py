"""What one sample used: tokens of each kind, dollars, and the model's time."""

from __future__ import annotations

import math
from typing import Any

from inspect_ai.log import EvalSample
from inspect_ai.model import ModelUsage

from .prices import Prices


def sample_usage(sample: EvalSample, model: str, prices: Prices) -> dict[str, float]:
    """The columns of a row that say what a sample used.

    A price of the user's own list comes first, then what the provider said it cost, then the
    shipped list.

    Args:
        sample: A sample of a log.
        model: The log's model, for a replayed completion, which calls none.
        prices: What tokens cost.

    Returns:
        `input_tokens`, `cached_tokens`, `output_tokens`, `reasoning_tokens`, `cost` and
        `model_seconds`; NaN where nothing was told.
    """
    usages = _usages(sample, model)
    seconds = _number(sample.output.time)
    if not usages:
        unknown = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "cost")
        return {**dict.fromkeys(unknown, math.nan), "model_seconds": seconds}
    whole = sum(list(usages.values())[1:], start=next(iter(usages.values())))
    read = whole.input_tokens_cache_read or 0
    return {
        "input_tokens": float(whole.input_tokens + read + (whole.input_tokens_cache_write or 0)),
        "cached_tokens": float(read),
        "output_tokens": float(whole.output_tokens),
        "reasoning_tokens": _number(whole.reasoning_tokens),
        "cost": sum(usage_cost(name, usage, prices) for name, usage in usages.items()),
        "model_seconds": seconds,
    }


def usage_cost(model: str, usage: ModelUsage, prices: Prices) -> float:
    """Dollars for what a model used.

    Args:
        model: Its name, by Inspect.
        usage: What it used.
        prices: What tokens cost.

    Returns:
        The cost; NaN if no price is known.
    """
    listed = prices.listed(model)
    if listed is None and usage.total_cost is not None:
        return usage.total_cost
    price = listed or prices.of(model)
    if price is None:
        return math.nan
    return price.cost(
        usage.input_tokens,
        usage.output_tokens,
        usage.input_tokens_cache_read or 0,
        usage.input_tokens_cache_write or 0,
    )


def _usages(sample: EvalSample, model: str) -> dict[str, ModelUsage]:
    reported: dict[str, Any] = dict(sample.model_usage) or {model: sample.output.usage}
    # A replay that was not told the usage reports zeros, which nobody measured.
    return {
        name: usage
        for name, usage in reported.items()
        if usage is not None and usage.input_tokens + usage.output_tokens > 0
    }


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
