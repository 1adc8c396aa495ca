"""A gate in words: for a terminal, and in Markdown for a pull request."""

import textwrap

from tabulate import SEPARATING_LINE, tabulate

from ..statistics import wording
from .decide import Criterion, GateResult
from .false_alarms import FalseAlarms
from .strip import strip

_WIDTH = 100
_HEADERS = ("metric", "old", "new", "change", "bounds", "margin", "", "verdict")
_MARKS = {"PASS": "✅", "FAIL": "❌", "INCONCLUSIVE": "❔"}


def render_gate(result: GateResult) -> str:
    """A gate for a terminal of 100 columns.

    Args:
        result: Result of `gate_rows`.
    """
    rows: list[list[str]] = []
    for model in dict.fromkeys(each.model for each in result.criteria):
        if len(result.models) > 1:
            rows.append([wording.shorten(model, 40), *[""] * (len(_HEADERS) - 1)])
        rows += [_row(each, strip(each)) for each in result.criteria if each.model == model]
    # Headers as a first row: tabulate widens every column that has a header of its own by two.
    table = tabulate(
        [_HEADERS, SEPARATING_LINE, *rows],
        tablefmt="simple",
        colalign=["left", "right", "right", "right", "right", "right", "left", "left"],
        disable_numparse=True,
    )
    said = [f"{result.verdict}: {result.summary()}."]
    return "\n".join([*_wrapped(said), "", table, *_wrapped([_bounds(result), *result.remarks])])


def render_false_alarms(alarms: FalseAlarms) -> str:
    """An A/A run for a terminal.

    Args:
        alarms: Result of `count_false_alarms`.
    """
    return "\n".join(_wrapped([f"{alarms.verdict}: {alarms.summary()}."]))


def markdown(result: GateResult) -> str:
    """A gate as Markdown for a pull request.

    Args:
        result: Result of `gate_rows`.

    Returns:
        A heading with the verdict, a table, and the gate strip as text.
    """
    rows = [
        [
            wording.markdown_cell(each.model),
            *map(wording.markdown_cell, _row(each, "")[:6]),
            f"{_MARKS[each.verdict]} {each.verdict}",
        ]
        for each in result.criteria
    ]
    headers = ["model", *_HEADERS[:6], "verdict"]
    width = max(len(_name(each)) for each in result.criteria)
    strips = [f"{_name(each):{width}}  {strip(each)}  {each.verdict}" for each in result.criteria]
    parts = [
        f"### {_MARKS[result.verdict]} {result.verdict}: "
        f"{wording.markdown_cell(f'{result.new} against {result.old}')}",
        f"{wording.markdown_cell(result.summary())}.",
        tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True),
        "```text\n" + "\n".join(strips) + "\n```",
        f"`┃` is the margin, `│` no change. {_bounds(result)}",
        *result.remarks,
    ]
    return "\n\n".join(parts) + "\n"


def _row(each: Criterion, drawn: str) -> list[str]:
    return [
        wording.metric_label(each.metric),
        wording.level(each.metric, each.unit, each.old_level),
        wording.level(each.metric, each.unit, each.new_level),
        wording.amount(each.estimate, each.unit),
        wording.interval(each.lower, each.upper, each.unit),
        wording.amount(each.margin, each.unit),
        drawn,
        each.verdict,
    ]


def _name(each: Criterion) -> str:
    return f"{wording.metric_label(each.metric)}, {wording.shorten(each.model, 24)}"


def _bounds(result: GateResult) -> str:
    models = wording.count(len(result.models), "model")
    return (
        f"{models}, {wording.count(len(result.ops), 'op')}, up to "
        f"{wording.count(result.epochs, 'epoch')}; bounds are one-sided at "
        f"{100 * (1 - result.alpha):g} %, each by itself, and speak of this suite alone."
    )


def _wrapped(texts: list[str]) -> list[str]:
    return [
        textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
        for text in texts
    ]
