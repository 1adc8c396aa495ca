"""All the plots of a comparison, for the page and as pictures."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..statistics import Comparison, FastCurve
from .curve import curve_plot, fast_curves
from .forest import forest_picture, forest_plots
from .operations import slopes
from .roofline import Roofline, roofline
from .roofline_plot import roofline_plots
from .slope import Slope, slope_plot
from .svg import Plot, to_png


@dataclass(frozen=True)
class Plotted:
    """What plots show.

    Attributes:
        curves: fast_p of each variant; none where nothing was timed.
        slopes: Deployable speedups, for each variant with an op in both arms.
        roofline: Ceilings and correct candidates.
    """

    curves: tuple[FastCurve, ...]
    slopes: dict[str, list[Slope]]
    roofline: Roofline


@dataclass(frozen=True)
class Plots:
    """The plots of a comparison.

    Attributes:
        forests: Effects, for a wide page and for a phone.
        curves: fast_p, of each variant.
        slopes: Deployable speedups, of each variant.
        rooflines: For a wide page and for a phone; none without a correct candidate.
    """

    forests: tuple[Plot, Plot]
    curves: tuple[Plot, ...]
    slopes: tuple[Plot, ...]
    rooflines: tuple[Plot, ...]


def gather_plotted(comparison: Comparison, rows: pd.DataFrame) -> Plotted:
    """Gather what the plots show.

    Args:
        comparison: Result of `compare`.
        rows: The rows that were compared.
    """
    return Plotted(
        fast_curves(comparison, rows), slopes(comparison, rows), roofline(comparison, rows)
    )


def draw_plots(comparison: Comparison, plotted: Plotted) -> Plots:
    """Draw every plot.

    Args:
        comparison: Result of `compare`.
        plotted: Result of `gather_plotted`.
    """
    baseline, over = comparison.baseline, comparison.speed_baseline
    rooflines = roofline_plots(plotted.roofline, comparison) if plotted.roofline.dots else ()
    return Plots(
        forests=forest_plots(comparison),
        curves=tuple(
            curve_plot(curve, f"fast-p-{number}", baseline, over)
            for number, curve in enumerate(plotted.curves, start=1)
        ),
        slopes=tuple(
            slope_plot(each, f"slope-{number}", variant, baseline)
            for number, (variant, each) in enumerate(plotted.slopes.items(), start=1)
        ),
        rooflines=rooflines,
    )


def write_plots(comparison: Comparison, rows: pd.DataFrame, place: Path) -> tuple[Path, ...]:
    """Write plots as PNG files, in the light theme and for sharp screens.

    Args:
        comparison: Result of `compare`.
        rows: The rows that were compared.
        place: A file that ends in .png, for the forest plot alone, or a folder for all of them,
            named by what they show; either is made if need be.

    Returns:
        The files.
    """
    alone = place.suffix.lower() == ".png"
    if alone:
        wanted = {place: forest_picture(comparison)}
    else:
        plots = draw_plots(comparison, gather_plotted(comparison, rows))
        every = (forest_picture(comparison), *plots.curves, *plots.slopes, *plots.rooflines[:1])
        wanted = {place / f"{plot.name}.png": plot for plot in every}
    (place.parent if alone else place).mkdir(parents=True, exist_ok=True)
    for file, plot in wanted.items():
        to_png(plot.figure, file)
    return tuple(wanted)
