"""`skilldyno runs delete`: runs that are not needed any more."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..results.history import Removal, find_run, plan_removal, remove
from ..results.statistics import wording
from .list_runs import run_status


def delete_runs_command(log_dir: Path, names: tuple[str, ...], *, yes: bool, as_json: bool) -> None:
    """Delete runs after asking, and say what was deleted.

    Args:
        log_dir: where the runs are.
        names: the runs'.
        yes: do not ask.
        as_json: print one JSON object.

    Raises:
        UsageError: there is no such run, or a folder holds something else; then nothing is deleted.
        click.Abort: the answer is no.
    """
    found = {run.folder: run for run in (find_run(log_dir, name) for name in names)}
    removals = [plan_removal(run) for run in found.values()]
    if not yes:
        for removal in removals:
            click.echo(_said(removal), err=True)
        click.confirm("Delete this for good?", abort=True, err=True)
    for removal in removals:
        remove(removal)
    if as_json:
        deleted = [
            {"run": each.run.id, "files": len(each.files), "bytes": each.bytes} for each in removals
        ]
        click.echo(json.dumps({"deleted": deleted}))
        return
    for removal in removals:
        click.echo(f"deleted {_said(removal)}")


def _said(removal: Removal) -> str:
    run = removal.run
    files = wording.count(len(removal.files), "file")
    about = [files, f"{removal.bytes / 1e6:.1f} MB", run_status(run)]
    return f"{run.id} ({', '.join(about)}, {run.folder})"
