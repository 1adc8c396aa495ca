"""`skilldyno kernel search`: kernels for an operation on the Hub."""

from __future__ import annotations

import json

import click
from rich.console import Console
from tabulate import tabulate

from ..results.kernel_repository.hub import HubKernel, search_hub
from ..results.kernel_repository.variants import Target
from ..tasks.catalogue import load_operation
from ..tasks.hardware import load_profile
from ..tasks.hub_kernels import hub_kernels


def search_kernels_command(op: str, hardware: str | None, *, as_json: bool) -> None:
    """Print kernels on the Hub for an operation, and whether one of their builds fits a machine.

    Args:
        op: name of the operation.
        hardware: a profile's name, or None for this machine.
        as_json: print one JSON object.

    Raises:
        UsageError: there is no such operation or profile, or the Hub cannot be reached.
    """
    name = load_operation(op).name
    target = Target.here() if hardware is None else Target.of_profile(load_profile(hardware))
    known = hub_kernels().get(name, {})
    with Console(stderr=True).status(f"asking the Hub for {name}"):
        found = search_hub(name, list(known), target)
    if as_json:
        kernels = [_described(each, known) for each in found]
        click.echo(json.dumps({"op": name, "hardware": hardware, "kernels": kernels}))
        return
    if not found:
        click.echo(f"The Hub has no kernel by the name of {name}.")
        return
    rows = [
        [
            each.repo_id,
            known.get(each.repo_id, ""),
            "–" if each.version is None else each.version,
            each.builds,
            each.variant or "none",
            ", ".join(each.archs),
        ]
        for each in found
    ]
    headers = ["kernel", "function", "version", "builds", f"for {target.name}", "archs"]
    click.echo(tabulate(rows, headers, disable_numparse=True))
    click.echo(
        "\nFunctions are those known to compute the operation; they may take other arguments"
    )


def _described(each: HubKernel, known: dict[str, str]) -> dict[str, object]:
    return {
        "repo_id": each.repo_id,
        "function": known.get(each.repo_id),
        "version": each.version,
        "builds": each.builds,
        "variant": each.variant or None,
        "archs": list(each.archs),
    }
