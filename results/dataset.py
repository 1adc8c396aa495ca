"""Results as a dataset: a folder that `datasets.load_dataset` reads and the Hub shows."""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from .card import write_card
from .errors import ForeignDatasetError
from .leaks import refuse_leaks
from .report.plots import write_plots
from .statistics import Comparison
from .table import SCHEMA

ROWS = "data/rows.parquet"
LOGS = "logs"
_PLOTS = "plots"
_CARD = "README.md"
_NESTED = tuple(column.name for column in SCHEMA if column.dtype == "object")
_REPLACED = ("data", _PLOTS, LOGS)
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
        logs: Copy the logs too, to `logs/`, a folder for each run.
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
    places = _places(rows["log"])
    flat = rows.assign(
        run=[places[log].rpartition("/")[0] for log in rows["log"]],
        log=rows["log"].map(places),
        **{name: rows[name].map(json.dumps) for name in _NESTED},
    )
    copied = {Path(log): path for log, path in places.items() if logs and Path(log).is_file()}
    refuse_leaks(flat, copied)
    for name in _REPLACED:
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / ROWS).parent.mkdir(parents=True, exist_ok=True)
    datasets.Dataset.from_pandas(flat, preserve_index=False).to_parquet(folder / ROWS)
    for log, path in copied.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log, folder / path)
    for path, text in (beside or {}).items():
        (folder / path).write_text(text, encoding="utf-8")
    plots = [
        [plot.relative_to(folder) for plot in write_plots(*parted, folder / _PLOTS / name)]
        for name, parted in _named(parts).items()
    ]
    card = write_card(
        [part.comparison for part in parts], plots, flat, logs=len(copied), beside=beside or {}
    )
    (folder / _CARD).write_text(card, encoding="utf-8")
    return folder


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
    except (OSError, ValueError) as error:
        raise ForeignDatasetError(f"{folder / ROWS} holds no rows of skilldyno: pull it again.") from error
    known = {column.name for column in SCHEMA} & set(flat.columns)
    if not {"log", "run", "model", "variant", "eval_task", "epoch", "status", "verdict"} <= known:
        raise ForeignDatasetError(f"{folder} is a dataset of something else than skilldyno.")
    rows = pd.DataFrame(
        {
            column.name: flat[column.name]
            if column.name in known
            else pd.Series([_MISSING[column.dtype]] * len(flat), dtype="object")
            for column in SCHEMA
        }
    )
    rows = rows.assign(
        **{name: rows[name].map(json.loads) for name in _NESTED},
        **{name: [str(folder / each) for each in rows[name]] for name in ("run", "log")},
    )
    return rows.astype({column.name: column.dtype for column in SCHEMA})


def require_free(folder: Path) -> None:
    """See that a dataset can be written to a folder.

    Raises:
        ForeignDatasetError: The folder holds something else than an earlier dataset.
    """
    taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if taken and not (folder / ROWS).is_file():
        raise ForeignDatasetError(f"{folder} holds something else: choose another folder.")


def _places(logs: pd.Series) -> dict[str, str]:
    """Log to its path in the dataset: a folder for each run, by the name of the run's own."""
    places: dict[str, str] = {}
    names: dict[Path, str] = {}
    for log in sorted(set(logs)):
        run = Path(log).parent
        if run not in names:
            plain = re.sub(r"[^\w.@+-]+", "-", run.name).lstrip(".") or "run"
            taken = set(names.values())
            several = (f"{plain}-{number}" for number in range(2, len(taken) + 3))
            names[run] = plain if plain not in taken else next(n for n in several if n not in taken)
        places[log] = f"{LOGS}/{names[run]}/{Path(log).name}"
    return places


def _named(parts: Sequence[Part]) -> dict[str, tuple[Comparison, pd.DataFrame]]:
    named: dict[str, tuple[Comparison, pd.DataFrame]] = {}
    for part in parts:
        each = part.comparison
        words = [each.hardware, each.language, *([each.mode] if each.mode != "single" else [])]
        if len(each.variants) == 1:
            words.append(each.variants[0])
        name = re.sub(r"[^\w.@-]+", "-", "-".join(words))
        named[name if name not in named else f"{name}-{len(named) + 1}"] = (each, part.rows)
    return named
