"""`skilldyno kernel list`: the best correct candidates of some logs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import click
from tabulate import tabulate

from ..results.kernel_repository import best_kernels
from ..results.payload import plain
from ..results.table import read_rows

_SHOWN: Final = (
    "op",
    "hardware",
    "language",
    "speedup",
    "speedup_low",
    "speedup_high",
    "ambiguous",
    "speed_baseline",
    "roofline_fraction",
    "model",
    "variant",
    "epoch",
    "candidate",
    "op_digest",
    "judge_digest",
    "log",
)


def list_kernels_command(
    logs: list[Path],
    op: str | None,
    hardware: str | None,
    language: str | None,
    *,
    as_json: bool,
) -> None:
    """Print the best candidates, as a table or as one JSON object.

    Raises:
        UsageError: the logs cannot be read.
    """
    # Each carries its own judge's evidence, so that logs of several judges can be looked through.
    rows = read_rows(logs, mix=True)
    best = best_kernels(rows, op=op, hardware=hardware, language=language)
    if as_json:
        kernels = [{column: each[column] for column in _SHOWN} for each in best]
        click.echo(json.dumps(plain({"kernels": kernels})))
        return
    if not best:
        click.echo(f"No candidate of that kind is correct, of {len(rows)} samples.")
        return
    headers = ["op", "hardware", "language", "speedup [95 % CI]", "over", "roofline", "from"]
    align = ("left", "left", "left", "right", "left", "right", "left")
    click.echo(
        tabulate([_line(each) for each in best], headers, disable_numparse=True, colalign=align)
    )
    click.echo("\n`skilldyno kernel export LOGS --op OP -o DIR` writes one as a repository")


def _line(each: dict[str, Any]) -> list[str]:
    interval = f"[{each['speedup_low']:.2f}, {each['speedup_high']:.2f}]"
    return [
        each["op"],
        each["hardware"],
        each["language"],
        f"{each['speedup']:.2f}x {interval}" + (" ambiguous" if each["ambiguous"] else ""),
        each["speed_baseline"],
        f"{100 * each['roofline_fraction']:.0f} %",
        f"{each['model']}, {each['variant']}, epoch {each['epoch']}",
    ]
