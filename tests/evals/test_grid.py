"""The grid: resumed after any death with nothing lost and nothing counted twice."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from run_under_way import done_so_far

from skilldyno.evals.grid import GridError, make_folder, samples_done
from skilldyno.results.table import read_rows

pytestmark = pytest.mark.alone

SCRIPT = Path(__file__).parent / "run_small_grid.py"


def start(folder: Path, suite: Path) -> "subprocess.Popen[bytes]":
    with said(folder).open("ab") as output:
        return subprocess.Popen(
            [sys.executable, str(SCRIPT), str(folder), str(suite)],
            start_new_session=True,
            stdout=output,
            stderr=output,
        )


def said(folder: Path) -> Path:
    """The file of all that the runs of a folder printed."""
    return folder.with_suffix(".txt")


def evidence_files(folder: Path) -> dict[str, float]:
    return {p.name: p.stat().st_mtime for p in (folder / "evidence").glob("*.json")}


def test_killed_run_resumes_without_loss_or_repetition(suite, tmp_path):
    folder = tmp_path / "run"
    first = start(folder, suite)
    deadline = time.monotonic() + 120
    while done_so_far(folder) == 0:
        assert time.monotonic() < deadline
        assert first.poll() is None, said(folder).read_text()
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    kept = samples_done(folder)
    assert 0 < kept < 4
    second = start(folder, suite)
    assert second.wait(timeout=240) == 0, said(folder).read_text()
    rows = read_rows([folder])
    keys = rows[["variant", "eval_task", "epoch"]].drop_duplicates()
    assert len(rows) == len(keys) == 4
    assert set(rows["op"]) == {"rms_norm", "quant_int8"}
    assert set(rows["status"]) == {"scored"}
    before = evidence_files(folder)
    third = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), str(suite)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert third.returncode == 0, third.stderr
    assert third.stdout == "", "stdout is for results"
    assert evidence_files(folder) == before
    assert len(read_rows([folder])) == 4


def test_folder_that_cannot_be_written_is_refused(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(GridError, match=r"cannot be written .*choose another --log-dir"):
        make_folder(file / "run")
    assert samples_done(tmp_path / "nowhere") == 0
