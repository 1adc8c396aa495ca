"""Per operation: counts of correct samples, and deployable speedups."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from ..statistics import Comparison
from ..statistics.metrics import deployable_log_speedup
from .slope import Slope


@dataclass(frozen=True)
class Cell:
    """One op, model and variant, against the baseline.

    Attributes:
        text: Correct samples of those scored, "2/3→3/3".
        shade: Direction and size of the change in the rate: "gain-1" to "gain-3", "loss-1" to
            "loss-3", "full" (all correct in both arms), "same", or "none" (nothing scored).
        described: The same in words.
    """

    text: str
    shade: str
    described: str


@dataclass(frozen=True)
class Heatmap:
    """Counts of correct samples, ops in rows.

    Attributes:
        columns: Model and variant of each column.
        rows: Op, and a cell for each column.
    """

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def heatmap(comparison: Comparison, rows: pd.DataFrame) -> Heatmap:
    """Count correct samples of each op with the baseline and with each variant.

    Args:
        comparison: Result of `compare`.
        rows: The rows that were compared; harness failures are not counted.

    Returns:
        The heatmap.
    """
    counts = _counts(rows)
    columns = [
        (model, variant)
        for variant in comparison.variants
        for model in comparison.models
        if any((model, variant, op) in counts for op in comparison.ops)
    ]
    return Heatmap(
        columns=tuple(columns),
        rows=tuple(
            (
                op,
                tuple(
                    _cell(
                        counts.get((model, comparison.baseline, op), (0, 0)),
                        counts.get((model, variant, op), (0, 0)),
                    )
                    for model, variant in columns
                ),
            )
            for op in comparison.ops
        ),
    )


def slopes(comparison: Comparison, rows: pd.DataFrame) -> dict[str, list[Slope]]:
    """Average the deployable speedup of each op without and with each variant.

    Values are geometric means over epochs, then over the models that ran both arms.

    Args:
        comparison: Result of `compare`.
        rows: The rows that were compared.

    Returns:
        The slopes of each variant; none for a variant without an op in both arms.
    """
    scored = rows.take(np.flatnonzero(rows["status"] == "scored"))
    logs: dict[tuple[str, str, str], list[float]] = {}
    keys = zip(scored["model"], scored["variant"], scored["op"], strict=True)
    for key, value in zip(keys, deployable_log_speedup(scored), strict=True):
        logs.setdefault(key, []).append(value)
    means = {key: float(np.mean(values)) for key, values in logs.items()}
    found = {variant: _slopes(comparison, means, variant) for variant in comparison.variants}
    return {variant: each for variant, each in found.items() if each}


def _slopes(
    comparison: Comparison, means: dict[tuple[str, str, str], float], variant: str
) -> list[Slope]:
    models = comparison.contrast("deployable_speedup", variant).models
    found: list[Slope] = []
    for op in comparison.ops:
        arms = [
            [means.get((model, name, op), np.nan) for model in models]
            for name in (comparison.baseline, variant)
        ]
        without, with_variant = np.exp(np.mean(arms, axis=1))
        if not np.isnan(without * with_variant):
            found.append(Slope(op, float(without), float(with_variant)))
    return found


def _counts(rows: pd.DataFrame) -> dict[tuple[str, str, str], tuple[int, int]]:
    counts: dict[tuple[str, str, str], tuple[int, int]] = {}
    columns = ("model", "variant", "op", "status", "correct")
    for model, variant, op, status, correct in zip(
        *(rows[column] for column in columns), strict=True
    ):
        right, scored = counts.get((model, variant, op), (0, 0))
        if status == "scored":
            right, scored = right + int(correct), scored + 1
        counts[model, variant, op] = (right, scored)
    return counts


def _cell(baseline: tuple[int, int], variant: tuple[int, int]) -> Cell:
    text = f"{baseline[0]}/{baseline[1]}→{variant[0]}/{variant[1]}"
    if not baseline[1] or not variant[1]:
        return Cell(text if baseline[1] or variant[1] else "–", "none", "not scored in both arms")
    change = variant[0] / variant[1] - baseline[0] / baseline[1]
    described = f"{baseline[0]} of {baseline[1]} correct without, {variant[0]} of {variant[1]} with"
    if change == 0:
        full = baseline[0] == baseline[1]
        return Cell(text, "full" if full else "same", described)
    direction: Literal["gain", "loss"] = "gain" if change > 0 else "loss"
    size = min(3, 1 + int(abs(change) * 3 - 1e-9))
    return Cell(text, f"{direction}-{size}", described)
