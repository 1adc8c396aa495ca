"""Figures as inline SVG whose colours follow the page's theme, or as PNG in its light one."""

import io
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

_NAMES = (
    "ink",
    "muted",
    "rule",
    "surface",
    "accent",
    "gain",
    "loss",
    "good",
    "rose",
    "plum",
    "teal",
)
_VARIABLES = {f"#0000{index:02x}": f"--{name}" for index, name in enumerate(_NAMES, start=1)}

INK, MUTED, RULE, SURFACE, ACCENT, GAIN, LOSS, GOOD, ROSE, PLUM, TEAL = _VARIABLES
"""Stand-ins that are replaced by the page's colours; never drawn as they are."""

SERIES = ((ACCENT, "o"), (LOSS, "s"), (GOOD, "D"), (PLUM, "^"), (TEAL, "v"), (ROSE, "P"))
"""Colour and marker of one variant after another: no two are told apart by colour alone."""

_PIXELS_PER_INCH = 72
_PNG_SCALE = 2
_PNG_MARGIN = 18
_STYLES = Path(__file__).with_name("report.css")

_DOTS = re.compile(
    r'<g id="(dots-\d+)">\s*<defs>\s*<path id="(\w+)" d="([^"]*)"[^>]*/>\s*</defs>'
    r"\s*<g[^>]*>(.*?)</g>\s*</g>",
    re.DOTALL,
)


@dataclass(frozen=True)
class Plot:
    """A figure with what goes with it.

    Attributes:
        name: Unique in a page; also the name of its file.
        description: The same in words.
        figure: The figure, in stand-in colours.
    """

    name: str
    description: str
    figure: Figure

    @property
    def svg(self) -> Markup:
        """The figure as an SVG element."""
        return to_svg(self.figure, self.name, self.description)


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


def write_text(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    *,
    size: float,
    bold: bool = False,
    right: bool = False,
    colour: str = INK,
) -> None:
    """Write a line of text over or beside axes.

    Args:
        axes: The axes; nothing is cut off at their edges.
        x: Where it begins, as a share of their width.
        y: Its height, by their own scale.
        text: The line.
        size: In CSS pixels.
        bold: Heavier.
        right: It ends at `x` instead.
        colour: One of the stand-ins.
    """
    axes.text(
        x,
        y,
        text,
        transform=axes.get_yaxis_transform(),
        ha="right" if right else "left",
        va="center_baseline",
        color=colour,
        fontproperties=font(size, bold=bold),
        parse_math=False,
        clip_on=False,
    )


def to_svg(figure: Figure, name: str, description: str) -> Markup:
    """Render a figure as an SVG element to be put into a page.

    Text stays text, in the page's font; the stand-in colours become CSS variables; ids are
    salted with `name`, and the same in every run. Markers of a line with the gid `dots-3` become a
    group of that class, a `use` element each, in their order and without a style of their own.

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
    drawing = _DOTS.sub(_compact, drawing)
    # Groups have the same ids in every figure; only definitions are referred to, by salted ids.
    drawing = re.sub(r'<g id="[^"]*"', "<g", drawing)
    for stand_in, variable in _VARIABLES.items():
        drawing = drawing.replace(stand_in, f"var({variable})")
    drawing = re.sub(r"'DejaVu Sans'(, [^;\"]*)?", "var(--sans)", drawing)
    width, height = (value * _PIXELS_PER_INCH for value in figure.get_size_inches())
    label = Markup('<svg role="img" aria-label="{}" style="max-width:{}px" viewBox="0 0 {:g} {:g}"')
    opening = label.format(description, int(width), width, height)
    return Markup(re.sub(r"<svg[^>]*", lambda _: str(opening), drawing, count=1))  # noqa: S704


def _compact(group: re.Match[str]) -> str:
    name, marker, path, uses = group.groups()
    styles = re.search(r'style="([^"]*)"', uses)
    dots = "".join(
        f'<use href="#{marker}" x="{float(x):.1f}" y="{float(y):.1f}"/>'
        for x, y in re.findall(r'x="([-\d.]+)" y="([-\d.]+)"', uses)
    )
    return (
        f'<g class="dots {name}" style="{styles[1] if styles else ""}"><defs>'
        f'<path id="{marker}" d="{path}"/></defs>{dots}</g>'
    )


def to_png(figure: Figure, file: Path) -> None:
    """Write a figure to a PNG file, in the light theme, twice as large for sharp screens.

    Args:
        figure: The figure; its colours are replaced in place.
        file: Where to.
    """
    for artist in figure.findobj():
        _recolour(artist)
    figure.patch.set_visible(True)
    figure.savefig(
        file,
        dpi=_PIXELS_PER_INCH * _PNG_SCALE,
        facecolor=_light()["--surface"],
        bbox_inches="tight",
        pad_inches=_PNG_MARGIN / _PIXELS_PER_INCH,
    )


def _recolour(artist: Artist) -> None:
    for name in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
        get, put = (getattr(artist, f"{verb}_{name}", None) for verb in ("get", "set"))
        if get is None or put is None:
            continue
        try:
            old = to_rgba(get())
        except ValueError:
            # A collection has one colour for each of its parts, and those here have one part.
            if not len(get()):
                continue
            old = to_rgba(get()[0])
        variable = _VARIABLES.get(to_hex(old))
        if variable is not None:
            put(to_rgba(_light()[variable], old[3]))


@cache
def _light() -> dict[str, str]:
    styles = _STYLES.read_text(encoding="utf-8").partition("@media")[0]
    return dict(re.findall(r"(--[a-z]+): (#[0-9a-f]{6})", styles))
