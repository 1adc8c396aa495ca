"""`skilldyno ablate`: which part of a Skill earns its tokens."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import click
from tabulate import tabulate

from ..results.ablation import Ablation, PartEffect, ablate_logs
from ..results.statistics import PRIMARY, wording

_TITLES = {
    "without": "what each part adds to the others (whole Skill less the Skill without it)",
    "only": "what each part does by itself (less no Skill)",
}


def ablate_command(logs: list[Path], *, as_json: bool) -> None:
    """Print the effect of each part.

    Raises:
        UsageError: the logs cannot be read, or hold no ablation.
    """
    ablations = ablate_logs(logs)
    if as_json:
        click.echo(json.dumps({"skills": [_plain(each) for each in ablations]}))
    else:
        click.echo("\n\n".join(_text(each) for each in ablations))


def _text(ablation: Ablation) -> str:
    parts = [ablation.skill, *(f"  {sentence}." for sentence in ablation.findings())]
    for metric in PRIMARY:
        for mode, title in _TITLES.items():
            effects = [
                each
                for each in ablation.effects
                if each.mode == mode and each.contrast.metric == metric
            ]
            if effects:
                parts += ["", f"{effects[0].contrast.title}: {title}", _table(effects)]
    return "\n".join(parts)


def _table(effects: list[PartEffect]) -> str:
    headers = ["part", "tokens", "effect", "[95 %]", "Holm p", "per 1,000 tokens", "[95 %]", "ops"]
    rows = [_row(each) for each in effects]
    align = ("left", *["right"] * (len(headers) - 1))
    return tabulate(rows, headers, disable_numparse=True, colalign=align)


def _row(each: PartEffect) -> list[str]:
    contrast, unit = each.contrast, each.contrast.unit
    rate, low, high = each.per_1000_tokens
    return [
        each.part,
        str(each.tokens),
        wording.amount(contrast.estimate, unit),
        wording.interval(contrast.ci_low, contrast.ci_high, unit),
        wording.pvalue_cell(contrast.p_holm),
        wording.amount(rate, unit),
        wording.interval(low, high, unit),
        str(contrast.ops),
    ]


def _plain(ablation: Ablation) -> dict[str, Any]:
    return {
        "skill": ablation.skill,
        "findings": ablation.findings(),
        "untested": list(ablation.untested),
        "effects": [
            {
                "part": each.part,
                "mode": each.mode,
                "tokens": each.tokens,
                "per_1000_tokens": [_number(value) for value in each.per_1000_tokens],
                **{
                    name: _number(value)
                    for name, value in dataclasses.asdict(each.contrast).items()
                },
            }
            for each in ablation.effects
        ],
    }


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
