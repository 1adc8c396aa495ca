"""The commands about prompts: `skilldyno prompts export` and `skilldyno prompts import`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .cli_grid import grid_options
from .cli_judge import judge_option
from .cli_ops import ops_option
from .places import WritablePath


@click.group()
def prompts() -> None:
    """Take the prompts of a grid to any model or agent, and bring the completions back."""


@prompts.command("export")
@click.argument("skills", nargs=-1, required=True, metavar="SKILL...")
@click.option(
    "-o",
    "--output",
    "folder",
    type=WritablePath(file_okay=False),
    required=True,
    help="The folder to write to.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "openai-batch", "markdown"]),
    default="jsonl",
    show_default=True,
    help="A line a prompt, a request a prompt, or a file a prompt.",
)
@click.option("-m", "--model", help="The name that the requests of openai-batch carry.")
@grid_options
@click.option("--hardware", default="auto", help="A profile's name; by default the suite's.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def export(folder: Path, form: Any, model: str | None, as_json: bool, **request: Any) -> None:
    """Write each prompt with and without each SKILL, to be answered by anything.

    SKILL is what `skilldyno eval` takes.  Needs no model, no GPU and no compiler.
    """
    from .eval_skills import EvalRequest
    from .prompts import export_command

    if form == "openai-batch" and model is None:
        raise click.UsageError("--format openai-batch needs '-m' / '--model'.")
    export_command(EvalRequest(**request), folder, form, model, as_json=as_json)


@prompts.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("completions", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-m", "--model", required=True, help="A name for what made the completions.")
@ops_option
@click.option(
    "--log-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where logs, evidence and the report go; by default FOLDER/logs.",
)
@judge_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.option("--unsafe", is_flag=True, help="Judge without a sandbox where none works.")
def import_(
    folder: Path,
    completions: tuple[Path, ...],
    model: str,
    log_dir: Path | None,
    judge: str,
    as_json: bool,
    unsafe: bool,
) -> None:
    """Judge COMPLETIONS of the prompts in FOLDER: .jsonl files, or folders of .md files.

    Lists what is unknown, given twice, cut off, unusable or missing.  Exits 1 while completions
    are missing; the same command with the rest of them goes on.
    """
    from .prompts import import_command

    import_command(folder, completions, model, log_dir, judge, unsafe=unsafe, as_json=as_json)
