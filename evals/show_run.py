"""`skilldyno runs show`: what one run was, and what came of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import pandas as pd
from tabulate import tabulate

from ..results.history import Run, find_run
from ..results.payload import comparison_json, plain
from ..results.statistics import Comparison, compare, wording
from ..results.table import read_rows
from ..results.transcripts import transcript_url, view_command
from .list_runs import describe_run, run_status, samples_done

_STRATUM = ["mode", "hardware", "language"]


@dataclass(frozen=True)
class ShownArm:
    """One arm's verdicts."""

    model: str
    variant: str
    mode: str
    hardware: str
    language: str
    samples: int
    verdicts: dict[str, int]


def show_run_command(log_dir: Path, name: str, *, samples: bool, as_json: bool) -> None:
    """Print one run, as text or as one JSON object.

    Args:
        log_dir: where the runs are.
        name: the run's.
        samples: each sample too.
        as_json: print JSON.

    Raises:
        UsageError: there is no such run, or its logs cannot be read.
    """
    run = find_run(log_dir, name)
    # What was judged by several judges is shown too; `skilldyno compare` refuses it.
    rows = read_rows(run.files, mix=True) if run.comparable else None
    arms = _arms(rows) if rows is not None else []
    comparisons = _comparisons(rows) if rows is not None else []
    each = _samples(run, rows) if rows is not None and samples else []
    if as_json:
        shown = describe_run(run) | {
            "arms": [asdict(arm) for arm in arms],
            "comparisons": [comparison_json(comparison) for comparison in comparisons],
            "reports": [str(report) for report in _reports(run)],
            "view": view_command(run.folder),
            **({"each_sample": plain(each)} if samples else {}),
        }
        click.echo(json.dumps(shown))
        return
    click.echo("\n\n".join(_text(run, arms, comparisons, each)))


def _text(
    run: Run, arms: list[ShownArm], comparisons: list[Comparison], each: list[dict[str, Any]]
) -> list[str]:
    status, begun = run_status(run), f"{run.created:%Y-%m-%d %H:%M}"
    ops = len({op for arm in run.arms for op in arm.ops})
    about = [begun, status, f"{samples_done(run)} samples", wording.count(ops, "op")]
    about += run.named("suite") or run.named("task")
    parts = [f"{run.id}: {', '.join(about)}\n{run.folder}"]
    if arms:
        parts.append(_arms_table(arms))
    elif any(arm.of_kernels for arm in run.arms):
        parts.append(f"Not judged yet: `skilldyno score {run.folder}`")
    parts += [f"{comparison.headline()}" for comparison in comparisons]
    if each:
        columns = ("op", "epoch", "model", "variant", "verdict", "speedup", "transcript")
        cells = [[_cell(sample[name]) for name in columns] for sample in each]
        parts.append(tabulate(cells, columns, disable_numparse=True))
    lines = [f"Report: {report}" for report in _reports(run)]
    lines.append(f"Transcripts: {view_command(run.folder)}")
    return [*parts, "\n".join(lines)]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "–" if pd.isna(value) else wording.ratio(value)
    return str(value)


def _reports(run: Run) -> list[Path]:
    return sorted(run.folder.glob("report*.html"))


def _arms(rows: pd.DataFrame) -> list[ShownArm]:
    names = ["model", "variant", *_STRATUM]
    found: dict[tuple[str, ...], Counter[str]] = {}
    columns = (rows[name] for name in (*names, "verdict"))
    for *arm, verdict in zip(*columns, strict=True):
        found.setdefault(tuple(arm), Counter())[verdict] += 1
    return [
        ShownArm(*arm, samples=sum(counts.values()), verdicts=dict(counts.most_common()))
        for arm, counts in sorted(found.items())
    ]


def _arms_table(arms: list[ShownArm]) -> str:
    lines = [
        [
            arm.model,
            arm.variant,
            "/".join((arm.hardware, arm.language, *([arm.mode] if arm.mode != "single" else []))),
            f"{arm.verdicts.get('correct', 0)}/{arm.samples}",
            ", ".join(f"{n} {name}" for name, n in arm.verdicts.items() if name != "correct"),
        ]
        for arm in arms
    ]
    headers = ["model", "variant", "hardware", "correct", "else"]
    align = ("left", "left", "left", "right", "left")
    return tabulate(lines, headers, disable_numparse=True, colalign=align)


def _comparisons(rows: pd.DataFrame) -> list[Comparison]:
    groups: Any = rows.groupby(_STRATUM)
    parts: list[pd.DataFrame] = [part for _, part in groups]
    return [compare(part) for part in parts if _has_arms(part)]


def _has_arms(rows: pd.DataFrame) -> bool:
    """Whether every other variant shares a model with `none`, as a comparison needs."""
    models: dict[str, set[str]] = {}
    for variant, model in zip(rows["variant"], rows["model"], strict=True):
        models.setdefault(variant, set()).add(model)
    without = models.pop("none", set())
    return bool(models) and all(held & without for held in models.values())


def _samples(run: Run, rows: pd.DataFrame) -> list[dict[str, Any]]:
    wanted = ["op", "eval_task", "epoch", "model", "variant", "verdict", "reason", "speedup", "log"]
    columns = (rows[name] for name in wanted)
    samples = [dict(zip(wanted, cells, strict=True)) for cells in zip(*columns, strict=True)]
    for sample in samples:
        log = Path(sample["log"])
        sample["transcript"] = transcript_url(log, run.folder, sample["eval_task"], sample["epoch"])
    return samples
