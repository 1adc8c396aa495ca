"""The comparison as JSON."""

import dataclasses
import math
from typing import Any

from .statistics import Comparison, Contrast


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """A comparison as a dictionary that `json.dumps` takes.

    Effects, intervals, levels and smallest detectable effects of 0/1 metrics (`unit` is
    "points") are percentage points, of speeds (`unit` is "ratio") ratios. What cannot be
    estimated is null: intervals and p-values under 8 ops, for example.

    Args:
        comparison: Result of `compare`.

    Returns:
        `samples`, `verdicts` (verdict to count), `errored`, `unscored`, `missing_cells`,
        `judges`, `notice`, `headline`, what was compared
        (`baseline`, `models`, `variants`, `ops`, `hardware`, `language`, `speed_baseline`),
        `arms` (each with its `cost` and, `by_op`, what k tries give), `taxes` (what each variant
        costs more a sample), `headroom` (what room each op leaves, all arms together), and
        `contrasts`, `by_kind` and `against_sham`: lists of the fields of `Contrast`, with `label`
        and `summary`.
    """
    return {
        "samples": comparison.samples,
        "verdicts": comparison.verdicts,
        "errored": comparison.errored,
        "unscored": comparison.unscored,
        "missing_cells": list(comparison.missing_cells),
        "judges": list(comparison.judges),
        "notice": comparison.notice,
        "headline": comparison.headline(),
        "baseline": comparison.baseline,
        "models": list(comparison.models),
        "variants": list(comparison.variants),
        "ops": list(comparison.ops),
        "mode": comparison.mode,
        "hardware": comparison.hardware,
        "language": comparison.language,
        "speed_baseline": comparison.speed_baseline,
        "arms": [plain(dataclasses.asdict(arm)) for arm in comparison.arms],
        "taxes": [plain(dataclasses.asdict(each)) for each in comparison.taxes],
        "contrasts": [contrast_json(each) for each in comparison.contrasts],
        "by_kind": [contrast_json(each) for each in comparison.by_kind],
        "against_sham": [contrast_json(each) for each in comparison.against_sham],
        "headroom": [
            plain(dataclasses.asdict(each) | {"saturated": each.saturated})
            for each in comparison.headroom
        ],
    }


def contrast_json(each: Contrast) -> dict[str, Any]:
    """A contrast with its label and summary, as a dictionary that `json.dumps` takes."""
    return plain(dataclasses.asdict(each) | {"label": each.label, "summary": each.summary()})


def plain(value: Any) -> Any:
    """A value of dictionaries and lists that `json.dumps` takes: NaN and infinity are null."""
    if isinstance(value, dict):
        return {_key(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _key(key: Any) -> str:
    return f"{key:g}" if isinstance(key, float) else str(key)
