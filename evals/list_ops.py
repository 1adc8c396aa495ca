"""`skilldyno ops`: the operations at hand."""

from __future__ import annotations

import json
from typing import Any

import click
from tabulate import tabulate

from ..tasks.catalogue import load_operations
from ..tasks.hub_kernels import hub_kernels
from ..tasks.language import Kind
from ..tasks.operation import Operation

_KINDS: tuple[Kind, ...] = ("cpu", "gpu")


def list_ops_command(*, as_json: bool) -> None:
    """Print the operations, as a table or as one JSON object.

    Raises:
        OperationError: one is not well formed.
    """
    operations = load_operations()
    if as_json:
        click.echo(json.dumps({"operations": [describe_operation(each) for each in operations]}))
        return
    rows = [
        [
            each.name,
            each.family,
            each.tier,
            ", ".join(each.languages),
            *(_counted(each, kind) for kind in _KINDS),
        ]
        for each in operations
    ]
    headers = ["operation", "family", "tier", "languages", "on a CPU", "on a GPU"]
    click.echo(tabulate(rows, headers, disable_numparse=True))
    families = {each.family for each in operations}
    hard = sum(each.tier == "hard" for each in operations)
    click.echo(
        f"\n{len(operations)} operations in {len(families)} families, {hard} of them hard;"
        " workloads: visible + hidden"
    )


def describe_operation(operation: Operation) -> dict[str, Any]:
    """An operation in what can be told without a language: JSON-ready."""
    return {
        "name": operation.name,
        "family": operation.family,
        "tier": operation.tier,
        "source": operation.source,
        "description": operation.description,
        "library": operation.library,
        "languages": list(operation.languages),
        "digest": operation.digest,
        "hub": hub_kernels().get(operation.name, {}),
        "workloads": {
            kind: {
                "visible": len(table.visible),
                "hidden_timed": len(table.hidden_timed),
                "hidden": len(table.hidden),
            }
            for kind, table in operation.workloads.items()
        },
    }


def _counted(operation: Operation, kind: Kind) -> str:
    table = operation.workloads.get(kind)
    if table is None:
        return "–"
    return f"{len(table.visible)} + {len(table.hidden_timed) + len(table.hidden)}"
