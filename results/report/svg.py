"""Figures as inline SVG whose colours follow the page's theme."""

import io
import re
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

INK, MUTED, RULE, SURFACE, ACCENT, GAIN, LOSS = (f"#00000{index}" for index in range(1, 8))
"""Stand-ins that `to_svg` replaces by the page's colours; never drawn as they are."""

_VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    RULE: "--rule",
    SURFACE: "--surface",
    ACCENT: "--accent",
    GAIN: "--gain",
    LOSS: "--loss",
}
_PIXELS_PER_INCH = 72


def new_figure(width: float, height: float) -> Figure:
    """An empty transparent figure.

    Args:
        width: In CSS pixels.
        height: In CSS pixels.
    """
    figure = Figure(figsize=(width / _PIXELS_PER_INCH, height / _PIXELS_PER_INCH))
    figure.patch.set_visible(False)
    return figure


def font(size: float, *, bold: bool = False) -> FontProperties:
    """The page's font.

    Args:
        size: In CSS pixels.
        bold: Heavier.
    """
    return FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")


def to_svg(figure: Figure, name: str, description: str) -> Markup:
    """Render a figure as an SVG element to be put into a page.

    Text stays text, in the page's font; the stand-in colours become CSS variables; ids are
    salted with `name`, and the same in every run.

    Args:
        figure: The figure.
        name: Unique in the page.
        description: Alternative text.

    Returns:
        The element, safe to insert.
    """
    buffer = io.StringIO()
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": name}
    with mpl.rc_context(settings):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    drawing = buffer.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    # Groups have the same ids in every figure; only definitions are referred to, by salted ids.
    drawing = re.sub(r'<g id="[^"]*"', "<g", drawing)
    for stand_in, variable in _VARIABLES.items():
        drawing = drawing.replace(stand_in, f"var({variable})")
    drawing = re.sub(r"'DejaVu Sans'(, [^;\"]*)?", "var(--sans)", drawing)
    width, height = (value * _PIXELS_PER_INCH for value in figure.get_size_inches())
    label = Markup('<svg role="img" aria-label="{}" style="max-width:{}px" viewBox="0 0 {:g} {:g}"')
    opening = label.format(description, int(width), width, height)
    return Markup(re.sub(r"<svg[^>]*", lambda _: str(opening), drawing, count=1))  # noqa: S704
