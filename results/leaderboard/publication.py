"""The leaderboard as a dataset, with the rows and, if wished, the logs that it is made of."""

import json
from pathlib import Path

import pandas as pd

from ..ablation import rows_of
from ..dataset import PLOTS, Part, published_logs, write_dataset
from ..report.svg import Plot, to_png
from ..statistics import wording
from .payload import leaderboard_json
from .plot import rank_plots
from .site import log_digests
from .standings import LEADING, Board, Leaderboard
from .text import markdown


def write_publication(
    board: Leaderboard, rows: pd.DataFrame, folder: Path, *, name: str, logs: bool
) -> Path:
    """Write what is published of a leaderboard: `write_dataset`, and the leaderboard beside it.

    Args:
        board: Result of `rank_skills`.
        rows: The rows that were ranked.
        folder: Where to.
        name: What it is called on the Hub.
        logs: With the logs, by which others can verify it.

    Returns:
        The folder.

    Raises:
        UsageError: As `write_dataset`.
    """
    parts = [
        # A Skill is read beside `sham` too, which is no part of its comparison with `none`.
        Part(comparison, rows_of(compared, (comparison.baseline, *comparison.variants)))
        for skill in board.skills
        for comparison, compared in zip(skill.comparisons, skill.rows, strict=True)
    ]
    places = published_logs(rows)
    digests = {places[Path(log)]: digest for log, digest in log_digests(rows).items()}
    payload = json.dumps(leaderboard_json(board, digests), indent=1, ensure_ascii=False) + "\n"
    said = markdown(board)
    beside = {"leaderboard.md": said, "leaderboard.json": payload}
    plots = _rank_plots(board)
    pictures = [
        f"![{wording.markdown_cell(plot.description)}]({path})" for path, plot in plots.items()
    ]
    # The card has a title of its own.
    lead = "\n\n".join([said.partition("\n")[2].strip(), *pictures])
    write_dataset(parts, rows, folder, name=name, logs=logs, lead=lead, beside=beside)
    for path, plot in plots.items():
        to_png(plot.figure, folder / path)
    return folder


def _rank_plots(board: Leaderboard) -> dict[str, Plot]:
    """The first board of each stratum by the leading metric, and where its picture goes."""
    firsts: dict[str, Board] = {}
    for each in board.boards:
        firsts.setdefault(each.name, each)
    plots = [
        rank_plots(each, LEADING, f"ranks-{number}")[0]
        for number, each in enumerate(firsts.values(), start=1)
    ]
    return {f"{PLOTS}/{plot.name}.png": plot for plot in plots}
