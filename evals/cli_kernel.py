"""The commands about kernels: `skilldyno kernel list`, `export` and `search`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from .cli_ops import ops_option
from .places import WritablePath

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")


@click.group()
def kernel() -> None:
    """Kernels that came of runs: the best of them, as repositories for the Hub."""


def _selection(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--language", help="Only candidates in cpp, cuda, triton or torch-ext."),
        click.option("--hardware", help="Only candidates judged on this profile."),
    ):
        command = option(command)
    return command


@kernel.command("list")
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@ops_option
@click.option("--op", help="Only candidates for this operation.")
@_selection
@_JSON
def list_(
    logs: tuple[Path, ...],
    op: str | None,
    hardware: str | None,
    language: str | None,
    as_json: bool,
) -> None:
    """List the best correct candidate of each op and hardware in LOGS (folders or .eval files)."""
    from .list_kernels import list_kernels_command

    list_kernels_command(list(logs), op, hardware, language, as_json=as_json)


@kernel.command()
@click.argument("logs", nargs=-1, type=click.Path(path_type=Path))
@ops_option
@click.option("--op", required=True, help="The operation.")
@_selection
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="Export this kernel file or repository instead of the best candidate in LOGS.",
)
@click.option(
    "--evidence",
    type=click.Path(path_type=Path),
    help="What `judge --json` printed on FILE; without it, FILE is judged here.",
)
@click.option(
    "-o",
    "--output",
    type=WritablePath(file_okay=False),
    required=True,
    help="The folder to write.",
)
@click.option("--name", help="The kernel's name; by default dyno-OP.")
@click.option(
    "--license", "license_id", default="Apache-2.0", show_default=True, help="Its license."
)
@click.option("--build", is_flag=True, help="Build it too, for the torch of this machine.")
@click.option("--push", "repo_id", metavar="OWNER/NAME", help="Send it to this Hub repository.")
@click.option("--dry-run", is_flag=True, help="With --push: say what would be sent, and send none.")
@click.option("--unsafe", is_flag=True, help="Judge and build without a sandbox where none works.")
@_JSON
def export(**request: Any) -> None:
    """Write the best correct candidate for an operation as a kernel repository.

    The folder is in the layout of Hugging Face's kernel-builder, with the candidate unaltered, its
    evidence, tests and a benchmark.
    """
    from .export_kernel import ExportRequest, export_kernel_command

    dry_run, as_json = request.pop("dry_run"), request.pop("as_json")
    export_kernel_command(ExportRequest(**request), dry_run=dry_run, as_json=as_json)


@kernel.command()
@click.argument("op")
@ops_option
@click.option("--hardware", help="A profile's name; by default this machine and its torch.")
@_JSON
def search(op: str, hardware: str | None, as_json: bool) -> None:
    """Search the Hub for kernels for OP, with builds that a machine would load."""
    from .search_kernels import search_kernels_command

    search_kernels_command(op, hardware, as_json=as_json)
