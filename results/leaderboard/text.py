"""The leaderboard in words: for a terminal, and in Markdown."""

import math

from tabulate import tabulate

from ..statistics import wording
from .standings import LEADING, Board, Entry, Leaderboard

PLACEBO = {
    "beats sham": "beats it",
    "placebo": "placebo",
    "estimates only": "under 8 ops",
    "no sham": "–",
}
"""What a table says of a Skill beside `sham`."""


def render_boards(board: Leaderboard) -> str:
    """The first board of each stratum, for a terminal of 100 columns.

    Args:
        board: Result of `rank_skills`.
    """
    first: dict[str, Board] = {}
    for each in board.boards:
        first.setdefault(each.name, each)
    return "\n\n".join(
        f"{each.name}, {each.who}, {wording.count(each.ops, 'op')}"
        + (f"; {each.notice}" if each.notice else "")
        + f"\n{_table(each)}"
        for each in first.values()
    )


def _table(board: Board) -> str:
    headers = ["Skill", "rank", "speedup", "95 %", "rank", "correct", "95 %", "sham", "tax"]
    rows = [
        [
            wording.shorten(each.variant, 26),
            *(cell for metric in (LEADING, "correct") for cell in effect_cells(each, metric)),
            "" if each.variant == "sham" else PLACEBO[each.beside_sham],
            wording.tokens(each.tax.input_tokens + each.tax.output_tokens, sign=True),
        ]
        for each in board.entries
    ]
    align = ("left", "right", "right", "right", "right", "right", "right", "left", "right")
    return tabulate(rows, headers, disable_numparse=True, colalign=align)


def effect_cells(entry: Entry, metric: str) -> tuple[str, str, str]:
    """Rank, effect and interval of an entry, by one metric; a control has no rank."""
    effect, rank = entry.effect(metric), entry.ranks[metric]
    return (
        "" if rank is None else rank.text,
        wording.amount(effect.estimate, effect.unit),
        wording.interval(effect.ci_low, effect.ci_high, effect.unit),
    )


def markdown(board: Leaderboard) -> str:
    """The whole leaderboard as GitHub's Markdown, a table for each board.

    Args:
        board: Result of `rank_skills`.
    """
    parts = ["# Leaderboard of kernel-writing Skills", _lead(board)]
    stratum = ""
    for each in board.boards:
        if each.name != stratum:
            stratum = each.name
            parts.append(f"## {_cell(stratum)}")
        ops = wording.count(each.ops, "op")
        over = f", speedups over {each.speed_baseline}" if each.speed_baseline else ""
        parts.append(f"### {_cell(each.who)}, {ops}{over}")
        parts.append(_cell(each.headline()))
        if each.notice:
            parts.append(f"> {_cell(each.notice)}.")
        parts.append(_markdown_table(each))
    parts.append(NOTES)
    return "\n\n".join(parts) + "\n"


NOTES = (
    "Effects are against `none` of the same runs, with 95 % intervals of a paired t over ops. A "
    "rank interval holds for all Skills of a table at once, in 95 % of cases: the ranks that the "
    "simultaneous intervals of all paired differences allow. A placebo does not beat `sham`, inert "
    "text of the same length, in either metric. Tax: tokens and dollars more than `none`, a sample."
)
"""How to read a board."""


def _lead(board: Leaderboard) -> str:
    return (
        f"{wording.count(len(board.skills), 'Skill')}, {wording.count(board.runs, 'run')}, "
        f"{board.samples:,} samples, "
        + (
            f"judge {board.judges[0][:12]}"
            if len(board.judges) == 1
            else f"{len(board.judges)} judges, mixed by request"
        )
        + "."
    )


def _markdown_table(board: Board) -> str:
    headers = (
        "rank", "Skill", "deployable speedup", "correct", "rank by correct", "beside sham",
        "tokens", "tax: tokens", "tax: dollars", "dollars a correct",
    )  # fmt: skip
    rows: list[list[str]] = []
    for each in board.entries:
        (rank, speed, bounds), (rank2, correct, bounds2) = (
            effect_cells(each, metric) for metric in (LEADING, "correct")
        )
        cells = [
            rank,
            each.variant,
            f"{speed} {bounds}",
            f"{correct} {bounds2}",
            rank2,
            "placebo line" if each.variant == "sham" else PLACEBO[each.beside_sham],
            wording.tokens(each.tokens),
            wording.tokens(each.tax.input_tokens + each.tax.output_tokens, sign=True),
            dollars(each.tax.dollars),
            dollars(each.cost.dollars_per_correct),
        ]
        rows.append([_cell(cell) for cell in cells])
    return tabulate(rows, headers, tablefmt="pipe", disable_numparse=True)


def dollars(value: float) -> str:
    """Dollars in a table: "–" where they are not known."""
    return "–" if math.isnan(value) else wording.dollars(value)


def _cell(text: str) -> str:
    """Text that Markdown shows as it is."""
    for mark in ("\\", "`", "*", "_", "[", "]", "<", ">", "|", "#"):
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())
