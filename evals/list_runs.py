"""`skilldyno runs`: what was run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from tabulate import tabulate

from ..results.history import ArmLog, Run, RunFilter, find_runs
from ..results.statistics import wording

_NAMES = 34


def list_runs_command(log_dir: Path, filters: dict[str, Any], *, as_json: bool) -> None:
    """Print the runs in a folder, as a table or as one JSON object.

    Args:
        log_dir: where the runs are.
        filters: the fields of `RunFilter`.
        as_json: print JSON.

    Raises:
        MissingPathError: there is no such folder.
    """
    with Console(stderr=True).status(f"reading {log_dir}"):
        found = find_runs(log_dir)
    chosen = [run for run in found if RunFilter(**filters).takes(run)]
    if as_json:
        click.echo(json.dumps({"runs": [describe_run(run) for run in chosen]}))
        return
    if not chosen:
        click.echo(f"{log_dir} holds {wording.count(len(found), 'run')}, none of that kind.")
        return
    headers = ["run", "begun", "status", "samples", "model", "variants", "suite", "hardware"]
    align = ("left", "left", "left", "right", "left", "left", "left", "left")
    table = tabulate([_line(r) for r in chosen], headers, disable_numparse=True, colalign=align)
    click.echo(f"{table}\n\n`skilldyno runs show RUN` says what came of one")


def describe_run(run: Run) -> dict[str, Any]:
    """A run as a dictionary for JSON."""
    return {
        "run": run.id,
        "folder": str(run.folder),
        "begun": run.created.isoformat(),
        "statuses": list(run.statuses),
        "samples": sum(arm.samples for arm in run.arms),
        "done": sum(arm.done for arm in run.arms),
        "ops": sorted({op for arm in run.arms for op in arm.ops}),
        "logs": [_describe_arm(arm) for arm in run.arms],
    }


def _describe_arm(arm: ArmLog) -> dict[str, Any]:
    return vars(arm) | {"file": str(arm.file), "created": arm.created.isoformat()}


def samples_done(run: Run) -> str:
    """How many samples of a run are done: "48", or "31 of 48"."""
    done, samples = (sum(getattr(arm, name) for arm in run.arms) for name in ("done", "samples"))
    return str(done) if done == samples else f"{done} of {samples}"


def run_status(run: Run) -> str:
    """The statuses of a run's logs, and whether some of them are yet to be judged."""
    waiting = any(arm.of_kernels and not arm.judged for arm in run.arms)
    return ", ".join([*run.statuses, *(["not judged"] if waiting else [])])


def _line(run: Run) -> list[str]:
    places = dict.fromkeys(f"{arm.hardware}/{arm.language}" for arm in run.arms if arm.hardware)
    return [
        run.id,
        f"{run.created:%Y-%m-%d %H:%M}",
        run_status(run),
        samples_done(run),
        _several(run.named("model")),
        _several(sorted(run.named("variant"), key=lambda name: name != "none")),
        _several(run.named("suite") or run.named("task")),
        _several(list(places)),
    ]


def _several(names: list[str]) -> str:
    """Names in a table's cell: as many as there is room for, and how many more."""
    shown = ", ".join(names)
    if len(shown) <= _NAMES or len(names) < 2:
        return wording.shorten(shown, _NAMES)
    return f"{wording.shorten(names[0], _NAMES - 9)} and {len(names) - 1} more"
