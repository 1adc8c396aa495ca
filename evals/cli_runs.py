"""The commands about runs: `skilldyno runs`, with `show`, `compare`, `delete` and `trend`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from .places import WritablePath

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
_SPANS = {"h": "hours", "d": "days", "w": "weeks"}


class _Since(click.ParamType):
    """A time: a date, or how long ago."""

    name = "when"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        if span := re.fullmatch(r"(\d+)([hdw])", value):
            ago = timedelta(**{_SPANS[span[2]]: int(span[1])})
            return datetime.now().astimezone() - ago
        try:
            return datetime.fromisoformat(value).astimezone()
        except ValueError:
            self.fail(f"{value} is no time: give a date such as 2026-11-29, or 12h, 7d, 2w")


def _log_dir(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--log-dir",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("results/runs"),
        show_default=True,
        help="Where the runs are.",
    )(command)


@click.group(invoke_without_command=True)
@_log_dir
@click.option("--model", help="Only runs with this model, or part of its name.")
@click.option("--skill", help="Only runs with this Skill or variant, or part of its name.")
@click.option("--op", help="Only runs that asked for this operation.")
@click.option("--hardware", help="Only runs on this profile.")
@click.option("--language", help="Only runs in cpp, cuda, triton or torch-ext.")
@click.option(
    "--status",
    type=click.Choice(["success", "error", "cancelled", "started", "unreadable"]),
    help="Only runs with a log of this status.",
)
@click.option("--since", type=_Since(), help="Only runs since 2026-11-29, or since 12h, 7d or 2w.")
@_JSON
@click.pass_context
def runs(context: click.Context, log_dir: Path, as_json: bool, **filters: Any) -> None:
    """List what was run, the newest first; a run is a folder of logs.

    The filters take patterns with `*` too, and name what one log of the run must have.
    """
    command = context.invoked_subcommand
    if command is None:
        from .list_runs import list_runs_command

        list_runs_command(log_dir, filters, as_json=as_json)
        return
    if given := [name for name, value in filters.items() if value is not None]:
        raise click.UsageError(f"--{given[0]} is for the list, not for {command}.")
    # What stands before the command holds for it too.
    context.default_map = {command: {"log_dir": log_dir, "as_json": as_json}}


@runs.command()
@click.argument("run", metavar="RUN")
@_log_dir
@click.option("--samples", is_flag=True, help="Each sample too, with its transcript's address.")
@_JSON
def show(run: str, log_dir: Path, samples: bool, as_json: bool) -> None:
    """Show RUN: its arms and their verdicts, what it says, and where its transcripts are.

    RUN is a name that `skilldyno runs` prints, or the beginning of one.
    """
    from .show_run import show_run_command

    show_run_command(log_dir, run, samples=samples, as_json=as_json)


@runs.command()
@click.argument("run", metavar="RUN")
@click.argument("earlier", metavar="[EARLIER]", required=False)
@_log_dir
@_JSON
def compare(run: str, earlier: str | None, log_dir: Path, as_json: bool) -> None:
    """Say what changed in RUN since an EARLIER run: settings, verdicts, levels and effects.

    By default that is the newest run before RUN that shares an arm with it.  `skilldyno gate`
    decides whether an edit of a Skill made it worse.
    """
    from .compare_runs import compare_runs_command

    compare_runs_command(log_dir, run, earlier, as_json=as_json)


@runs.command()
@click.argument("names", nargs=-1, required=True, metavar="RUN...")
@_log_dir
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
def delete(names: tuple[str, ...], log_dir: Path, yes: bool, as_json: bool) -> None:
    """Delete each RUN with all of its files: logs, evidence and reports.

    A folder that holds anything else is left as it is.
    """
    from .delete_runs import delete_runs_command

    delete_runs_command(log_dir, names, yes=yes, as_json=as_json)


@runs.command()
@click.argument("skill", metavar="SKILL")
@_log_dir
@click.option("--plot", type=WritablePath(dir_okay=False), help="An .svg or .png.")
@_JSON
def trend(skill: str, log_dir: Path, plot: Path | None, as_json: bool) -> None:
    """Show the effect of SKILL over its revisions.

    SKILL is its name, or its folder; then the revision that is there now is marked.
    """
    from .skill_trend import skill_trend_command

    skill_trend_command(log_dir, skill, plot, as_json=as_json)
