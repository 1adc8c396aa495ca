"""`skilldyno runs compare`: what changed since an earlier run."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from tabulate import tabulate

from ..results.history import RunChanges, compare_runs, earlier_run, find_run, find_runs
from ..results.payload import plain
from ..results.statistics import Contrast, wording

_MOST = 20


def compare_runs_command(
    log_dir: Path, name: str, earlier_name: str | None, *, as_json: bool
) -> None:
    """Print what changed from one run to another, as text or as one JSON object.

    Args:
        log_dir: where the runs are.
        name: the later run's.
        earlier_name: the earlier run's; by default the newest before it that shares an arm.
        as_json: print JSON.

    Raises:
        UsageError: there is no such run, they share no arm, or their logs cannot be read.
    """
    later = find_run(log_dir, name)
    earlier = (
        find_run(log_dir, earlier_name)
        if earlier_name is not None
        else earlier_run(later, find_runs(log_dir))
    )
    changes = compare_runs(earlier, later)
    if as_json:
        click.echo(json.dumps(_described(changes)))
        return
    click.echo("\n\n".join(part for part in _text(changes) if part))


def _described(changes: RunChanges) -> dict[str, Any]:
    return plain(
        {
            "run": changes.later.id,
            "earlier": changes.earlier.id,
            "settings": {
                name: {"earlier": pair[0], "later": pair[1]}
                for name, pair in changes.settings.items()
            },
            "arms": [asdict(arm) for arm in changes.arms],
            "verdicts": [asdict(each) for each in changes.verdicts],
            "rejudged": [asdict(each) for each in changes.rejudged],
            "same_candidates": changes.same_candidates,
            "left_out": list(changes.left_out),
        }
    )


def _text(changes: RunChanges) -> list[str]:
    times = [f"{run.created:%Y-%m-%d %H:%M}" for run in (changes.later, changes.earlier)]
    title = f"{changes.later.id} ({times[0]}) against {changes.earlier.id} ({times[1]})"
    settings = [
        f"Changed: {name.replace('_', ' ')}, {wording.shorten(old, 40) or 'nothing'} to "
        f"{wording.shorten(new, 40) or 'nothing'}."
        for name, (old, new) in changes.settings.items()
    ]
    return [
        "\n".join([title, *settings, *changes.left_out]),
        _levels(changes),
        _effects(changes),
        _verdicts(changes),
        _rejudged(changes),
    ]


def _levels(changes: RunChanges) -> str:
    lines = [
        [
            arm.later if arm.later == arm.earlier else f"{arm.earlier} to {arm.later}",
            "/".join(arm.stratum[1:]),
            wording.metric_label(each.metric),
            wording.level(each.metric, each.unit, each.baseline_level),
            wording.level(each.metric, each.unit, each.variant_level),
            _effect(each),
            wording.detectable(each.smallest_detectable, each.unit),
        ]
        for arm in changes.arms
        for each in arm.changes
    ]
    headers = ["arm", "hardware", "metric", "earlier", "later", "change [95 %]", "detectable"]
    return tabulate(lines, headers, disable_numparse=True)


def _effects(changes: RunChanges) -> str:
    lines: list[list[str]] = []
    for arm in changes.arms:
        known = arm.effects[1] or arm.effects[0]
        for number, metric in enumerate(known or ()):
            both = [_effect(side[number]) if side else "–" for side in arm.effects]
            where = "/".join(arm.stratum[1:])
            lines.append([arm.later, where, wording.metric_label(metric.metric), *both])
    if not lines:
        return ""
    headers = ["against none", "hardware", "metric", "effect earlier", "effect later"]
    return tabulate(lines, headers, disable_numparse=True)


def _effect(each: Contrast) -> str:
    bounds = wording.interval(each.ci_low, each.ci_high, each.unit)
    return f"{wording.amount(each.estimate, each.unit)} {bounds}".strip()


def _verdicts(changes: RunChanges) -> str:
    if not changes.verdicts:
        return "No verdicts changed."
    lines = [
        [each.eval_task, each.model, each.arm, _counted(each.earlier), _counted(each.later)]
        for each in changes.verdicts[:_MOST]
    ]
    table = tabulate(lines, ["verdicts of", "model", "arm", "earlier", "later"])
    more = len(changes.verdicts) - _MOST
    return table + (f"\nand {more} more, which --json lists" if more > 0 else "")


def _counted(verdicts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(verdicts.items()))


def _rejudged(changes: RunChanges) -> str:
    if not changes.same_candidates:
        return ""
    same = wording.count(changes.same_candidates, "candidate")
    if not changes.rejudged:
        return f"{same} in both runs, each with the same verdict."
    lines = [
        f"  {each.eval_task}, epoch {each.epoch}, {each.model}, {each.arm}, "
        f"{each.candidate[:12]}: {each.earlier} to {each.later}"
        for each in changes.rejudged[:_MOST]
    ]
    more = len(changes.rejudged) - _MOST
    title = (
        f"{same} in both runs, {len(changes.rejudged)} with another verdict (the judge's doing):"
    )
    return "\n".join([title, *lines, *([f"  and {more} more"] if more > 0 else [])])
