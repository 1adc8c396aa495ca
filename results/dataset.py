"""Results as a dataset: a folder that `datasets.load_dataset` reads and the Hub shows."""

import json
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from .card import write_card
from .errors import ForeignDatasetError
from .leaks import refuse_leaks
from .markdown import render_markdown
from .record import Record
from .report.operations import heatmap
from .report.plots import write_plots
from .statistics import Comparison
from .table import SCHEMA

ROWS = "data/rows.parquet"
LOGS = "logs"
PLOTS = "plots"
_CARD = "README.md"
_NESTED = tuple(column.name for column in SCHEMA if column.dtype == "object")
_REPLACED = ("data", PLOTS, LOGS)
_NEEDED = {"log", "run", "model", "variant", "eval_task", "epoch", "status", "verdict"}
_MISSING = {"str": "", "float": float("nan"), "bool": False, "int64": 0, "object": "{}"}


@dataclass(frozen=True)
class Part:
    """A comparison, and the rows that were compared."""

    comparison: Comparison
    rows: pd.DataFrame


def write_dataset(
    parts: Sequence[Part],
    rows: pd.DataFrame,
    folder: Path,
    *,
    logs: bool = False,
    name: str = "OWNER/NAME",
    lead: str = "",
    beside: Mapping[str, str] | None = None,
) -> Path:
    """Write rows as Parquet, with a dataset card that says and shows what was measured.

    The columns `run` and `log` then name folders and files below `logs/`, not those of this
    machine.

    Args:
        parts: The comparisons of the rows, for the card's headline and plots.
        rows: As `read_rows` gives them; nested columns are written as JSON text.
        folder: Where `README.md`, `data/rows.parquet` and `plots/` go. Those of an earlier dataset
            in it are replaced.
        logs: Copy the logs too, to `logs/`, a folder for each run, with the whole evidence.
        name: What it is called on the Hub.
        lead: What the card says first, in Markdown.
        beside: More files, path to text.

    Returns:
        The folder.

    Raises:
        ForeignDatasetError: The folder holds something else.
        LeakError: A sample or a log holds a secret of this machine.
    """
    # The import takes a second that nobody pays who does not export.
    import datasets

    require_free(folder)
    places = published_logs(rows)
    paths = [places[Path(log)] for log in rows["log"]]
    flat = rows.assign(
        run=[path.rpartition("/")[0] for path in paths],
        log=paths,
        **{column: rows[column].map(_text) for column in _NESTED},
    )
    copied = {log: path for log, path in places.items() if logs and log.is_file()}
    evidence = _evidence(rows, copied)
    refuse_leaks(flat, (*copied, *evidence))
    for replaced in _REPLACED:
        shutil.rmtree(folder / replaced, ignore_errors=True)
    (folder / ROWS).parent.mkdir(parents=True, exist_ok=True)
    with _without_bars():
        datasets.Dataset.from_pandas(flat, preserve_index=False).to_parquet(folder / ROWS)
    for file, path in (copied | evidence).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / path)
    for path, text in (beside or {}).items():
        (folder / path).write_text(text, encoding="utf-8")
    said = [text for text in (lead, *_said(parts, folder)) if text]
    card = write_card(said, flat, name=name, logs=len(copied), beside=tuple(beside or ()))
    (folder / _CARD).write_text(card, encoding="utf-8")
    return folder


@contextmanager
def _without_bars() -> Iterator[None]:
    """Keep the library from drawing a progress bar for a moment's work."""
    import datasets

    shown = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()


