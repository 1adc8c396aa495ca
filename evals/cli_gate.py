"""The commands that decide and plan: `skilldyno gate` and `skilldyno plan`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from .cli_ops import ops_option
from .places import WritablePath


@click.command()
@click.argument("old")
@click.argument("new", required=False)
@click.option("-m", "--model", "models", multiple=True, help="A model that runs Skills; repeat.")
@click.option("--suite", default="demo", show_default=True, help="A suite's name or file.")
@ops_option
@click.option("--hardware", default="auto", show_default=True, help="A profile's name.")
@click.option("--recording", help="Recorded completions in a model's place.")
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Epochs at which the gate decides at last.",
)
@click.option(
    "--batch",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    help="Epochs to add until then, each time with a look that can end the gate early.",
)
@click.option(
    "--margin",
    "margins",
    multiple=True,
    metavar="METRIC=LOSS[,LOSS]",
    help="Loss that fails, of the pool and of each model: points, or per cent of a speed.  "
    "By default correct=10 and deployable_speedup=5.",
)
@click.option(
    "--policy",
    type=click.Choice(["inconclusive", "pass", "fail"]),
    default="inconclusive",
    show_default=True,
    help="What INCONCLUSIVE counts as.",
)
@click.option(
    "--log-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results/runs/gate"),
    show_default=True,
    help="Where runs are kept; an arm that is there is not run again.",
)
@click.option("--junit", type=WritablePath(dir_okay=False), help="JUnit XML file.")
@click.option(
    "--markdown",
    "markdown_file",
    type=WritablePath(dir_okay=False),
    help="Markdown file, for a pull request.",
)
@click.option("--aa", is_flag=True, help="Gate OLD against itself, and print the false alarms.")
@click.option("--mix", is_flag=True, help="Accept verdicts of several versions of the judge.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def gate(
    old: str,
    new: str | None,
    junit: Path | None,
    markdown_file: Path | None,
    aa: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Did the edit from OLD to NEW make the Skill worse?

    OLD and NEW are Skills (a folder, or FOLDER@REVISION; `none` is no Skill), which are run with
    -m, or logs (a folder or file; FOLDER@VARIANT where it holds several variants).

    Exits 0 for PASS, 1 for FAIL, 3 for INCONCLUSIVE, 2 for bad input or a run that broke off.
    """
    from .gate import GateOptions, gate_command, self_test_command

    chosen = GateOptions(**options)
    if aa == (new is not None):
        raise click.UsageError("give OLD and NEW, or --aa with OLD alone")
    if new is None:
        sys.exit(self_test_command(old, chosen, as_json=as_json))
    sys.exit(
        gate_command(old, new, chosen, junit=junit, markdown_file=markdown_file, as_json=as_json)
    )


@click.command()
@click.argument("logs", nargs=-1, type=click.Path(path_type=Path))
@click.option("--metric", default="correct", show_default=True, help="What to plan for.")
@click.option("--effect", type=float, help="Points, or a ratio.  By default 10 points or 1.1.")
@click.option("--power", type=float, default=0.8, show_default=True, help="Chance of finding it.")
@click.option("--models", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--ops", type=click.IntRange(min=2), help="Operations that there are.")
@click.option(
    "--variances",
    type=(click.FloatRange(min=0), click.FloatRange(min=0)),
    metavar="WITHIN BETWEEN",
    help="Of one model's differences, instead of a pilot's.",
)
@click.option(
    "--tokens",
    type=(click.FloatRange(min=0), click.FloatRange(min=0)),
    metavar="IN OUT",
    help="Of one sample; by default the pilot's mean.",
)
@click.option(
    "--price",
    type=(click.FloatRange(min=0), click.FloatRange(min=0)),
    metavar="IN OUT",
    help="Dollars for a million tokens; by default what the pilot's logs say.",
)
@click.option("--plot", type=WritablePath(dir_okay=False), help="An .svg or .png.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def plan(logs: tuple[Path, ...], as_json: bool, **options: Any) -> None:
    """How many operations and epochs does it take to see an effect?

    LOGS of a pilot, with the variant none and another, say how much results vary; without them the
    plan rests on given or assumed variances.
    """
    from .plan import plan_command

    plan_command(list(logs), as_json=as_json, **options)
