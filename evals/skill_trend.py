"""`skilldyno runs trend`: a Skill's effect over its revisions."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from tabulate import tabulate

from ..results.errors import MissingPathError
from ..results.history import TrendPoint, find_runs, plot_trend, read_trend
from ..results.payload import plain
from ..results.statistics import PRIMARY, Contrast, wording
from ..skills.skill import load_skill


def skill_trend_command(log_dir: Path, skill: str, plot: Path | None, *, as_json: bool) -> None:
    """Print a Skill's effects over its revisions, and plot them.

    Args:
        log_dir: where the runs are.
        skill: its name or its folder.
        plot: the picture to write, if any.
        as_json: print one JSON object.

    Raises:
        UsageError: no run has the Skill beside `none`, or logs or the Skill cannot be read.
    """
    now = load_skill(skill) if (Path(skill) / "SKILL.md").is_file() else None
    name = now.name if now is not None else skill
    with Console(stderr=True).status(f"reading {log_dir}"):
        points = read_trend(name, find_runs(log_dir))
    if plot is not None:
        _plot(name, points, plot)
    current = now.fingerprint if now is not None else ""
    if as_json:
        described = [_described(point, current) for point in points]
        click.echo(json.dumps({"skill": name, "points": described}))
        return
    headers = ["revision", "begun", "run", "models", "ops"]
    headers += [f"{wording.metric_label(metric)} [95 %]" for metric in PRIMARY]
    align = ("left", "left", "left", "right", "right", "left", "left")
    for number, series in enumerate(dict.fromkeys(point.series for point in points)):
        held = [point for point in points if point.series == series]
        title = f"{name} against none: {', '.join(series)}"
        lines = [_line(point, current) for point in held]
        table = tabulate(lines, headers, disable_numparse=True, colalign=align)
        click.echo(("\n" if number else "") + f"{title}\n{table}")
    if now is not None and now.fingerprint not in {point.fingerprint for point in points}:
        click.echo(f"\n{now.variant}, the revision in {skill}, has not been run.")
    if plot is not None:
        click.echo(f"\nPlot: {plot}")


def _plot(name: str, points: list[TrendPoint], plot: Path) -> None:
    if plot.suffix not in (".svg", ".png", ".pdf"):
        raise MissingPathError(f"{plot} is no picture: end its name with .svg, .png or .pdf.")
    plot.parent.mkdir(parents=True, exist_ok=True)
    plot_trend(name, points, plot)


def _line(point: TrendPoint, current: str) -> list[str]:
    first = point.effects[0]
    return [
        point.revision + (" (now)" if point.fingerprint == current else ""),
        f"{point.created:%Y-%m-%d %H:%M}",
        point.run.id,
        str(len(first.models)),
        str(first.ops),
        *(_effect(each) for each in point.effects),
    ]


def _effect(each: Contrast) -> str:
    bounds = wording.interval(each.ci_low, each.ci_high, each.unit)
    return f"{wording.amount(each.estimate, each.unit)} {bounds}".strip()


def _described(point: TrendPoint, current: str) -> dict[str, Any]:
    suite, hardware, language, mode = point.series
    return {
        "variant": point.variant,
        "fingerprint": point.fingerprint,
        "now": point.fingerprint == current,
        "begun": point.created.isoformat(),
        "run": point.run.id,
        "suite": suite,
        "hardware": hardware,
        "language": language,
        "mode": mode,
        "effects": [plain(asdict(each)) for each in point.effects],
    }