def read_dataset(folder: Path) -> pd.DataFrame:
    """Read a dataset's rows back.

    Args:
        folder: A folder that `write_dataset` made, or that was pulled from the Hub.

    Returns:
        The columns of `SCHEMA`; those that the dataset lacks, since an earlier version wrote it,
        as missing values. `run` and `log` are below the folder.

    Raises:
        ForeignDatasetError: It holds no such rows.
    """
    try:
        flat = pd.read_parquet(folder / ROWS)
        known = {column.name for column in SCHEMA} & set(flat.columns)
        if not known >= _NEEDED:
            raise ForeignDatasetError(f"{folder} is a dataset of something else than skilldyno.")
        return _as_rows(flat, known, folder)
    except (OSError, ValueError, TypeError) as error:
        raise ForeignDatasetError(
            f"{folder / ROWS} holds no rows of skilldyno: pull it again."
        ) from error


def _as_rows(flat: pd.DataFrame, known: Collection[str], folder: Path) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            column.name: flat[column.name]
            if column.name in known
            else pd.Series([_MISSING[column.dtype]] * len(flat), dtype="object")
            for column in SCHEMA
        }
    )
    nested = {name: [json.loads(text) for text in rows[name]] for name in _NESTED}
    nested["evidence"] = [Record.pack(each or {}) for each in nested["evidence"]]
    places = {name: [str(folder / each) for each in rows[name]] for name in ("run", "log")}
    rows = rows.assign(**nested, **places)
    return rows.astype({column.name: column.dtype for column in SCHEMA})


def _text(value: Any) -> str:
    # A packed record is no dict.
    return json.dumps(value, default=dict)


def datasets_without_logs(path: Path) -> list[Path]:
    """The datasets below a folder that came without their logs, so that rows are all there is."""
    if not path.is_dir():
        return []
    found = [rows.parents[1] for rows in sorted(path.rglob(ROWS))]
    return [folder for folder in found if not any(folder.rglob("*.eval"))]


def require_free(folder: Path) -> None:
    """See that a dataset can be written to a folder.

    Raises:
        ForeignDatasetError: The folder holds something else than an earlier dataset.
    """
    taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if taken and not (folder / ROWS).is_file():
        raise ForeignDatasetError(f"{folder} holds something else: choose another folder.")


def published_logs(rows: pd.DataFrame) -> dict[Path, str]:
    """Each log of some rows, and its path in their dataset: a folder for each run, by its name."""
    places: dict[Path, str] = {}
    names: dict[Path, str] = {}
    for log in sorted({Path(log) for log in rows["log"]}):
        if log.parent not in names:
            plain = re.sub(r"[^\w.@+-]+", "-", log.parent.name).lstrip(".") or "run"
            names[log.parent] = _free(plain, names.values())
        places[log] = f"{LOGS}/{names[log.parent]}/{log.name}"
    return places


def _evidence(rows: pd.DataFrame, logs: Mapping[Path, str]) -> dict[Path, str]:
    """The whole evidence that lies beside some logs, and its paths in the dataset."""
    # A file's name ends with the beginning of the candidate's digest.
    candidates = {candidate[:12] for candidate in rows["candidate"] if candidate}
    return {
        file: f"{path.rpartition('/')[0]}/evidence/{file.name}"
        for log, path in logs.items()
        for file in sorted((log.parent / "evidence").glob("*.json"))
        if file.stem.rpartition("-")[2] in candidates
    }


def _said(parts: Sequence[Part], folder: Path) -> Iterator[str]:
    names: set[str] = set()
    for part in parts:
        each = part.comparison
        words = [each.hardware, each.language, *([each.mode] if each.mode != "single" else [])]
        if len(each.variants) == 1:
            words.append(each.variants[0])
        name = _free(re.sub(r"[^\w.@-]+", "-", "-".join(words)), names)
        names.add(name)
        plots = write_plots(each, part.rows, folder / PLOTS / name)
        pictures = [(quote(f"{PLOTS}/{name}/{plot.name}"), plot.stem) for plot in plots]
        yield render_markdown(each, heatmap(each, part.rows), pictures)


def _free(name: str, taken: Collection[str]) -> str:
    numbered = (f"{name}-{number}" for number in count(2))
    return next(each for each in chain([name], numbered) if each not in taken)
