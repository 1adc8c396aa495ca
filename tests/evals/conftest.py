"""What several tests of runs share: a suite that is judged in seconds, and a run of it."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from skilldyno.evals.grid import samples_done

SCRIPT = Path(__file__).parent / "run_small_grid.py"

SUITE = """
name = "small"
description = "Two operations, once."
operations = ["rms_norm", "quant_int8"]
hardware = "cpu-x86_64"
language = "cpp"
epochs = 1
"""


def write_suite(folder: Path) -> Path:
    path = folder / "small.toml"
    path.write_text(SUITE)
    return path


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """The file of a suite of two operations, asked once."""
    return write_suite(tmp_path)


@dataclass(frozen=True)
class SmallRun:
    """A run of the small suite that was killed and gone on with to its end.

    Attributes:
        folder: of its logs.
        command: what starts or resumes it.
        kept: the samples that were done when it was killed.
    """

    folder: Path
    command: tuple[str, ...]
    kept: int


@pytest.fixture(scope="session")
def resumed_run(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    """A replay of two arms, killed in mid-run and resumed by the same command."""
    place = tmp_path_factory.mktemp("resumed")
    folder, said = place / "run", place / "said.txt"
    command = (sys.executable, str(SCRIPT), str(folder), str(write_suite(place)))

    def start() -> "subprocess.Popen[bytes]":
        with said.open("ab") as output:
            return subprocess.Popen(command, start_new_session=True, stdout=output, stderr=output)

    first = start()
    deadline = time.monotonic() + 120
    while samples_done(folder) == 0:
        assert time.monotonic() < deadline
        assert first.poll() is None, said.read_text()
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    kept = samples_done(folder)
    assert start().wait(timeout=240) == 0, said.read_text()
    return SmallRun(folder, command, kept)
