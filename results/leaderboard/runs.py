"""The runs that a leaderboard is made of."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from ..logs import read_log, select_logs
from ..prices import Prices
from ..statistics.comparison import SHAM
from ..table import read_rows, refuse_definitions, refuse_judges

BASELINE = "none"


def read_runs(
    paths: Iterable[str | Path], *, mix: bool = False, prices: Prices | None = None
) -> pd.DataFrame:
    """Read the logs of several runs, which may hold the same arms.

    A run is a folder of logs. Where several hold an arm, their samples count as further epochs of
    it: the epochs of each run are numbered on from those of the run before.

    Args:
        paths: Log files, or folders that are searched through.
        mix: Accept verdicts of several versions of the judge.
        prices: What tokens cost; by default the shipped list.

    Returns:
        Rows as `read_rows` gives them.

    Raises:
        UsageError: As `read_rows` does, but for samples that are in several runs.
    """
    runs: dict[Path, list[Path]] = defaultdict(list)
    for file in select_logs(paths):
        runs[file.parent].append(file)
    parts: list[pd.DataFrame] = []
    before = 0
    for files in runs.values():
        part = read_rows(files, mix=mix, prices=prices)
        parts.append(part.assign(epoch=part["epoch"] + before))
        before += max(map(int, part["epoch"]))
    rows = pd.concat(parts, ignore_index=True)
    if not mix:
        refuse_judges(rows)
    refuse_definitions(rows)
    return rows


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
    for file in rows["log"].unique():
        metadata = read_log(Path(file), header_only=True).metadata
        source = (metadata.get("skill") or {}).get("source")
        if source:
            sources[metadata["variant"]].add(_without_folders(str(source)))
    return {variant: tuple(sorted(found)) for variant, found in sources.items()}


def _without_folders(source: str) -> str:
    return source if "://" in source else source.rstrip("/").rpartition("/")[2]
