"""The commands about operations: `skilldyno ops`, with `show`, `new` and `check`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from .places import WritablePath

_EXIT_FAILED = 1


def _add(_context: click.Context, _parameter: click.Parameter, folder: Path | None) -> None:
    if folder is not None:
        from ..tasks.catalogue import add_operations

        add_operations(folder)


def ops_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option --ops, which adds a folder of operations to those shipped."""
    return click.option(
        "--ops",
        type=click.Path(path_type=Path),
        callback=_add,
        expose_value=False,
        # Before the arguments that may name one of them.
        is_eager=True,
        help="A folder of your own operations, or of one.",
    )(command)


@click.group(invoke_without_command=True)
@ops_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.pass_context
def ops(context: click.Context, as_json: bool) -> None:
    """List the operations: family, tier, languages and workloads."""
    if context.invoked_subcommand is None:
        from .list_ops import list_ops_command

        list_ops_command(as_json=as_json)


@ops.command()
@click.argument("op")
@ops_option
@click.option("--hardware", help="A profile's name; by default one for the language.")
@click.option("--language", help="cpp, cuda or triton; by default the first that fits.")
@click.option(
    "--logs",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Folders or .eval files to measure its difficulty from; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def show(
    op: str, hardware: str | None, language: str | None, logs: tuple[Path, ...], as_json: bool
) -> None:
    """Show OP: its prompt, its workloads with roofline times, and how hard it was."""
    from .show_op import show_op_command

    show_op_command(op, hardware, language, list(logs), as_json=as_json)


@ops.command()
@click.argument("files", nargs=-1, metavar="[LOGS|EVIDENCE]...", type=click.Path(path_type=Path))
@ops_option
@click.option("--hardware", default="h200", show_default=True, help="The profile to show.")
@click.option("--model", help="Whose candidates the evidence files hold; logs say so themselves.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def measured(files: tuple[Path, ...], hardware: str, model: str | None, as_json: bool) -> None:
    """Show the best times known and how hard each operation was, or take both from new results.

    LOGS are folders or .eval files; EVIDENCE are .jsonl or .jsonl.gz files of a packed judge.  A
    time that beats the best known replaces it, on GPUs alone: a CPU's profile names no one machine.
    """
    from .measured_ops import measure_ops_command, show_measured_command

    if files:
        measure_ops_command(list(files), model)
    else:
        show_measured_command(hardware, as_json=as_json)


@ops.command()
@click.argument("name")
@click.option(
    "--dir",
    "folder",
    type=WritablePath(file_okay=False),
    default=Path("ops"),
    show_default=True,
    help="The folder of operations to write it into.",
)
def new(name: str, folder: Path) -> None:
    """Write a template of the operation NAME, which passes `ops check`."""
    from .new_op import new_op_command

    new_op_command(name, folder)


@ops.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def check(folder: Path, as_json: bool) -> None:
    """Prove that the operation in DIR can be solved and not be faked.

    Exits 0 if honest kernels pass and impostors fail, 1 if not, and 2 if a file is not well formed.
    """
    from .check_op import check_op_command

    sys.exit(0 if check_op_command(folder, as_json=as_json) else _EXIT_FAILED)
