"""The fast_p plot: the share of samples that is correct and faster than p, over p."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ..statistics import FAST_THRESHOLDS, Comparison, FastCurve, fast_curve, wording
from ..statistics.metrics import column
from .svg import ACCENT, INK, MUTED, RULE, Plot, font, new_figure

_WIDTH, _HEIGHT = 400, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 44, 42
_STEPS = 48
_LEAST, _MOST, _OUTLIERS = 0.1, 100.0, 0.005


def fast_curves(comparison: Comparison, rows: pd.DataFrame) -> tuple[FastCurve, ...]:
    """Follow fast_p over the speeds that occur, for each variant.

    Args:
        comparison: Result of `compare`.
        rows: The rows that were compared.

    Returns:
        The curves, in the order of the comparison's variants; none where nothing was timed.
    """
    speedups = column(rows, "speedup")
    speedups = speedups[speedups > 0]
    if not len(speedups):
        return ()
    # One outlier must not squeeze all the others.
    least, most = np.quantile(speedups, (_OUTLIERS, 1 - _OUTLIERS))
    low = max(_LEAST, min(0.5, float(least) / 1.1))
    high = min(_MOST, max(2.2, float(most) * 1.1))
    named = [p for p in FAST_THRESHOLDS if low < p < high]
    thresholds = sorted({*map(float, np.geomspace(low, high, _STEPS)), *named})
    target = comparison.contrasts[0].target
    return tuple(
        fast_curve(rows, comparison.baseline, variant, thresholds, target)
        for variant in comparison.variants
    )


def curve_plot(curve: FastCurve, name: str, baseline: str, speed_baseline: str) -> Plot:
    """Draw one variant's curve over the baseline's, with the band of the paired difference.

    Args:
        curve: One of `fast_curves`.
        name: Unique in the page.
        baseline: The variant that it is compared to.
        speed_baseline: What speedups are over.
    """
    figure = new_figure(_WIDTH, _HEIGHT)
    axes = figure.add_axes(
        (
            _LEFT / _WIDTH,
            _BOTTOM / _HEIGHT,
            (_WIDTH - _LEFT - _RIGHT) / _WIDTH,
            (_HEIGHT - _TOP - _BOTTOM) / _HEIGHT,
        )
    )
    axes.patch.set_visible(False)
    p = curve.thresholds
    if not np.isnan(curve.low).all():
        low, high = np.clip(curve.low, 0, 100), np.clip(curve.high, 0, 100)
        axes.fill_between(p, low, high, color=ACCENT, alpha=0.16, linewidth=0, step="post")
    axes.plot(
        p, curve.without, color=MUTED, linewidth=1.8, linestyle=(0, (4, 2)), drawstyle="steps-post"
    )
    axes.plot(p, curve.with_variant, color=ACCENT, linewidth=2.2, drawstyle="steps-post")
    axes.axvline(1, color=RULE, linewidth=1, zorder=0)
    _scales(axes, p[0], p[-1])
    axes.set_xlabel(
        f"p, times as fast as {speed_baseline} (log scale)",
        color=MUTED,
        fontproperties=font(12),
        parse_math=False,
    )
    _key(axes, wording.shorten(curve.variant, 34), baseline)
    return Plot(name, _described(curve, baseline), figure)


def _described(curve: FastCurve, baseline: str) -> str:
    at = [
        f"p = {p:g}: {without:.0f} % to {with_variant:.0f} %"
        for p, without, with_variant in zip(
            curve.thresholds, curve.without, curve.with_variant, strict=True
        )
        if p in FAST_THRESHOLDS
    ]
    return f"Correct and faster than p, {baseline} to {curve.variant}: {'; '.join(at)}"


def _scales(axes: Axes, low: float, high: float) -> None:
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(0, 103)
    ticks = [tick for tick in (0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64) if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:g}x" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_yticks(range(0, 101, 25), [f"{share} %" for share in range(0, 101, 25)])
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.tick_params(length=3, color=RULE)
    axes.tick_params(axis="y", length=0)
    for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        tick.set_fontproperties(font(12))
        tick.set_color(MUTED)


def _key(axes: Axes, variant: str, baseline: str) -> None:
    height = _HEIGHT - _TOP - _BOTTOM
    for line, (text, colour, style) in enumerate(
        ((variant, ACCENT, "-"), (wording.shorten(baseline, 34), MUTED, (0, (4, 2))))
    ):
        y = 1 + (34 - 18 * line) / height
        axes.plot(
            [-0.1, -0.02],
            [y, y],
            color=colour,
            linewidth=2.2,
            linestyle=style,
            transform=axes.transAxes,
            clip_on=False,
        )
        axes.text(
            0.01,
            y,
            text,
            color=INK,
            fontproperties=font(13, bold=not line),
            va="center_baseline",
            transform=axes.transAxes,
            parse_math=False,
        )
