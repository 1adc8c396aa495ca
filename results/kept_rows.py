"""Rows of logs, kept from one command to the next: derived, and made again wherever they are lost.

A log's rows are one Parquet file in $XDG_CACHE_HOME/skilldyno/rows. Its name is a digest of all
that the rows follow from: the log's bytes, the prices, and the files of this package that make
rows. So nothing that is found under a name can be out of date.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import inspect_ai
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic_core import from_json, to_json

from .forked import start_forked
from .prices import Prices
from .record import Record

_HERE = Path(__file__).parent
_MAKERS = (
    "kept_rows.py",
    "logs.py",
    "measured.py",
    "prices.py",
    "record.py",
    "table.py",
    "usage.py",
)
_NESTED = ("packages", "best_after", "flags", "environment")
_UNUSED_SECONDS = 30 * 24 * 3600.0
_LEFT_SECONDS = 3600.0
_LARGE_BYTES = 1 << 24

MakeRows = Callable[[Path, Prices], pd.DataFrame]


def rows_of_log(file: Path, prices: Prices, make: MakeRows) -> pd.DataFrame:
    """The rows of one log, with the columns of `table.SCHEMA`.

    Args:
        file: The log.
        prices: What tokens cost.
        make: Makes them where none are kept.

    Returns:
        What `make` gives, or gave when a log of the same content was read.

    Raises:
        UsageError: `make` refuses the log.
    """
    before = file.stat()
    place = _folder() / f"{_digest(file, prices)}.parquet"
    rows = _load(place)
    if rows is not None:
        # The same log may lie elsewhere now.
        return rows.assign(run=str(file.parent), log=str(file))
    rows = make(file, prices)
    after = file.stat()
    # While a run goes on its log grows, and what was read is not what was digested.
    if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
        _keep(rows, place)
    return rows


def keep_rows(files: Sequence[Path], prices: Prices, make: MakeRows) -> None:
    """Keep the rows of logs ahead, in several processes, if those that are not kept are large.

    Args:
        files: The logs.
        prices: What tokens cost.
        make: Makes the rows of one log.

    Raises:
        UsageError: `make` refuses a log.
    """
    if not _are_large(files):
        return
    left = [file for file in files if not (_folder() / f"{_digest(file, prices)}.parquet").exists()]
    if _are_large(left):
        start_forked(lambda file: rows_of_log(file, prices, make).empty, left)()


def _are_large(files: Iterable[Path]) -> bool:
    return sum(file.stat().st_size for file in files) >= _LARGE_BYTES


def _folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "skilldyno" / "rows"


def _digest(file: Path, prices: Prices) -> str:
    with file.open("rb") as log:
        content = hashlib.file_digest(log, "sha256")
    content.update(_makers_digest())
    content.update(repr(prices).encode())
    return content.hexdigest()


@lru_cache(maxsize=1)
def _makers_digest() -> bytes:
    found = hashlib.sha256(inspect_ai.__version__.encode())
    for file in (*(_HERE / name for name in _MAKERS), *sorted(_HERE.glob("measured/*.json"))):
        found.update(file.read_bytes())
    return found.digest()


def _load(place: Path) -> pd.DataFrame | None:
    try:
        rows = pq.read_table(place).to_pandas()
    except FileNotFoundError:
        return None
    except (pa.ArrowException, OSError):
        # Damaged, or of another user: the log is read again.
        return None
    # For the next cleaning it was used today.
    os.utime(place)
    unpacked = {name: _parsed(rows[name]) for name in _NESTED}
    unpacked["evidence"] = [Record(packed) for packed in rows["evidence"]]
    return rows.assign(**unpacked)


def _parsed(texts: Iterable[Any]) -> list[Any]:
    # Most samples of a log say the same.
    found = list(texts)
    known = {text: from_json(text) for text in set(found)}
    return [known[text] for text in found]


def _written(values: Iterable[Any]) -> list[bytes]:
    # One object serves all samples of a log, in the column that is long.
    objects = list(values)
    known = {place: to_json(each) for place, each in {id(each): each for each in objects}.items()}
    return [known[id(each)] for each in objects]


def _keep(rows: pd.DataFrame, place: Path) -> None:
    packed = {name: _written(rows[name]) for name in _NESTED}
    packed["evidence"] = [record.packed for record in rows["evidence"]]
    table = pa.Table.from_pandas(rows.assign(**packed), preserve_index=False)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _clean(place.parent)
        descriptor, draft = tempfile.mkstemp(suffix=".draft", dir=place.parent)
        os.close(descriptor)
        pq.write_table(table, draft, compression="zstd")
        Path(draft).replace(place)
    except OSError:
        # Without a place to keep rows in they are made each time, and nothing else is amiss.
        return


def _clean(folder: Path) -> None:
    """Remove what was not used for a month, and drafts of processes that were killed."""
    now = time.time()
    for ending, seconds in (("parquet", _UNUSED_SECONDS), ("draft", _LEFT_SECONDS)):
        for file in folder.glob(f"*.{ending}"):
            if now - file.stat().st_mtime > seconds:
                file.unlink(missing_ok=True)
