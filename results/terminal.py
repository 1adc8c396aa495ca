"""The comparison as text for a terminal of 100 columns."""

import textwrap

from tabulate import SEPARATING_LINE, tabulate

from .statistics import Comparison
from .tables import Table, tables

WIDTH = 100


def render(comparison: Comparison) -> str:
    """Write a comparison as text.

    Args:
        comparison: Result of `compare`.

    Returns:
        The findings, then `tables`.
    """
    return "\n\n".join([_findings(comparison), *map(_laid_out, tables(comparison))])


def _findings(comparison: Comparison) -> str:
    lines = [_wrap(f"Note: {comparison.notice}.")] if comparison.notice else []
    for finding in comparison.findings():
        lines.append(f"{finding.title}")
        lines += [_wrap(f"{sentence}.", "  ") for sentence in finding.sentences]
    return "\n".join(lines)


def _laid_out(table: Table) -> str:
    # Headers as a first row: tabulate widens every column that has a header of its own by two.
    align = ["left", *["right"] * (len(table.headers) - 1)]
    filled = [[*row, *[""] * (len(table.headers) - len(row))] for row in table.rows]
    lines = [list(table.headers), SEPARATING_LINE, *filled]
    text = tabulate(lines, tablefmt="simple", colalign=align, disable_numparse=True)
    return "\n".join([table.title, text, *map(_wrap, table.notes)])


def _wrap(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
