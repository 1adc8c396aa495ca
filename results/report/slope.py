"""The slope plot: deployable speedup of each operation, without and with a variant."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from scipy.optimize import isotonic_regression

from ..statistics import wording
from ..statistics.metrics import DEAD_BAND, FloatArray
from .svg import GAIN, INK, LOSS, MUTED, RULE, Plot, font, new_figure

_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM, _LINE = 400, 70, 220, 40, 12, 18


@dataclass(frozen=True)
class Slope:
    """One op's deployable speedup.

    Attributes:
        op: The op.
        without: With the baseline variant.
        with_variant: With the variant.
    """

    op: str
    without: float
    with_variant: float


def slope_plot(slopes: Sequence[Slope], name: str, variant: str, baseline: str) -> Plot:
    """Draw a line for each op, on a log scale.

    Args:
        slopes: The ops.
        name: Unique in the page.
        variant: Name of the variant, on the right.
        baseline: Name of the baseline, on the left.

    Returns:
        The plot.
    """
    height = _TOP + _BOTTOM + max(220, _LINE * len(slopes) + 40)
    figure = new_figure(_WIDTH, height)
    plot = height - _TOP - _BOTTOM
    axes = figure.add_axes(
        (_LEFT / _WIDTH, _BOTTOM / height, (_RIGHT - _LEFT) / _WIDTH, plot / height)
    )
    axes.patch.set_visible(False)
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    ends = np.log([(each.without, each.with_variant) for each in slopes])
    low, high = min(0.0, float(ends.min())), max(0.1, float(ends.max()))
    pad = 0.05 * (high - low)
    axes.set_ylim(low - pad, high + pad)
    line = _LINE * (high - low + 2 * pad) / plot
    axes.plot([0, 1], [0, 0], color=RULE, linewidth=1, linestyle=(0, (3, 3)))
    for x in (0, 1):
        axes.axvline(x, color=RULE, linewidth=1)
    colours = [_colour(each) for each in slopes]
    for colour in dict.fromkeys(colours):
        mine = ends[[each == colour for each in colours]]
        axes.plot(*_joined([0, 1], mine), color=colour, linewidth=1.8, alpha=0.9)
        axes.plot(*_joined([0, 1], mine), "o", color=colour, markersize=4.5, clip_on=False)
    _labels(axes, ends[:, 0], [wording.ratio(each.without) for each in slopes], line, 0)
    said = [f"{wording.ratio(each.with_variant)}  {each.op}" for each in slopes]
    _labels(axes, ends[:, 1], said, line, 1)
    _heading(axes, 0, wording.shorten(baseline, 12), "right", plot)
    _heading(axes, 1, wording.shorten(variant, 28), "left", plot)
    described = "; ".join(
        f"{each.op} {wording.ratio(each.without)} to {wording.ratio(each.with_variant)}"
        for each in slopes
    )
    return Plot(name, f"Deployable speedup, {baseline} to {variant}: {described}", figure)


def _colour(each: Slope) -> str:
    change = each.with_variant / each.without
    if 1 / DEAD_BAND <= change <= DEAD_BAND:
        return MUTED
    return GAIN if change > 1 else LOSS


def _joined(ends: Sequence[float], heights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Many lines as one with gaps, which is drawn far sooner: `heights` has a pair a line."""
    x = np.tile([*ends, np.nan], len(heights))
    return x, np.column_stack([heights, np.full(len(heights), np.nan)]).ravel()


def _labels(axes: Axes, values: FloatArray, texts: list[str], line: float, side: int) -> None:
    outward = -1 if side == 0 else 1
    low, high = axes.get_ylim()
    places = spread(values, line, low, high)
    axes.plot(
        *_joined([side + outward * 0.04, side + outward * 0.11], np.stack([values, places], 1)),
        color=RULE,
        linewidth=0.8,
        clip_on=False,
    )
    for place, text in zip(places, texts, strict=True):
        axes.text(
            side + outward * 0.14,
            place,
            text,
            ha="right" if side == 0 else "left",
            va="center_baseline",
            color=INK,
            fontproperties=font(12),
            parse_math=False,
        )


def _heading(axes: Axes, side: int, text: str, align: str, plot: float) -> None:
    axes.text(
        side,
        1 + 22 / plot,
        text,
        transform=axes.transAxes,
        ha=align,
        va="center_baseline",
        color=INK,
        fontproperties=font(12, bold=True),
        parse_math=False,
    )


def spread(values: FloatArray, gap: float, low: float, high: float) -> FloatArray:
    """Move labels apart so that none overlap, as little as possible, and within bounds.

    Least squares under the constraint that neighbours are `gap` apart: subtracting the gaps
    leaves an isotonic regression, whose bounded solution is the clipped one.

    Args:
        values: Where the labels want to be, shape (n,).
        gap: Least distance between neighbours.
        low: Lowest place.
        high: Highest place; the labels fit, (n - 1) x gap <= high - low.

    Returns:
        Where they go, in the same order.
    """
    order = np.argsort(values, kind="stable")
    gaps = gap * np.arange(len(values))
    moved = np.empty(len(values))
    moved[order] = np.clip(isotonic_regression(values[order] - gaps).x, low, high - gaps[-1]) + gaps
    return moved
