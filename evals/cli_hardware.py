"""The commands about machines: `skilldyno hardware list`, `show`, `match` and `probe`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from .places import WritablePath

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")


@click.group()
def hardware() -> None:
    """Hardware profiles: what is known, which one this machine is, and what it measures."""


@hardware.command("list")
@_JSON
def list_(as_json: bool) -> None:
    """List the profiles."""
    from .hardware import list_command

    list_command(as_json=as_json)


@hardware.command()
@click.argument("name")
@_JSON
def show(name: str, as_json: bool) -> None:
    """Show the profile NAME whole, with its roofline and its sources."""
    from .hardware import show_command

    show_command(name, as_json=as_json)


@hardware.command()
@_JSON
def match(as_json: bool) -> None:
    """Say which profile this machine is, for each language; exit 2 if it is none."""
    from .hardware import match_command

    match_command(as_json=as_json)


@hardware.command()
@click.option(
    "--device",
    type=click.Choice(["cpu", "gpu"]),
    help="What to measure; by default the GPU where there is one.",
)
@click.option(
    "--write",
    "file",
    type=WritablePath(dir_okay=False),
    help="Write a profile to this .toml file, the measured figures beside the nominal ones.",
)
@_JSON
def probe(device: Literal["cpu", "gpu"] | None, file: Path | None, as_json: bool) -> None:
    """Measure this machine's memory bandwidth and matrix rates.

    Elsewhere, with Python and torch alone: `python3 jobs.pyz --probe` (see `skilldyno pack`).
    """
    from .hardware import probe_command

    probe_command(device, file, as_json=as_json)
