"""The figure of a board: effects with their intervals, and the ranks that they allow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..report.forest import scale_effects
from ..report.svg import ACCENT, INK, MUTED, RULE, SURFACE, Plot, font, new_figure, write_text
from ..statistics import wording
from .standings import Board, Entry

_HEAD, _AXIS = 48, 30


@dataclass(frozen=True)
class _Layout:
    """Where things are, in pixels.

    Name, effect and rank share a line if wide; the two bars have a line of their own if narrow.
    """

    width: int
    row: int
    effects: tuple[int, int]
    number: int
    ranks: tuple[int, int]
    text_line: int
    bar_line: int
    reach: int
    size: float
    name: int
    ticks: int


_WIDE = _Layout(1240, 30, (310, 740), 930, (990, 1232), 15, 15, 15, 13, 38, 7)
_NARROW = _Layout(328, 50, (4, 186), 328, (216, 322), 14, 35, 10, 12, 26, 4)


def rank_plots(board: Board, metric: str, name: str) -> tuple[Plot, Plot]:
    """Draw the entries of a board by one metric, the best first.

    Args:
        board: The board.
        metric: A primary metric.
        name: Unique in the page.

    Returns:
        The figure for a wide page, and the figure for a phone.
    """
    entries = sorted(board.entries, key=lambda each: _falling(each, metric))
    return (
        _draw(board, entries, metric, _WIDE, f"{name}-wide"),
        _draw(board, entries, metric, _NARROW, f"{name}-narrow"),
    )


def _falling(entry: Entry, metric: str) -> float:
    estimate = entry.effect(metric).estimate
    return math.inf if math.isnan(estimate) else -estimate


def _draw(board: Board, entries: Sequence[Entry], metric: str, layout: _Layout, name: str) -> Plot:
    height = layout.row * len(entries)
    figure = new_figure(layout.width, _HEAD + height + _AXIS)
    unit = entries[0].effect(metric).unit
    effects = _axes(figure, layout.effects, height)
    scale_effects(effects, unit, [each.effect(metric) for each in entries])
    _thin_ticks(effects, unit, layout.ticks)
    ranks = _axes(figure, layout.ranks, height)
    _scale_ranks(ranks, len(board.skills), layout.ticks)
    _name_sham(effects, board, metric)
    title = entries[0].effect(metric).title
    for x, head in ((layout.effects[0], title), (layout.ranks[0], "Rank")):
        write_text(effects, _place(layout, x), -34, head, size=layout.size, bold=True)
    for index, each in enumerate(entries):
        top = index * layout.row
        bar, neutral = top + layout.bar_line, each.effect(metric).neutral
        _lines(effects, neutral, _of_sham(board, metric), bar, layout.reach)
        _row(effects, ranks, each, metric, layout, top)
    described = "; ".join(_described(each, metric) for each in entries)
    return Plot(name, f"{title} with 95 % intervals, and ranks. {described}", figure)


def _described(entry: Entry, metric: str) -> str:
    effect, rank = entry.effect(metric), entry.ranks[metric]
    bounds = wording.interval(effect.ci_low, effect.ci_high, effect.unit)
    ranked = "" if rank is None else f", rank {rank.text}"
    return f"{entry.variant} {wording.amount(effect.estimate, effect.unit)} {bounds}{ranked}"


def _axes(figure: Figure, span: tuple[int, int], height: int) -> Axes:
    width, total = (size * 72 for size in figure.get_size_inches())
    axes = figure.add_axes(
        (span[0] / width, _AXIS / total, (span[1] - span[0]) / width, height / total)
    )
    axes.set_ylim(height, 0)
    axes.patch.set_visible(False)
    return axes


def _thin_ticks(axes: Axes, unit: str, most: int) -> None:
    if unit == "points":
        axes.xaxis.set_major_locator(MaxNLocator(most))
    else:
        ticks = list(axes.get_xticks())
        ticks = ticks[:: math.ceil(len(ticks) / most)]
        axes.set_xticks(ticks, [f"{tick:g}x" for tick in ticks])
    _colour_ticks(axes)


def _scale_ranks(axes: Axes, count: int, most: int) -> None:
    axes.set_xlim(0.5, count + 0.5)
    step = max(1, math.ceil(count / most))
    ticks = list(range(1, count + 1, step))
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_yticks([])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.tick_params(axis="x", length=3, color=RULE)
    _colour_ticks(axes)


def _colour_ticks(axes: Axes) -> None:
    for tick in axes.get_xticklabels():
        tick.set_fontproperties(font(11))
        tick.set_color(MUTED)


def _name_sham(axes: Axes, board: Board, metric: str) -> None:
    sham = _of_sham(board, metric)
    if not math.isnan(sham):
        axes.text(
            sham, -8, "sham", ha="center", va="bottom", color=MUTED, fontproperties=font(11),
            parse_math=False, clip_on=False,
        )  # fmt: skip


def _of_sham(board: Board, metric: str) -> float:
    return math.nan if board.sham is None else board.sham.effect(metric).estimate


def _lines(axes: Axes, neutral: float, sham: float, bar: float, reach: float) -> None:
    """No difference, and the placebo line: beside the bar, so that no name is crossed."""
    ends = [bar - reach, bar + reach]
    axes.plot([neutral] * 2, ends, color=RULE, linewidth=1.2, zorder=1)
    if not math.isnan(sham):
        axes.plot([sham] * 2, ends, color=MUTED, linewidth=1, linestyle=(0, (3, 3)), zorder=1)


def _row(
    effects: Axes, ranks: Axes, entry: Entry, metric: str, layout: _Layout, top: float
) -> None:
    effect, rank = entry.effect(metric), entry.ranks[metric]
    text, bar = top + layout.text_line, top + layout.bar_line
    if top:
        ends = [_place(layout, pixel) for pixel in (0, layout.width)]
        effects.plot(ends, [top] * 2, color=RULE, linewidth=0.6, clip_on=False, zorder=0,
                     transform=effects.get_yaxis_transform())  # fmt: skip
    name = wording.shorten(entry.variant, layout.name)
    ink = INK if entry.fingerprint else MUTED
    write_text(effects, _place(layout, 0), text, name, size=layout.size, colour=ink)
    number = wording.amount(effect.estimate, effect.unit)
    bounds = wording.interval(effect.ci_low, effect.ci_high, effect.unit)
    said, end = f"{number}  {bounds}".strip(), _place(layout, layout.number)
    write_text(effects, end, text, said, size=layout.size, right=True)
    colour = MUTED if entry.beside_sham == "placebo" or rank is None else ACCENT
    if not math.isnan(effect.ci_low):
        effects.plot([effect.ci_low, effect.ci_high], [bar] * 2, color=colour, linewidth=2.2)
    if not math.isnan(effect.estimate):
        face = colour if effect.detected else SURFACE
        effects.plot([effect.estimate], [bar], marker="D", markersize=6.5, markerfacecolor=face,
                     markeredgecolor=colour, markeredgewidth=1.8, clip_on=False)  # fmt: skip
    if rank is not None:
        ranks.plot([rank.low - 0.32, rank.high + 0.32], [bar] * 2, color=colour, linewidth=9,
                   alpha=0.3, solid_capstyle="butt")  # fmt: skip
        ranks.plot([rank.place], [bar], marker="o", markersize=6.5, color=colour)


def _place(layout: _Layout, pixel: float) -> float:
    left, right = layout.effects
    return (pixel - left) / (right - left)
