"""The roofline plot: arithmetic intensity against achieved rate, a dot a candidate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from ..statistics import Comparison, wording
from .roofline import Roofline
from .slope import spread
from .svg import INK, MUTED, RULE, SERIES, SURFACE, Plot, font, new_figure


@dataclass(frozen=True)
class _Layout:
    """Where things are, in pixels."""

    width: int
    height: int
    left: int
    right: int
    text: float
    marker: float
    name: int


_WIDE = _Layout(976, 470, 52, 130, 12, 7.0, 48)
_NARROW = _Layout(358, 400, 40, 76, 11, 5.5, 30)
_TOP, _BOTTOM, _LINE, _UNIT = 6, 46, 17, 36
_CROWD, _SMALL = 1000, 0.7
_DECADES = 300
"""Axes longer than this factor have a tick a decade, shorter ones three."""


def roofline_plots(found: Roofline, comparison: Comparison) -> tuple[Plot, Plot]:
    """Draw the roofline for a wide page and for a phone.

    Args:
        found: Result of `roofline`, with a dot at the least.
        comparison: The same comparison.
    """
    return (
        _draw(found, comparison, _WIDE, "roofline"),
        _draw(found, comparison, _NARROW, "roofline-narrow"),
    )


def _draw(found: Roofline, comparison: Comparison, layout: _Layout, name: str) -> Plot:
    variants = (comparison.baseline, *comparison.variants)
    top = _TOP + _LINE * len(variants) + _UNIT
    height = layout.height + top
    figure = new_figure(layout.width, height)
    axes = figure.add_axes(
        (
            layout.left / layout.width,
            _BOTTOM / height,
            (layout.width - layout.left - layout.right) / layout.width,
            (height - top - _BOTTOM) / height,
        )
    )
    axes.patch.set_visible(False)
    axes.set_xscale("log")
    axes.set_yscale("log")
    _limits(axes, found)
    _roofs(axes, found, layout, height - top - _BOTTOM)
    for series, variant in enumerate(variants):
        places = [(each.intensity, each.rate) for each in found.dots if each.variant == variant]
        size = layout.marker * (_SMALL if len(found.dots) > _CROWD else 1)
        _dots(axes, places, series, size)
        text = wording.shorten(variant, layout.name)
        _key(axes, text, series, layout, height - top - _BOTTOM, len(variants))
    _axes(axes, layout)
    ceilings = ", ".join(f"{name} {figure}" for name, figure in found.ceilings)
    described = (
        f"Roofline of {wording.count(len(found.dots), 'correct candidate')}: operations a byte "
        f"against operations a second, under the ceilings {ceilings or 'unknown'}. "
        "The arrow keys go from candidate to candidate"
    )
    return Plot(name, described, figure)


def _limits(axes: Axes, found: Roofline) -> None:
    x = [each.intensity for each in found.dots]
    y = [each.rate for each in found.dots]
    low, high = min(x) / 2, max(x) * 2
    if found.rates and not math.isnan(found.bandwidth):
        # The nearest ridge is in sight, unless that would squeeze the dots to a corner.
        high = max(high, min(found.rates[0][1] / found.bandwidth * 3, high * 100))
    shown = [rate for _, rate in _within(found, high)]
    axes.set_xlim(low, high)
    axes.set_ylim(min(y) / 2, max(*shown, max(y), 0) * 1.6)


def _within(found: Roofline, high: float) -> list[tuple[str, float]]:
    """The ceilings of arithmetic that are reached within the plot."""
    if math.isnan(found.bandwidth):
        return list(found.rates)
    return [(name, rate) for name, rate in found.rates if rate / found.bandwidth < high]


def _roofs(axes: Axes, found: Roofline, layout: _Layout, height: float) -> None:
    low, high = axes.get_xlim()
    bottom, top = axes.get_ylim()
    shown = _within(found, high)
    reach = max([rate for _, rate in shown], default=top)
    if not math.isnan(found.bandwidth):
        ends = np.array([low, min(high, reach / found.bandwidth)])
        axes.plot(ends, ends * found.bandwidth, color=INK, linewidth=1.4, zorder=1)
        _memory_label(axes, found, layout)
    for _, rate in shown:
        start = low if math.isnan(found.bandwidth) else max(low, rate / found.bandwidth)
        axes.plot([min(start, high), high], [rate, rate], color=INK, linewidth=1.4, zorder=1)
    if not shown:
        return
    places = np.log([rate for _, rate in shown])
    gap = 1.15 * layout.text * (math.log(top) - math.log(bottom)) / height
    lines = np.exp(spread(places, gap, math.log(bottom), math.log(top) + gap))
    for (name, rate), y in zip(shown, lines, strict=True):
        said = f"{name} {wording.quantity(rate, 'op/s')}" if layout is _WIDE else f"{name}"
        axes.annotate(
            said,
            (1, y),
            xycoords=axes.get_yaxis_transform(),
            xytext=(8, 0),
            textcoords="offset points",
            va="center_baseline",
            color=INK,
            fontproperties=font(layout.text - 1),
            annotation_clip=False,
            parse_math=False,
        )


def _memory_label(axes: Axes, found: Roofline, layout: _Layout) -> None:
    low, _ = axes.get_xlim()
    bottom, top = axes.get_ylim()
    x = max(low * 1.1, bottom / found.bandwidth * 1.15)
    ends = axes.transData.transform([(x, x * found.bandwidth), (2 * x, 2 * x * found.bandwidth)])
    rise = np.degrees(np.arctan2(*(ends[1] - ends[0])[::-1]))
    if x * found.bandwidth > top / 4:
        return
    axes.annotate(
        f"memory {wording.quantity(found.bandwidth, 'B/s')}",
        (x, x * found.bandwidth),
        xytext=(-4, 5),
        textcoords="offset points",
        rotation=rise,
        rotation_mode="anchor",
        color=INK,
        fontproperties=font(layout.text - 1),
        parse_math=False,
    )


def _dots(axes: Axes, places: Sequence[tuple[float, float]], series: int, size: float) -> None:
    if not places:
        return
    colour, marker = _style(series)
    x, y = np.array(places).T
    (line,) = axes.plot(
        x,
        y,
        linestyle="none",
        marker=marker,
        markersize=size,
        markerfacecolor=SURFACE if series == 0 else colour,
        markeredgecolor=colour,
        markeredgewidth=1.2,
        alpha=0.75,
        clip_on=False,
        zorder=3,
    )
    line.set_gid(f"dots-{series}")


def _style(series: int) -> tuple[str, str]:
    return (MUTED, "o") if series == 0 else SERIES[(series - 1) % len(SERIES)]


def _key(
    axes: Axes, text: str, series: int, layout: _Layout, height: float, series_count: int
) -> None:
    colour, marker = _style(series)
    y = 1 + (_UNIT + _LINE * (series_count - series - 0.5)) / height
    left = -layout.left / (layout.width - layout.left - layout.right)
    step = 1 / (layout.width - layout.left - layout.right)
    axes.plot(
        [left + 6 * step],
        [y],
        marker=marker,
        markersize=layout.marker,
        markerfacecolor=SURFACE if series == 0 else colour,
        markeredgecolor=colour,
        transform=axes.transAxes,
        clip_on=False,
    )
    axes.text(
        left + 18 * step,
        y,
        text,
        transform=axes.transAxes,
        va="center_baseline",
        color=INK,
        fontproperties=font(layout.text),
        parse_math=False,
    )


def _axes(axes: Axes, layout: _Layout) -> None:
    axes.set_xlabel(
        "operations a byte (log scale)",
        color=MUTED,
        fontproperties=font(layout.text - 1),
    )
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_major_formatter(lambda value, _: wording.quantity(value, ""))
    axes.annotate(
        "operations a second (log scale)",
        (0, 1),
        xycoords="axes fraction",
        xytext=(-layout.left, 10),
        textcoords="offset points",
        color=MUTED,
        fontproperties=font(layout.text - 1),
    )
    axes.grid(color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        wide = high / low > _DECADES
        axis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    axes.minorticks_off()
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.tick_params(length=0)
    for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        tick.set_fontproperties(font(layout.text - 1))
        tick.set_color(MUTED)
