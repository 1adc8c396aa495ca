"""The commands for judging elsewhere: `skilldyno pack` and `skilldyno unpack`."""

from __future__ import annotations

from pathlib import Path

import click

from .cli_ops import ops_option
from .places import WritablePath


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@ops_option
@click.option(
    "-o",
    "--output",
    type=WritablePath(dir_okay=False),
    default=Path("jobs.pyz"),
    show_default=True,
    help="The file to write.",
)
def pack(logs: tuple[Path, ...], output: Path) -> None:
    """Pack the completions in LOGS and the judge into one file for a machine with the hardware.

    That machine needs Python 3.10 and torch, no network: `python3 jobs.pyz --out evidence.jsonl`.
    The key by which its evidence is known stays here, in the folder packs beside the logs.
    """
    from .pack import pack_logs

    pack_logs(list(logs), output)


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@ops_option
@click.argument("evidence", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def unpack(logs: tuple[Path, ...], evidence: Path, as_json: bool) -> None:
    """Score LOGS by the EVIDENCE that a packed judge wrote elsewhere.

    Evidence that was changed on the way is refused (exit code 2).  Exits 1 if some is missing: the
    rest is scored, and the command can be given again.
    """
    from .pack import unpack_logs

    unpack_logs(list(logs), evidence, as_json=as_json)
