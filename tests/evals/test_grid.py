"""The grid: resumed after any death with nothing lost and nothing counted twice."""

import subprocess
from pathlib import Path

import pytest

from skilldyno.evals.grid import GridError, make_folder, samples_done
from skilldyno.results.table import read_rows

pytestmark = pytest.mark.alone


def evidence_files(folder: Path) -> dict[str, float]:
    return {p.name: p.stat().st_mtime for p in (folder / "evidence").glob("*.json")}


def test_killed_run_resumes_without_loss_or_repetition(resumed_run):
    folder = resumed_run.folder
    assert 0 < resumed_run.kept < 4
    rows = read_rows([folder])
    keys = rows[["variant", "eval_task", "epoch"]].drop_duplicates()
    assert len(rows) == len(keys) == 4
    assert set(rows["op"]) == {"rms_norm", "quant_int8"}
    assert set(rows["status"]) == {"scored"}
    before = evidence_files(folder)
    third = subprocess.run(
        resumed_run.command, capture_output=True, text=True, timeout=120, check=False
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
