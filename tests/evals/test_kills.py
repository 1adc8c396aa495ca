"""Any process of a run may be killed at any moment, and its disk be full: the table is the same."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from killable import descendants, running
from recorded import kernels, record

from skilldyno.results.table import read_rows

pytestmark = pytest.mark.alone

KILLS = 20
VERDICTS = ["incorrect", "compile_error", "no_code", "runtime_error", "incorrect", "compile_error"]


def record_verdicts(folder: Path, verdicts: list[str], completions: dict[str, str]) -> Path:
    """A recording of two variants; equal verdicts come of different candidates."""
    texts = [
        completions[verdict].replace("\n```", f"\n// {epoch}\n```")
        for epoch, verdict in enumerate(verdicts)
    ]
    return record(folder, texts, ("none", "prompt"))


def require_table(folder: Path, verdicts: list[str]) -> None:
    rows = read_rows([folder])
    assert len(rows) == 2 * len(verdicts)
    for _, arm in rows.groupby("variant"):
        assert [*arm.sort_values("epoch")["verdict"]] == verdicts
        assert set(arm["status"]) == {"scored"}
    assert not (folder / "evidence" / "journal.jsonl").exists()


def test_twenty_random_kills_leave_the_same_table(tmp_path, rms_norm):
    recording = record_verdicts(tmp_path, VERDICTS, kernels(rms_norm))
    numbers = random.Random(9)
    killed = round_ = 0
    deadline = time.monotonic() + 900
    while killed < KILLS:
        round_ += 1
        with running(tmp_path / f"run-{round_}", recording) as run:
            moment = time.monotonic() + numbers.uniform(0.2, 4)
            while not run.is_over():
                assert time.monotonic() < deadline
                time.sleep(0.05)
                if killed < KILLS and time.monotonic() > moment:
                    victim = numbers.choice([run.main, *descendants(run.main)])
                    with suppress(ProcessLookupError):
                        os.kill(victim, signal.SIGKILL)
                        killed += 1
                    moment = time.monotonic() + numbers.uniform(0.2, 4)
            require_table(run.folder, VERDICTS)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    if subprocess.run(["mount", *options], capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_ends_the_run_in_one_sentence_and_the_next_goes_on(
    small_disk, tmp_path, rms_norm
):
    recording = record_verdicts(tmp_path, VERDICTS[:2], kernels(rms_norm))
    filling = small_disk / "filling"
    filling.write_bytes(bytes(270 << 10))
    with running(small_disk / "run", recording) as run:
        assert run.ask("wait") == 1
        assert "No space left on device" in run.said()
        assert "the same command goes on" in run.said()
        assert "Traceback" not in run.said()
        filling.unlink()
        run.start()
        assert run.ask("wait") == 0, run.said()
        require_table(run.folder, VERDICTS[:2])
