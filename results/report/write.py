"""Write the report."""

import math
import os
import re
from pathlib import Path

import jinja2
import pandas as pd

from ..statistics import CONTROLS, Comparison, room_for_speed, wording
from .candidates import candidates_by_op
from .forest import forest_plots
from .operations import heatmap, slope_plots
from .provenance import provenance

_FOLDER = Path(__file__).parent
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_DIRECTION = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def write_report(comparison: Comparison, rows: pd.DataFrame, path: str | Path) -> Path:
    """Write a comparison as one HTML file that needs nothing else.

    The file has no scripts and loads nothing: what a candidate's source or output holds is
    escaped, and a content security policy would stop it if it were not. It is written beside its
    place first and then moved, so that a reader never sees half of it.

    Args:
        comparison: Result of `compare`.
        rows: The rows that were compared.
        path: The file to write; its folder is made if need be.

    Returns:
        The path.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.write_text(render_report(comparison, rows), encoding="utf-8")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target


def render_report(comparison: Comparison, rows: pd.DataFrame) -> str:
    """The report's HTML.

    Args:
        comparison: Result of `compare`.
        rows: The rows that were compared.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    environment.tests["nan"] = pd.isna
    return environment.get_template("report.html").render(
        comparison=comparison,
        wording=wording,
        shares={each.op: each.best_roofline_share for each in comparison.headroom},
        nan=math.nan,
        room=room_for_speed(comparison.headroom),
        controls=CONTROLS,
        forests=forest_plots(comparison),
        slopes=slope_plots(comparison, rows),
        heatmap=heatmap(comparison, rows),
        candidates=candidates_by_op(comparison, rows),
        provenance=provenance(comparison, rows),
        epochs=max(each.epochs for each in comparison.contrasts),
        suites=sorted(set(rows["suite"])),
        deliveries=sorted(set(rows["delivery"])),
    )


def visible(text: str) -> str:
    """Text with nothing hidden in it.

    Control characters and lone surrogates become U+FFFD; characters that change the direction
    of writing, by which source can look like other source, are spelt out.
    """
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    return _DIRECTION.sub(lambda match: f"⟦U+{ord(match[0]):04X}⟧", text)
