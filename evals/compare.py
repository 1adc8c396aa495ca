"""`skilldyno compare`: the paired comparison of logs, on the terminal and as a page."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..results.compare import Places, compare_logs
from ..results.prices import load_prices


def compare_command(
    logs: list[Path],
    report: Path | None,
    *,
    dataset: Path | None,
    markdown: Path | None,
    png: Path | None,
    this_suite: bool,
    mix: bool,
    prices: Path | None,
    as_json: bool,
) -> None:
    """Print the comparison and write its report.

    Raises:
        UsageError: the logs or the prices cannot be read, or the logs do not belong together.
    """
    first = logs[0]
    beside = (first if first.is_dir() else first.parent) / "report.html"
    result = compare_logs(
        logs,
        Places(report or beside, markdown, png, dataset),
        target="this suite" if this_suite else "new ops",
        mix=mix,
        prices=load_prices(prices),
    )
    click.echo(json.dumps(result.to_json()) if as_json else result.text)
