"""The commands about leaderboards: `skilldyno leaderboard LOGS` and `leaderboard verify`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .cli_compare import prices_option
from .cli_ops import ops_option

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
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results/runs/leaderboard"),
    show_default=True,
    help="The folder of the site.",
)
@click.option("--mix", is_flag=True, help="Accept verdicts of several versions of the judge.")
@prices_option
@click.option("--json", "as_json", is_flag=True, help="Print the leaderboard as JSON on stdout.")
def rank(
    logs: tuple[Path, ...], output: Path, mix: bool, prices: Path | None, as_json: bool
) -> None:
    """Rank the Skills in LOGS, per hardware and language, and write the site.

    Each Skill is compared with the variant none of its own runs.  The folder holds index.html, a
    page a Skill, leaderboard.md and leaderboard.json, and works from any static host.
    """
    from .leaderboard import leaderboard_command

    leaderboard_command(list(logs), output, mix=mix, prices=prices, as_json=as_json)


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
