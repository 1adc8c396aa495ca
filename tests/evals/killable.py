"""A run of a recording as a process, to be killed and started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SCRIPT = Path(__file__).parent / "run_recorded.py"
MOST_STARTS = 30


class Run:
    """A run in a folder, started again and again until it ends by itself."""

    def __init__(self, folder: Path, recording: Path, said: Path) -> None:
        self.folder = folder
        self._said = said
        self._output = said.open("ab")
        self._server = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(folder), str(recording)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
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
        assert code in (0, 1, -signal.SIGKILL), self.said()
        assert self.starts < MOST_STARTS
        if code != 0:
            self.start()
        return code == 0

    def said(self) -> str:
        """What it has printed on stderr so far."""
        return self._said.read_text()

    def close(self) -> None:
        with suppress(ProcessLookupError):
            for process in (self.main, *descendants(self.main)):
                os.kill(process, signal.SIGKILL)
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.kill()
        self._server.wait()
        self._output.close()


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
    """A run that is started, and whose processes are gone at the end."""
    run = Run(folder, recording, recording.with_suffix(".said.txt"))
    try:
        run.start()
        yield run
    finally:
        run.close()
