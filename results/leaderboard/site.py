"""The leaderboard as a static site in one folder."""

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import jinja2
import pandas as pd
from markupsafe import Markup

from ..report.attachments import folder_beside
from ..report.forest import forest_plots
from ..report.operations import Heatmap, heatmap, slopes
from ..report.slope import slope_plot
from ..report.svg import Plot
from ..report.write import page_environment
from ..statistics import METRICS, PRIMARY, Comparison, wording
from .payload import leaderboard_json
from .plot import rank_plots
from .standings import LEADING, Board, Entry, Leaderboard, Skill
from .text import NOTES, PLACEBO, dollars, markdown

_FOLDER = Path(__file__).parent
_METRICS = (LEADING, *(name for name in PRIMARY if name != LEADING))
_CONTROLS = {
    "sham": "the placebo line: inert text of the same length",
    "prompt": "three sentences that would help with any kernel",
}


@dataclass(frozen=True)
class _Part:
    """What a Skill's page says of one mode, hardware profile and language."""

    name: str
    comparison: Comparison
    entries: tuple[tuple[str, Entry], ...]
    forests: tuple[Plot, ...]
    slopes: tuple[Plot, ...]
    heatmap: Heatmap


def write_site(board: Leaderboard, folder: Path, digests: dict[str, str]) -> Path:
    """Write a leaderboard as a site that works from a file system and from any static host.

    It has `index.html`, a page for each Skill in `skills/`, copies of the runs' reports in
    `reports/`, `leaderboard.md` and `leaderboard.json`. Pages load nothing; the index has one small
    script, and a content security policy that lets no other run. What logs say is escaped.

    Args:
        board: Result of `rank_skills`.
        folder: Made if need be; files of an earlier leaderboard in it are replaced.
        digests: The SHA-256 of each log, by its path.

    Returns:
        The index.
    """
    for name in ("skills", "reports"):
        if _written(folder):
            shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True, exist_ok=True)
    environment = _environment()
    pages = _pages(board)
    reports = _copy_reports(board, folder)
    for skill in board.skills:
        page = environment.get_template("skill.html").render(
            skill=skill,
            parts=list(_parts(board, skill)),
            revisions=[
                (other.variant, pages[other.variant].removeprefix("skills/"))
                for other in board.skills
                if other.name == skill.name and other.variant != skill.variant
            ],
            reports=[reports[run] for run in _runs(skill) if run in reports],
        )
        (folder / pages[skill.variant]).write_text(page, encoding="utf-8")
    (folder / "index.html").write_text(_index(environment, board, pages), encoding="utf-8")
    (folder / "leaderboard.md").write_text(markdown(board), encoding="utf-8")
    payload = json.dumps(leaderboard_json(board, digests), indent=1, ensure_ascii=False)
    (folder / "leaderboard.json").write_text(payload + "\n", encoding="utf-8")
    return folder / "index.html"


def _written(folder: Path) -> bool:
    """Whether a folder holds an earlier leaderboard, whose pages may be removed."""
    return (folder / "index.html").is_file() and (folder / "leaderboard.json").is_file()


def _environment() -> jinja2.Environment:
    environment = page_environment(_FOLDER)
    environment.globals |= {
        "wording": wording,
        "dollars": dollars,
        "primary": _METRICS,
        "titles": {metric.name: metric.title for metric in METRICS},
        "placebo": PLACEBO,
        "notes": NOTES.replace("`", ""),
    }
    return environment


def _index(environment: jinja2.Environment, board: Leaderboard, pages: dict[str, str]) -> str:
    script = (_FOLDER / "leaderboard.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    firsts: dict[str, Board] = {}
    for each in board.boards:
        firsts.setdefault(each.name, each)
    return environment.get_template("index.html").render(
        leaderboard=board,
        boards=board.boards,
        firsts=list(firsts.values()),
        skills=board.skills,
        models=sorted({model for each in board.boards for model in each.models}),
        pages=pages,
        controls=_CONTROLS,
        choices=list(_choices(board)),
        figures=[
            [(metric, *rank_plots(each, metric, f"board-{n}-{metric}")) for metric in _METRICS]
            for n, each in enumerate(board.boards)
        ],
        script=Markup(script),  # noqa: S704 - the file beside this one
        script_digest=digest,
    )


def _choices(board: Leaderboard) -> Iterator[tuple[str, str, list[str]]]:
    for name, label in (("hardware", "Hardware"), ("language", "Language"), ("mode", "Mode")):
        yield name, label, sorted({getattr(each, name) for each in board.boards})


def _parts(board: Leaderboard, skill: Skill) -> Iterator[_Part]:
    for number, (comparison, rows) in enumerate(zip(skill.comparisons, skill.rows, strict=True)):
        stratum = (comparison.mode, comparison.hardware, comparison.language)
        boards = [each for each in board.boards if _stratum(each) == stratum]
        alone = rows.take([i for i, held in enumerate(rows["variant"]) if held != "sham"])
        yield _Part(
            name=boards[0].name,
            comparison=comparison,
            entries=tuple(
                (each.who, entry)
                for each in boards
                for entry in each.skills
                if entry.variant == skill.variant
            ),
            # Names are unique in a page, and a page has several strata.
            forests=tuple(
                replace(plot, name=f"{plot.name}-{number}") for plot in forest_plots(comparison)
            ),
            slopes=tuple(
                slope_plot(each, f"slope-{number}", variant, comparison.baseline)
                for variant, each in slopes(comparison, alone).items()
            ),
            heatmap=heatmap(comparison, alone),
        )


def _stratum(board: Board) -> tuple[str, str, str]:
    return board.mode, board.hardware, board.language


def _pages(board: Leaderboard) -> dict[str, str]:
    pages: dict[str, str] = {}
    for skill in board.skills:
        name = re.sub(r"[^a-z0-9]+", "-", skill.variant.lower()).strip("-")[:80] or "skill"
        if f"skills/{name}.html" in pages.values():
            name += "-" + hashlib.sha256(skill.variant.encode()).hexdigest()[:8]
        pages[skill.variant] = f"skills/{name}.html"
    return pages


def _runs(skill: Skill) -> list[str]:
    """The folders of the runs that a Skill is in."""
    return sorted(
        {
            str(run)
            for rows in skill.rows
            for run, variant in zip(rows["run"], rows["variant"], strict=True)
            if variant == skill.variant
        }
    )


def _copy_reports(board: Leaderboard, folder: Path) -> dict[str, tuple[str, str]]:
    """Copy the report of each run that has one; name and page by the run's folder."""
    copied: dict[str, tuple[str, str]] = {}
    for run in sorted({run for skill in board.skills for run in _runs(skill)}):
        source = Path(run) / "report.html"
        if source.is_file():
            name = f"{Path(run).name}-{hashlib.sha256(run.encode()).hexdigest()[:6]}"
            name = re.sub(r"[^A-Za-z0-9-]+", "-", name)
            target = folder / "reports" / name
            target.mkdir(exist_ok=True)
            shutil.copyfile(source, target / source.name)
            if folder_beside(source).is_dir():
                attached = folder_beside(source).name
                shutil.copytree(folder_beside(source), target / attached, dirs_exist_ok=True)
            copied[run] = Path(run).name, f"reports/{name}/{source.name}"
    return copied


def log_digests(rows: pd.DataFrame) -> dict[str, str]:
    """The SHA-256 of each log that rows come from, by its path."""
    return {
        str(log): hashlib.sha256(Path(log).read_bytes()).hexdigest()
        for log in rows["log"].unique()
        # Published rows may come without their logs.
        if Path(log).is_file()
    }
