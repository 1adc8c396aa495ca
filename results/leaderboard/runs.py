"""The runs that a leaderboard is made of."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from ..dataset import datasets_without_logs, read_dataset
from ..logs import logs_in, read_header, select_logs
from ..prices import Prices
from ..statistics.comparison import SHAM
from ..table import read_rows, refuse_definitions, refuse_judges

BASELINE = "none"


def read_runs(
    paths: Iterable[str | Path], *, mix: bool = False, prices: Prices | None = None
) -> pd.DataFrame:
    """Read the results of several runs, which may hold the same arms.

    A run is a folder of logs. Where several hold an arm, their samples count as further epochs of
    it: the epochs of each run are numbered on from those of the run before.

    Args:
        paths: Log files, or folders that are searched through for logs, and for published rows
            that came without their logs.
        mix: Accept verdicts of several versions of the judge.
        prices: What tokens cost; by default the shipped list.

    Returns:
        Rows as `read_rows` gives them.

    Raises:
        UsageError: As `read_rows` does, but for samples that are in several runs.
    """
    published = {path: datasets_without_logs(path) for path in map(Path, paths)}
    logged = [path for path, datasets in published.items() if not datasets or logs_in(path)]
    runs: dict[Path, list[Path]] = defaultdict(list)
    # Without any path, `select_logs` says what is missing.
    for file in select_logs(logged) if logged or not published else ():
        runs[file.parent].append(file)
    parts = [read_rows(files, mix=mix, prices=prices) for files in runs.values()]
    # A log's name holds the id of its task: rows of a log that is at hand are not counted twice.
    known = {file.name for files in runs.values() for file in files}
    for folder in chain.from_iterable(published.values()):
        parts += _published_runs(folder, known)
    rows = pd.concat(_numbered_on(parts), ignore_index=True)
    if not mix:
        refuse_judges(rows)
    refuse_definitions(rows)
    return rows


def _published_runs(folder: Path, known: set[str]) -> list[pd.DataFrame]:
    rows = read_dataset(folder)
    names = [Path(log).name for log in rows["log"]]
    rows = rows.take(np.flatnonzero(~np.isin(names, sorted(known))))
    known.update(names)
    return [part for _, part in rows.groupby("run")]


def _numbered_on(parts: list[pd.DataFrame]) -> list[pd.DataFrame]:
    numbered: list[pd.DataFrame] = []
    before = 0
    for part in parts:
        numbered.append(part.assign(epoch=part["epoch"] + before))
        before += max(map(int, part["epoch"]))
    return numbered


def rows_beside(rows: pd.DataFrame, variant: str) -> pd.DataFrame:
    """A variant with what it is compared to: `none` and `sham` of the same runs.

    A machine's or a provider's bad day is then in both arms, and nobody's run can lend another's
    Skill a weak baseline. Where no run of the variant has the arm `none`, as with a gate's arms,
    those of all runs are taken.

    Args:
        rows: Rows of one mode, hardware profile and language.
        variant: The variant.
    """
    held = np.asarray(rows["variant"])
    run = np.asarray(rows["run"])
    beside = np.isin(run, run[held == variant])
    if BASELINE not in held[beside]:
        beside[:] = True
    return rows.take(np.flatnonzero((held == variant) | np.isin(held, (BASELINE, SHAM)) & beside))


def skill_sources(rows: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Where each variant's Skill was read from, by the logs' headers.

    Of a folder on the machine that ran it only the name is told, and the revision if there is one.

    Args:
        rows: As `read_runs` gives them.
    """
    sources: dict[str, set[str]] = defaultdict(set)
    for file in map(Path, rows["log"].unique()):
        # Published rows may come without their logs.
        if not file.is_file():
            continue
        metadata = read_header(file).metadata
        source = (metadata.get("skill") or {}).get("source")
        if source:
            sources[metadata["variant"]].add(_without_folders(str(source)))
    return {variant: tuple(sorted(found)) for variant, found in sources.items()}


def _without_folders(source: str) -> str:
    return source if "://" in source else source.rstrip("/").rpartition("/")[2]
