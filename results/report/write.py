"""Write the report."""

import base64
import hashlib
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from ..statistics import CONTROLS, FAST_THRESHOLDS, Comparison, room_for_speed, wording
from .attachments import CHUNK, Attachments, attach, folder_beside, write_beside
from .candidates import gather_candidates
from .operations import heatmap
from .plots import draw_plots, gather_plotted
from .provenance import provenance
from .visible import visible, visible_json

_FOLDER = Path(__file__).parent
_SCRIPTS = ("candidates.js", "details.js", "diff.js", "roofline.js")


@dataclass(frozen=True)
class Report:
    """A report that is not written yet.

    Attributes:
        page: Its HTML.
        attachments: The details of its candidates, in the page if they are `inside`.
    """

    page: str
    attachments: Attachments


def write_report(comparison: Comparison, rows: pd.DataFrame, path: str | Path) -> Path:
    """Write a comparison as one HTML file, with a folder beside it if there are many candidates.

    What a candidate's source or output holds is packed apart from the page's markup, and shown as
    text only; a content security policy lets no script run but the page's own. The file is written
    beside its place first and then moved, so that a reader never sees half of it.

    Args:
        comparison: Result of `compare`.
        rows: The rows that were compared.
        path: The file to write; its folder is made if need be. What does not fit into it goes to
            the folder of the same name with "-candidates", which is to stay beside it.

    Returns:
        The path.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    report = make_report(comparison, rows, folder_beside(target).name)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.write_text(report.page, encoding="utf-8")
        write_beside(report.attachments, target)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target


def make_report(comparison: Comparison, rows: pd.DataFrame, folder: str = "candidates") -> Report:
    """Make a report.

    Args:
        comparison: Result of `compare`.
        rows: The rows that were compared.
        folder: The name of the folder beside it, for attachments that do not fit into the page.
    """
    candidates = gather_candidates(comparison, rows)
    attachments = attach(candidates.samples)
    plotted = gather_plotted(comparison, rows)
    place = {sample: index for index, sample in enumerate(candidates.order)}
    table = candidates.table | {
        "dots": [
            [place[dot.sample] for dot in plotted.roofline.dots if dot.variant == variant]
            for variant in (comparison.baseline, *comparison.variants)
        ],
        "chunk": CHUNK,
        "digest": attachments.digest,
        "folder": folder,
    }
    script = _script()
    page = (
        page_environment()
        .get_template("report.html")
        .render(
            comparison=comparison,
            wording=wording,
            shares={each.op: each.best_roofline_share for each in comparison.headroom},
            nan=math.nan,
            room=room_for_speed(comparison.headroom),
            controls=CONTROLS,
            thresholds=FAST_THRESHOLDS,
            plots=draw_plots(comparison, plotted),
            plotted=plotted,
            heatmap=heatmap(comparison, rows),
            table=table,
            rows=_data(table),
            attachments=attachments,
            provenance=provenance(comparison, rows),
            epochs=max(each.epochs for each in comparison.contrasts),
            suites=sorted(set(rows["suite"])),
            deliveries=sorted(set(rows["delivery"])),
            script=script,
            policy=_policy(script, attachments),
        )
    )
    return Report(page, attachments)


def page_environment(*folders: Path) -> jinja2.Environment:
    """Where pages' templates come from: escaped, `visible` as a filter and `nan` as a test.

    Args:
        folders: Of other pages, before those of the report.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*folders, _FOLDER]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    environment.tests["nan"] = pd.isna
    return environment


def _data(table: dict[str, Any]) -> str:
    # No name or reason can end the element that holds it, nor open a comment in it.
    return visible_json(table).replace("<", "\\u003c")


def _script() -> str:
    parts = [(_FOLDER / name).read_text(encoding="utf-8") for name in _SCRIPTS]
    body = "\n".join(parts)
    return f'(() => {{\n"use strict";\n{body}\nshow();\nopenAddressed();\n}})();\n'


def _policy(script: str, attachments: Attachments) -> str:
    """Only this script may run, and only what it loads itself beside it."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    trusted = f"'sha256-{digest}'"
    # By this a script that is trusted may load others. The origin 'self' would not do: a page from
    # file:// has none.
    trusted += "" if attachments.inside else " 'strict-dynamic'"
    return (
        f"default-src 'none'; script-src {trusted}; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )
