"""Margins: how much worse is still good enough."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...tasks.errors import UsageError
from ..statistics import METRICS, POOLED, Metric

SINGLE_MODEL_FACTOR = 2
"""A single model's default margin, in multiples of the pool's."""

_METRICS = {
    metric.name: metric
    for metric in METRICS
    # A conditional metric has survivor bias, and of a cost less is better.
    if not metric.conditional and metric.role != "cost"
}


class MarginError(UsageError):
    """A margin that cannot be read, or of a metric that no gate can use."""


@dataclass(frozen=True)
class Margin:
    """The loss in one metric that no longer passes.

    Attributes:
        metric: The metric.
        pooled: For the pool of models, or the only one: a share for a 0/1 metric, else a natural
            logarithm.
        single: The same for each model by itself, where there are several.
    """

    metric: Metric
    pooled: float
    single: float

    def of(self, model: str) -> float:
        """The margin of a model, or of "pooled"."""
        return self.pooled if model == POOLED else self.single


DEFAULT_MARGINS = tuple(
    Margin(_METRICS[name], loss, SINGLE_MODEL_FACTOR * loss)
    for name, loss in (("correct", 0.10), ("deployable_speedup", math.log(1.05)))
)
"""10 points of correctness and a factor of 1.05 of deployable speedup."""


def parse_margins(texts: Sequence[str]) -> tuple[Margin, ...]:
    """Read margins such as `correct=10`, `deployable_speedup=5` or `correct=10,25`.

    Args:
        texts: A metric, the pool's margin and, after a comma, each single model's margin (twice
            the pool's without one): in percentage points, or for a speed in per cent.

    Returns:
        One margin for each metric named; the default ones if none is.

    Raises:
        MarginError: A metric is unknown or a number is not one between 0 and 100.
    """
    return tuple(map(_parse, texts)) if texts else DEFAULT_MARGINS


def _parse(text: str) -> Margin:
    name, _, numbers = text.partition("=")
    if name not in _METRICS:
        raise MarginError(
            f"--margin {text}: {name!r} cannot be gated; name one of {', '.join(_METRICS)}."
        )
    try:
        losses = [float(number) for number in numbers.split(",")]
    except ValueError:
        losses = []
    if len(losses) not in (1, 2) or not all(0 < loss <= 100 for loss in losses):
        raise MarginError(
            f"--margin {text}: give a number above 0 and up to 100, such as {name}=10, or two "
            f"for the pool and for each model, such as {name}=10,20."
        )
    metric = _METRICS[name]
    scaled = [loss / 100 if metric.unit == "points" else math.log1p(loss / 100) for loss in losses]
    return Margin(
        metric, scaled[0], scaled[1] if len(scaled) == 2 else SINGLE_MODEL_FACTOR * scaled[0]
    )
