"""The ranks of Skills by one metric, and how far the data settle them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..statistics import (
    ESTIMATES_ONLY_BELOW,
    rank_intervals,
    simultaneous_intervals,
    within_cell_variance,
)
from ..statistics.cells import PairedCells
from ..statistics.metrics import FloatArray
from ..statistics.moments import Moments


@dataclass(frozen=True)
class Rank:
    """A place among the Skills of a board, by one metric.

    Attributes:
        place: By the estimate alone, from 1.
        low: Least rank that the data allow.
        high: Largest.
        count: Number of Skills ranked.
    """

    place: int
    low: int
    high: int
    count: int

    @property
    def text(self) -> str:
        """Such as "2–5", or "1" where the rank is sure."""
        return f"{self.low}" if self.low == self.high else f"{self.low}–{self.high}"


@dataclass(frozen=True)
class Effects:
    """What a Skill did to one metric, cell by cell.

    Attributes:
        models: The M models.
        cells: Their cells, M by ops.
        beside: The logs of the baseline: two Skills beside the same ones share its chance.
    """

    models: tuple[str, ...]
    cells: PairedCells
    beside: frozenset[str]

    @property
    def estimate(self) -> float:
        """The mean effect; NaN without an op."""
        return float(np.mean(self.cells.differences)) if self.cells.ops else np.nan

    def arms(self, models: Sequence[str], ops: Sequence[str]) -> tuple[Moments, Moments]:
        """The cells of some models and ops, of the baseline and of the Skill."""
        where = np.ix_(
            [self.models.index(model) for model in models],
            [self.cells.ops.index(op) for op in ops],
        )
        baseline, variant = (
            Moments(arm.means[where], arm.variances[where], arm.thirds[where], arm.samples[where])
            for arm in self.cells.arms
        )
        return baseline, variant


def rank_effects(
    effects: Sequence[Effects], *, variance_floor: bool
) -> tuple[list[Rank | None], str]:
    """Rank Skills by their estimates, with intervals that hold for all of them at once.

    Args:
        effects: Of each Skill, on one metric.
        variance_floor: Whether chance within cells bounds the intervals: for a 0/1 metric.

    Returns:
        A rank for each, None where it has too few ops; and the method of the intervals, empty if
        none could be made.
    """
    estimates = np.array([each.estimate for each in effects])
    places = np.empty(len(effects), dtype=int)
    places[np.argsort(-estimates, kind="stable")] = np.arange(1, len(effects) + 1)
    pairs = np.array(list(combinations(range(len(effects)), 2)), dtype=np.intp).reshape(-1, 2)
    ops = sorted({op for each in effects for op in each.cells.ops})
    place_of = {op: index for index, op in enumerate(ops)}
    differences, floors = np.full((len(pairs), len(ops)), np.nan), np.zeros(len(pairs))
    for row, (first, second) in enumerate(pairs):
        common, values, floor = _difference(effects[first], effects[second])
        differences[row, [place_of[op] for op in common]] = values
        floors[row] = floor if variance_floor else 0.0
    found = simultaneous_intervals(differences, floors)
    intervals = rank_intervals(len(effects), pairs, found)
    ranks = [
        Rank(int(place), *interval, len(effects))
        if len(each.cells.ops) >= ESTIMATES_ONLY_BELOW
        else None
        for each, place, interval in zip(effects, places, intervals, strict=True)
    ]
    return ranks, found.method


def _difference(first: Effects, second: Effects) -> tuple[list[str], FloatArray, float]:
    """Ops that both have, the difference of the effects on each, and its least variance."""
    models = [model for model in first.models if model in second.models]
    ops = [op for op in first.cells.ops if op in set(second.cells.ops)] if models else []
    if not ops:
        return [], np.empty(0), 0.0
    arms = [each.arms(models, ops) for each in (first, second)]
    effects = [variant.means - baseline.means for baseline, variant in arms]
    # The same baseline cancels, and brings no chance of its own into the difference.
    chance = [variant for _, variant in arms]
    if first.beside != second.beside:
        chance += [baseline for baseline, _ in arms]
    floor = sum(within_cell_variance(arm.means * arm.samples, arm.samples) for arm in chance)
    return ops, np.mean(effects[0] - effects[1], axis=0), floor
