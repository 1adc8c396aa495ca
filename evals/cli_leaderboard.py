"""The commands about leaderboards: `skilldyno leaderboard LOGS` and `leaderboard verify`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from .cli_compare import prices_option
from .cli_ops import ops_option
from .places import WritablePath

_RANK = "rank"


class _Leaderboard(click.Group):
    """A group whose first word may be left out: what names no subcommand are logs to rank."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = [_RANK, *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "LOGS... [-o FOLDER]\n| COMMAND [ARGS]...")


@click.group(cls=_Leaderboard)
def leaderboard() -> None:
    """Rank Skills by what they do to kernels, from LOGS (folders or .eval files).

    `skilldyno leaderboard LOGS...` is short for `skilldyno leaderboard rank LOGS...`.
    """


@leaderboard.command(_RANK)
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=WritablePath(file_okay=False),
    default=Path("results/runs/leaderboard"),
    show_default=True,
    help="The folder of the site.",
)
@click.option("--push", "repo_id", metavar="OWNER/NAME", help="Send it to this dataset of the Hub.")
@click.option("--logs", "with_logs", is_flag=True, help="Publish the logs too, for verification.")
@click.option(
    "--dry-run",
    type=WritablePath(file_okay=False),
    help="Write what --push sends to this folder, and send nothing.",
)
@click.option("--mix", is_flag=True, help="Accept verdicts of several versions of the judge.")
@prices_option
@click.option("--json", "as_json", is_flag=True, help="Print the leaderboard as JSON on stdout.")
def rank(
    logs: tuple[Path, ...],
    output: Path,
    repo_id: str | None,
    with_logs: bool,
    dry_run: Path | None,
    **options: Any,
) -> None:
    """Rank the Skills in LOGS, per hardware and language, and write the site.

    Each Skill is compared with the variant none of its own runs.  The folder holds index.html, a
    page a Skill, leaderboard.md and leaderboard.json, and works from any static host.
    """
    from .leaderboard import leaderboard_command
    from .publish import Publication

    publication = Publication(repo_id, dry_run, with_logs)
    leaderboard_command(list(logs), output, publication, **options)


@leaderboard.command()
@click.argument("repositories", nargs=-1, required=True, metavar="OWNER/NAME[@REVISION]...")
@click.option(
    "-o",
    "--output",
    type=WritablePath(file_okay=False),
    default=Path("results/pulled"),
    show_default=True,
    help="Where they go, a folder for each.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def pull(repositories: tuple[str, ...], output: Path, as_json: bool) -> None:
    """Fetch published results from the Hub, for `skilldyno leaderboard` to rank with your own.

    Logs are taken where there are some, and rows.  What was fetched is not checked: that is done
    by `skilldyno leaderboard verify`.
    """
    from .publish import pull_command

    pull_command(repositories, output, as_json=as_json)


@leaderboard.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@ops_option
@click.option(
    "--sample",
    "count",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="How many candidates to judge again.",
)
@click.option("--seed", type=int, help="Of their draw; a fresh one by default.")
@click.option("--unsafe", is_flag=True, help="Judge without a sandbox where none works.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def verify(folder: Path, count: int, seed: int | None, unsafe: bool, as_json: bool) -> None:
    """Check a submission, a folder of logs: hashes, scores, plans, Skills and figures.

    A random sample of candidates is judged again where this machine is of their hardware.  What
    cannot be verified is said.  Exits 0 if nothing disagrees, 1 for any mismatch.
    """
    from .verify import verify_command

    sys.exit(0 if verify_command(folder, count, seed, unsafe=unsafe, as_json=as_json) else 1)
