"""Numbers in sentences and tables."""

import math
import re

from .cost import Tax

# An underscore within a word is no emphasis, and brackets alone are no link.
_MARKDOWN = re.compile(r"[\\`*|~]|(?<![^\W_])_|_(?![^\W_])|\](?=[(\[:])")
_MINUS = "\N{MINUS SIGN}"


def points(value: float, *, sign: bool = True) -> str:
    """Percentage points with one decimal: "+9.8", "−3.1", "0.0"."""
    text = f"{value:+.1f}" if sign else f"{value:.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", _MINUS)


def ratio(value: float) -> str:
    """A ratio with two decimals: "1.10x"."""
    return f"{value:.2f}x"


def pvalue(value: float) -> str:
    """A p-value after its sign: "=.04", "<.001".

    Three decimals where two would round to .05 or to less than .01.
    """
    if value < 0.001:
        return "<.001"
    digits = 3 if value < 0.0095 or round(value, 2) == 0.05 else 2
    text = f"{value:.{digits}f}"
    return "=1" if float(text) == 1 else f"={text.removeprefix('0')}"


def pvalue_cell(value: float) -> str:
    """A p-value in a table: ".04", "<.001", "–" if there is none."""
    return "–" if math.isnan(value) else pvalue(value).removeprefix("=")


def count(number: int, noun: str) -> str:
    """A number of things: "1 op", "8 ops"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def amount(value: float, unit: str, *, sign: bool = True) -> str:
    """A value of a metric, without its unit for points and with the x for a ratio."""
    if math.isnan(value):
        return "–"
    return points(value, sign=sign) if unit == "points" else ratio(value)


def metric_label(name: str) -> str:
    """A metric's identifier as a row label: "deployable speedup", "fast_1"."""
    return name if name.startswith("fast_") else name.replace("_", " ")


def shorten(name: str, width: int) -> str:
    """A name of at most `width` characters: the end is kept, where names differ."""
    return name if len(name) <= width else "…" + name[1 - width :]


def level(metric: str, unit: str, value: float) -> str:
    """A metric in one arm: "88 %", "2.46x"; a roofline share is per cent."""
    if math.isnan(value):
        return "–"
    if unit == "points":
        return f"{value:.0f} %"
    if metric == "output_tokens":
        return tokens(value)
    return f"{100 * value:.0f} %" if metric == "roofline_share" else ratio(value)


def interval(low: float, high: float, unit: str) -> str:
    """The bounds in brackets, "[1.2, 18.4]" or "[1.02, 1.18]"; empty where there are none."""
    if math.isnan(low):
        return ""
    if unit == "points":
        return f"[{points(low, sign=False)}, {points(high, sign=False)}]"
    return f"[{low:.2f}, {high:.2f}]"


def detectable(value: float, unit: str) -> str:
    """A smallest detectable effect: "13 points", "4.2 points", "1.12x"; "–" where unknown."""
    if math.isnan(value):
        return "–"
    if unit == "ratio":
        return ratio(value)
    return f"{value:.0f} points" if value >= 10 else f"{value:.1f} points"


def markdown_cell(text: str) -> str:
    """Text that in Markdown neither ends a table's cell nor begins an element or an emphasis."""
    escaped = _MARKDOWN.sub(r"\\\g<0>", text)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ")


def dollars(value: float) -> str:
    """An amount of money with three digits that count: "$12.3", "$0.00412"; "unknown" if NaN."""
    if math.isnan(value):
        return "unknown"
    size = abs(value)
    digits = 2 if size >= 1 or size == 0 else min(6, 2 - math.floor(math.log10(size)))
    return f"{_MINUS if value < 0 else ''}${size:,.{digits}f}"


def tokens(value: float, *, sign: bool = False) -> str:
    """A number of tokens without decimals; "–" if NaN."""
    if math.isnan(value):
        return "–"
    return (f"{value:+,.0f}" if sign else f"{value:,.0f}").replace("-", _MINUS)


def seconds(value: float) -> str:
    """A time: "0.42 s", "12 s"; "–" if NaN."""
    if math.isnan(value):
        return "–"
    return f"{value:.0f} s" if value >= 10 else f"{value:.2g} s"


def quantity(value: float, unit: str) -> str:
    """A large figure with three digits and a prefix: "90.9 GB/s"."""
    shown = float(f"{value:.3g}")
    power = min(5, math.floor(math.log10(shown) / 3)) if shown >= 1 else 0
    return f"{shown / 1000**power:.3g} {('', 'k', 'M', 'G', 'T', 'P')[power]}{unit}"


def tax(each: Tax) -> str:
    """What a variant costs more, a sample, without a full stop."""
    said = (
        f"Its tax, a sample: {tokens(each.input_tokens, sign=True)} input and "
        f"{tokens(each.output_tokens, sign=True)} output tokens"
    )
    if math.isnan(each.dollars):
        return f"{said}, dollars unknown"
    more = "less" if each.dollars < 0 else "more"
    share = "" if math.isnan(each.share) else f" ({points(100 * each.share)} %)"
    return f"{said}, {dollars(abs(each.dollars))} {more}{share}"
