"""The forest plot: every effect with its interval, against no difference."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..statistics import POOLED, PRIMARY, Comparison, Contrast, wording
from .svg import ACCENT, INK, MUTED, RULE, SURFACE, Plot, font, new_figure, write_text

_TITLE, _AXIS, _GAP, _HEAD = 30, 34, 14, 80
_UNITS = {"points": "Percentage points", "ratio": "Ratio, on a log scale"}


@dataclass(frozen=True)
class _Layout:
    """Where things are, in pixels.

    Label, bar and numbers share a line if wide; the bar has its own line if narrow.
    """

    width: int
    row: int
    plot_left: int
    plot_right: int
    text_line: int
    bar_line: int
    neutral_reach: int
    text: float
    name: int


_WIDE = _Layout(976, 30, 330, 780, 15, 15, 15, 13, 42)
_NARROW = _Layout(358, 46, 6, 352, 14, 34, 9, 12, 22)


@dataclass(frozen=True)
class _Row:
    """A line of a panel: a heading, or a contrast with its label."""

    label: str
    indent: int
    contrast: Contrast | None


def forest_plots(comparison: Comparison) -> tuple[Plot, Plot]:
    """Draw every contrast: pooled in each metric, single models in the primary ones.

    Args:
        comparison: Result of `compare`.

    Returns:
        The plot for a wide page, and the plot for a phone.
    """
    return (
        _draw(comparison, _WIDE, "forest"),
        _draw(comparison, _NARROW, "forest-narrow"),
    )


def forest_picture(comparison: Comparison) -> Plot:
    """Draw the same to be shown by itself, with a title that says what was compared.

    Args:
        comparison: Result of `compare`.
    """
    return _draw(comparison, _WIDE, "forest", head=_HEAD)


def _draw(comparison: Comparison, layout: _Layout, name: str, head: int = 0) -> Plot:
    panels = {unit: _rows(comparison, unit, layout) for unit in _UNITS}
    heights = [_TITLE + layout.row * len(rows) + _AXIS for rows in panels.values()]
    height = head + sum(heights) + _GAP
    figure = new_figure(layout.width, height)
    if head:
        _head(figure, comparison, height)
    top = float(head)
    for (unit, rows), taken in zip(panels.items(), heights, strict=True):
        _panel(figure, unit, rows, layout, top)
        top += taken + _GAP
    described = "; ".join(
        f"{each.variant}, {each.model_name}, {wording.metric_label(each.metric)} "
        f"{wording.amount(each.estimate, each.unit)} "
        f"{wording.interval(each.ci_low, each.ci_high, each.unit)}"
        for each in comparison.shown
        if each.model == POOLED
    )
    return Plot(name, f"Effects with 95 % intervals. {described}", figure)


def _head(figure: Figure, comparison: Comparison, height: float) -> None:
    about = [
        ", ".join(comparison.models),
        wording.count(len(comparison.ops), "op"),
        wording.count(comparison.samples, "sample"),
        f"{comparison.hardware}, {comparison.language}",
        f"speedups over {comparison.speed_baseline}" if comparison.speed_baseline else "",
    ]
    title = f"{', '.join(comparison.variants)} against {comparison.baseline}"
    lines = (
        (12, title, INK, font(17, bold=True)),
        (37, "  ·  ".join(part for part in about if part), MUTED, font(12)),
        (56, comparison.notice, MUTED, font(12)),
    )
    for down, text, colour, face in lines:
        figure.text(
            0,
            1 - down / height,
            wording.shorten(text, 130),
            color=colour,
            fontproperties=face,
            va="center_baseline",
            parse_math=False,
        )


def _rows(comparison: Comparison, unit: str, layout: _Layout) -> list[_Row]:
    rows: list[_Row] = []
    for variant in comparison.variants:
        if len(comparison.variants) > 1:
            rows.append(_Row(wording.shorten(variant, layout.name), 0, None))
        for each in comparison.shown:
            if each.variant != variant or each.unit != unit:
                continue
            if each.model == POOLED:
                rows.append(_Row(wording.metric_label(each.metric), 0, each))
            elif each.metric in PRIMARY:
                rows.append(_Row(wording.shorten(each.model, layout.name), 16, each))
    return rows


def _panel(figure: Figure, unit: str, rows: Sequence[_Row], layout: _Layout, top: float) -> None:
    total = figure.get_size_inches()[1] * 72
    height = layout.row * len(rows)
    axes = figure.add_axes(
        (
            layout.plot_left / layout.width,
            1 - (top + _TITLE + height) / total,
            (layout.plot_right - layout.plot_left) / layout.width,
            height / total,
        )
    )
    axes.set_ylim(height, 0)
    axes.patch.set_visible(False)
    scale_effects(axes, unit, [row.contrast for row in rows if row.contrast])
    write_text(axes, _fraction(layout, 0), -16, _UNITS[unit], size=layout.text, bold=True)
    _hairlines(axes, [index * layout.row for index in range(1, len(rows))], layout)
    for index, row in enumerate(rows):
        y = index * layout.row
        text, heading = _fraction(layout, row.indent), row.contrast is None
        write_text(axes, text, y + layout.text_line, row.label, size=layout.text, bold=heading)
        if row.contrast:
            number = wording.amount(row.contrast.estimate, unit)
            bounds = wording.interval(row.contrast.ci_low, row.contrast.ci_high, unit)
            said = f"{number}  {bounds}".strip()
            end = _fraction(layout, layout.width)
            write_text(axes, end, y + layout.text_line, said, size=layout.text, right=True)
            _bar(axes, row.contrast, y + layout.bar_line, layout)


def scale_effects(axes: Axes, unit: str, rows: Sequence[Contrast]) -> None:
    """Give axes a horizontal scale that holds effects with their intervals, and no difference.

    Args:
        axes: Without any.
        unit: Of the effects: "points", or "ratio" for a log scale.
        rows: The effects.
    """
    neutral = 0.0 if unit == "points" else 1.0
    ends = [end for each in rows for end in (each.estimate, each.ci_low, each.ci_high)]
    ends = [end for end in ends if not math.isnan(end)] + [neutral]
    if unit == "points":
        reach = max(5.0, *(abs(end) for end in ends)) * 1.08
        axes.set_xlim(max(min(*ends, -0.25 * reach) * 1.08, -reach), reach)
        axes.xaxis.set_major_formatter(lambda value, _: wording.points(value).replace(".0", ""))
    else:
        axes.set_xscale("log")
        low, high = min(*ends, 0.95) / 1.03, max(*ends, 1.05) * 1.03
        axes.set_xlim(low, high)
        ticks = _ratio_ticks(low, high)
        axes.set_xticks(ticks, [f"{tick:g}x" for tick in ticks])
        axes.set_xticks([], minor=True)
    axes.set_yticks([])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.tick_params(axis="x", length=3, color=RULE)
    for tick in axes.get_xticklabels():
        tick.set_fontproperties(font(11))
        tick.set_color(MUTED)


def _ratio_ticks(low: float, high: float) -> list[float]:
    steps = [0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1]
    for step in steps:
        ticks = np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step
        if len(ticks) <= 7:
            return [float(round(tick, 2)) for tick in ticks if tick > 0]
    powers = range(math.ceil(math.log2(low)), math.floor(math.log2(high)) + 1)
    return [2.0**power for power in powers]


def _bar(axes: Axes, each: Contrast, y: float, layout: _Layout) -> None:
    reach = layout.neutral_reach
    axes.plot([each.neutral] * 2, [y - reach, y + reach], color=INK, linewidth=1, zorder=1)
    if each.ops == 0:
        return
    if not math.isnan(each.ci_low):
        axes.plot([each.ci_low, each.ci_high], [y, y], color=ACCENT, linewidth=2.2)
    marker = "D" if each.model == POOLED else "o"
    face = ACCENT if each.detected else SURFACE
    axes.plot(
        [each.estimate],
        [y],
        marker=marker,
        markersize=7,
        markerfacecolor=face,
        markeredgecolor=ACCENT,
        markeredgewidth=1.8,
        clip_on=False,
    )


def _hairlines(axes: Axes, places: Sequence[float], layout: _Layout) -> None:
    left, right = (_fraction(layout, pixel) for pixel in (0, layout.width))
    axes.plot(
        [left, right, math.nan] * len(places),
        [each for y in places for each in (y, y, math.nan)],
        color=RULE,
        linewidth=0.6,
        transform=axes.get_yaxis_transform(),
        clip_on=False,
        zorder=0,
    )


def _fraction(layout: _Layout, pixel: float) -> float:
    return (pixel - layout.plot_left) / (layout.plot_right - layout.plot_left)
