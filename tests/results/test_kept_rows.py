"""Rows that are kept between commands: the same as those that are made, and never out of date."""

import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from inspect_ai.log import read_eval_log
from pandas.testing import assert_frame_equal
from synthetic_logs import OPS, Outcome, always, write_log

from skilldyno.results.kept_rows import rows_of_log
from skilldyno.results.logs import read_samples
from skilldyno.results.prices import load_prices
from skilldyno.results.record import Record
from skilldyno.results.table import SCHEMA, read_rows


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and where rows are kept in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "skilldyno" / "rows"


def outcome(op: str, epoch: int) -> Outcome:
    """One of each kind."""
    return {
        1: Outcome(speedup=1.5 + OPS.index(op)),
        2: Outcome("incorrect", reason="17 of 512 elements are wrong"),
        3: Outcome(error="boom"),
        4: Outcome("infra_error", reason="the machine was too busy"),
    }[epoch]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_log(tmp_path / "run", epochs=4, judge=outcome, variant="cpu-kernels@3f9a1c")


def test_kept_rows_are_those_that_were_made(log: Path, cache: Path):
    made = read_rows([log])
    (kept,) = cache.iterdir()
    again = read_rows([log])
    assert list(again.columns) == [column.name for column in SCHEMA]
    assert_frame_equal(made, again)
    assert set(made["status"]) == {"scored", "unscored", "errored"}
    first: Any = again.iloc[0]
    assert json.dumps(first["evidence"], default=dict) == json.dumps(dict(first["evidence"]))
    # They are what is read: an edit of them shows.
    table = pq.read_table(kept).to_pandas()
    table.assign(family="edited").to_parquet(kept)
    assert set(read_rows([log])["family"]) == {"edited"}


@pytest.mark.parametrize("damage", [b"", b"PAR1", None])
def test_damaged_rows_are_made_again(log: Path, cache: Path, damage: bytes | None):
    made = read_rows([log])
    (kept,) = cache.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert_frame_equal(made, read_rows([log]))
    assert pq.read_table(kept).num_rows == len(made)


def test_another_content_of_the_same_name_size_and_time_has_its_own_rows(tmp_path: Path):
    log = write_log(tmp_path / "run", ops=OPS[:1], epochs=1)
    stamp = log.stat()
    assert read_rows([log])["verdict"].tolist() == ["correct"]
    other = write_log(tmp_path / "other", ops=OPS[:1], epochs=1, judge=always(Outcome("flagged")))
    shutil.copy(other, log)
    os.utime(log, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert read_rows([log])["verdict"].tolist() == ["flagged"]


def test_a_log_that_was_moved_is_said_to_be_where_it_is(log: Path, tmp_path: Path, cache: Path):
    before = read_rows([log])
    (tmp_path / "elsewhere").mkdir()
    moved = log.rename(tmp_path / "elsewhere" / "moved.eval")
    after = read_rows([moved])
    assert len(list(cache.iterdir())) == 1
    assert set(after["log"]) == {str(moved)}
    assert set(after["run"]) == {str(moved.parent)}
    assert_frame_equal(before.drop(columns=["log", "run"]), after.drop(columns=["log", "run"]))


def test_rows_of_a_log_that_grew_meanwhile_are_not_kept(log: Path, cache: Path):
    def make(file: Path, _: object) -> pd.DataFrame:
        with file.open("ab") as growing:
            growing.write(b"\0")
        return pd.DataFrame({"epoch": [1]})

    assert len(rows_of_log(log, load_prices(), make)) == 1
    assert not cache.exists()


def test_without_a_place_to_keep_them_rows_are_read(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(read_rows([log])) == len(read_rows([log])) == 4 * len(OPS)


def test_what_was_unused_for_a_month_goes_with_the_next_that_is_kept(log: Path, cache: Path):
    read_rows([log])
    (used,) = cache.iterdir()
    old, draft = cache / "old.parquet", cache / "left.draft"
    for file, days in ((old, 31), (draft, 1)):
        file.touch()
        os.utime(file, (0, file.stat().st_mtime - days * 24 * 3600))
    write_log(log.parent, variant="none")
    read_rows([log.parent])
    left = set(cache.iterdir())
    assert used in left
    assert len(left) == 2
    assert not {old, draft} & left


def test_samples_are_as_inspect_reads_them(log: Path):
    # By their text, as NaN equals nothing.
    unread = {"messages", "events", "events_data", "store", "attachments", "timelines"}
    read = read_eval_log(log, exclude_fields=unread).samples or []
    theirs = {(s.id, s.epoch): repr(s) for s in read}
    ours = {(s.id, s.epoch): repr(s) for s in read_samples(log)}
    assert ours == theirs
    assert len(ours) == 4 * len(OPS)


def test_a_record_is_a_mapping_whatever_is_in_it():
    said = {"verdict": "correct", "checks": [{"error": 0.1}], "speedup": math.inf, "ü": None}
    record = Record.pack(said)
    assert record == said
    assert {**record} == said
    assert record.get("absent") is None
    assert not Record.pack({})
    assert len(record) == 4
