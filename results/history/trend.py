"""The effect of a Skill over its revisions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from ..errors import MissingArmError
from ..statistics import PRIMARY, Contrast, compare, wording
from ..table import read_rows
from .changes import BASELINE, primary, rows_with
from .runs import ArmLog, Run

_UPRIGHT = 20
"""Labels that there is room for side by side."""


@dataclass(frozen=True)
class TrendPoint:
    """What one run found of one revision.

    Attributes:
        variant: The Skill at its revision.
        fingerprint: Of the Skill's content.
        created: When its newest log was begun.
        run: The run.
        series: Suite, hardware, language and mode: only points of one are comparable.
        effects: The primary metrics against `none`, the models pooled.
    """

    variant: str
    fingerprint: str
    created: datetime
    run: Run
    series: tuple[str, str, str, str]
    effects: tuple[Contrast, ...]

    @property
    def revision(self) -> str:
        """The revision alone, and how it was delivered if not inline."""
        return self.variant.partition("@")[2]


def read_trend(skill: str, runs: list[Run]) -> list[TrendPoint]:
    """Measure a Skill in every run that has it beside `none`.

    Args:
        skill: Its name.
        runs: Where to look.

    Returns:
        The points, by series, then by time.

    Raises:
        MissingArmError: No run has it beside `none`.
        UsageError: The logs of such a run cannot be read.
    """
    points = [point for run in runs for point in _points(skill, run)]
    if not points:
        names = sorted({arm.skill for run in runs for arm in run.arms} - {""})
        known = f"the Skills in it are {', '.join(names)}" if names else "there is no Skill in it"
        raise MissingArmError(f"No run has {skill} beside the variant none: {known}.")
    return sorted(points, key=lambda point: (point.series, point.created))


def _points(skill: str, run: Run) -> Iterator[TrendPoint]:
    arms = [
        arm
        for arm in run.arms
        if arm.of_kernels and arm.judged and arm.skill == skill and not arm.ablated
    ]
    if not arms or BASELINE not in {arm.variant for arm in run.arms}:
        return
    rows = read_rows(run.files, mix=True)
    revisions: dict[tuple[str, tuple[str, str, str, str]], list[ArmLog]] = {}
    for arm in arms:
        series = (arm.suite, arm.hardware, arm.language, arm.mode)
        revisions.setdefault((arm.variant, series), []).append(arm)
    for (variant, series), held in revisions.items():
        pair = _pair(rows, variant, series)
        if pair is None:
            continue
        created = max(arm.created for arm in held)
        effects = primary(compare(pair), variant)
        yield TrendPoint(variant, held[0].fingerprint, created, run, series, effects)


def _pair(
    rows: pd.DataFrame, variant: str, series: tuple[str, str, str, str]
) -> pd.DataFrame | None:
    suite, hardware, language, mode = ([each] for each in series)
    of_series = rows_with(rows, suite=suite, hardware=hardware, language=language, mode=mode)
    arms = [rows_with(of_series, variant=[name]) for name in (BASELINE, variant)]
    if not set(arms[0]["model"]) & set(arms[1]["model"]):
        return None
    return pd.concat(arms, ignore_index=True)


def plot_trend(skill: str, points: list[TrendPoint], file: Path) -> None:
    """Plot effects with their intervals over revisions, a line for each series.

    Args:
        skill: Its name.
        points: Result of `read_trend`.
        file: Where to; its ending says the format (.svg, .png, .pdf).
    """
    ordered = sorted(points, key=lambda point: point.created)
    width = min(24.0, max(7.0, 1.1 * len(ordered) + 2))
    figure = Figure(figsize=(width, 6.4), layout="constrained")
    for axes, number in zip(figure.subplots(len(PRIMARY), sharex=True), (0, 1), strict=True):
        _draw(axes, ordered, number)
    axes = figure.axes[-1]
    labels = [f"{point.revision}\n{point.created:%Y-%m-%d}" for point in ordered]
    axes.set_xticks(range(len(ordered)), labels, rotation=90 if len(ordered) > _UPRIGHT else 0)
    axes.set_xlabel("revision and run")
    figure.axes[0].set_title(f"{skill} against {BASELINE}, with 95 % intervals")
    figure.savefig(file)


def _draw(axes: Axes, ordered: list[TrendPoint], number: int) -> None:
    for color, series in enumerate(sorted({point.series for point in ordered})):
        at = [index for index, point in enumerate(ordered) if point.series == series]
        effects = [ordered[index].effects[number] for index in at]
        middle = [each.estimate for each in effects]
        ends = [[each.ci_low for each in effects], [each.ci_high for each in effects]]
        reach = np.abs(np.array(ends) - np.array(middle))
        label = ", ".join(part for part in series if part != "single")
        axes.errorbar(at, middle, yerr=reach, color=f"C{color}", marker="o", capsize=3, label=label)
    first = ordered[0].effects[number]
    if first.unit == "ratio":
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: wording.ratio(value))
        # Effects span less than a decade, where a logarithmic axis would have one tick.
        axes.yaxis.set_major_locator(MaxNLocator(6))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.axhline(first.neutral, color="black", linewidth=1, linestyle="--")
    unit = "percentage points" if first.unit == "points" else "ratio"
    axes.set_ylabel(f"{wording.metric_label(first.metric)}, {unit}")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if number == 0 and len({point.series for point in ordered}) > 1:
        axes.legend(frameon=False)
