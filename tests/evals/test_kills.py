"""Any process of a run may be killed at any moment: the table is what it would have been."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from recorded import kernels, record

from skilldyno.results.table import read_rows

pytestmark = pytest.mark.alone

KILLS = 20
SCRIPT = Path(__file__).parent / "run_recorded.py"
VERDICTS = ["incorrect", "compile_error", "no_code", "runtime_error", "incorrect", "compile_error"]


class Run:
    """A run in a folder, started again and again until it ends by itself."""

    def __init__(self, folder: Path, recording: Path) -> None:
        self.folder = folder
        self._said = folder.with_suffix(".txt").open("ab")
        self._server = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(folder), str(recording)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )
        self.main = 0
        self.starts = 0

    def ask(self, word: str) -> int:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(f"{word}\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def start(self) -> None:
        self.main = self.ask("start")
        self.starts += 1

    def is_over(self) -> bool:
        """Whether the run has ended by itself; what was killed is started again."""
        if status_of(self.main)[0] != "Z":
            return False
        code = self.ask("wait")
        # 1: samples are missing, and the same command goes on.
        assert code in (0, 1, -signal.SIGKILL), self.folder.with_suffix(".txt").read_text()
        assert self.starts < KILLS + 3
        if code != 0:
            self.start()
        return code == 0

    def close(self) -> None:
        with suppress(ProcessLookupError):
            for process in (self.main, *descendants(self.main)):
                os.kill(process, signal.SIGKILL)
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.kill()
        self._server.wait()
        self._said.close()


def status_of(process: int) -> tuple[str, int]:
    """Letter of the state and parent of a process; Z where there is none any more."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return "Z", 0
    state, parent = text.rpartition(")")[2].split()[:2]
    return state, int(parent)


def descendants(process: int) -> list[int]:
    parents = {int(p.name): status_of(int(p.name))[1] for p in Path("/proc").glob("[0-9]*")}
    found = [process]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


@contextmanager
def running(folder: Path, recording: Path) -> Iterator[Run]:
    run = Run(folder, recording)
    try:
        run.start()
        yield run
    finally:
        run.close()


def require_the_table(folder: Path) -> None:
    rows = read_rows([folder])
    assert len(rows) == 2 * len(VERDICTS)
    for _, arm in rows.groupby("variant"):
        assert [*arm.sort_values("epoch")["verdict"]] == VERDICTS
        assert set(arm["status"]) == {"scored"}
    assert not (folder / "evidence" / "journal.jsonl").exists()


def test_twenty_random_kills_leave_the_same_table(tmp_path, rms_norm):
    completions = kernels(rms_norm)
    # Equal verdicts come of different candidates.
    texts = [
        completions[verdict].replace("\n```", f"\n// {epoch}\n```")
        for epoch, verdict in enumerate(VERDICTS)
    ]
    recording = record(tmp_path, texts, ("none", "prompt"))
    numbers = random.Random(9)
    killed = round_ = 0
    deadline = time.monotonic() + 900
    while killed < KILLS:
        round_ += 1
        with running(tmp_path / f"run-{round_}", recording) as run:
            moment = time.monotonic() + numbers.uniform(0.2, 5)
            while not run.is_over():
                assert time.monotonic() < deadline
                time.sleep(0.05)
                if killed < KILLS and time.monotonic() > moment:
                    victim = numbers.choice([run.main, *descendants(run.main)])
                    with suppress(ProcessLookupError):
                        os.kill(victim, signal.SIGKILL)
                        killed += 1
                    moment = time.monotonic() + numbers.uniform(0.2, 5)
            require_the_table(run.folder)
