"""The commands that read what a run gave: `skilldyno compare` and `skilldyno ablate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .places import WritablePath

prices_option = click.option(
    "--prices",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A .toml file of what tokens cost, before the shipped one.",
)


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--report",
    type=WritablePath(dir_okay=False),
    help="Where to write the HTML report; by default report.html beside the first logs.",
)
@click.option(
    "--dataset",
    type=WritablePath(file_okay=False),
    help="A folder to write the rows to, as a dataset with its card.",
)
@click.option(
    "--markdown",
    type=WritablePath(dir_okay=False),
    help="A file to write headline and tables to, as GitHub shows them.",
)
@click.option(
    "--png",
    type=WritablePath(),
    metavar="FILE|FOLDER",
    help="A .png file for the forest plot, or a folder for every plot.",
)
@click.option(
    "--this-suite",
    is_flag=True,
    help="Speak of the suite's own operations, not of others like them.",
)
@click.option("--mix", is_flag=True, help="Accept verdicts of several versions of the judge.")
@prices_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def compare(logs: tuple[Path, ...], report: Path | None, **options: Any) -> None:
    """Compare the variants in LOGS (folders or .eval files) with the variant none.

    The report is one HTML file that needs no network. Where there are many candidates their
    sources and logs are in a folder of the same name, which is to stay beside it.
    """
    from .compare import compare_command

    compare_command(list(logs), report, **options)


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def ablate(logs: tuple[Path, ...], as_json: bool) -> None:
    """Say which part of a Skill earns its tokens, from LOGS of `skilldyno eval --ablate`."""
    from .ablate import ablate_command

    ablate_command(list(logs), as_json=as_json)
