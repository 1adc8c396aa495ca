"""How the processes that make calls are started: runners in the sandbox, and the baseline's."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import sandbox as walls
from .files import read_text
from .workers import BaselineProcess, Runner

RUNNER_FILES = (
    *("runner.py", "wire.py", "seccomp.py", "gated_calls.py", "python_calls.py"),
    *("model_calls.py", "package_calls.py", "problem.py"),
)
_PACKAGE = __name__.rpartition(".")[0]


def start_runner(
    sandbox: walls.Sandbox,
    readable: list[Path],
    environment: dict[str, str],
    packages: Sequence[str] = (),
) -> Runner:
    """Start a runner inside the sandbox.

    Args:
        sandbox: the walls.
        readable: folders that it may see besides the system's.
        environment: variables that it gets besides the few of every runner.
        packages: where it finds torch, if its candidate is Python.
    """
    python, folders = walls.interpreter()
    home = runner_home()
    runner = [*python, str(home / "runner.py")]
    command = sandbox.command(runner, readable=[*folders, home, *readable])
    return Runner(command, {**walls.environment(), **environment}, packages)


def start_baseline() -> BaselineProcess:
    """Start the baseline's process."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    # The judge's own threads sleep between its computations; the baseline's are timed.
    environment.pop("GOMP_SPINCOUNT", None)
    environment["OMP_NUM_THREADS"] = str(len(os.sched_getaffinity(0)))
    environment["OMP_PROC_BIND"] = "true"
    return BaselineProcess([sys.executable, "-m", f"{_PACKAGE}.baseline"], environment)


def packages() -> list[str]:
    """The folders of packages, where a runner finds torch."""
    found = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return list(dict.fromkeys(found))


_home: Path | None = None


def runner_home() -> Path:
    """A private folder with the runner's files, also where the judge runs from a zip."""
    global _home
    if _home is None:
        _home = Path(tempfile.mkdtemp(prefix="skilldyno-runner-"))
        (_home / "scratch").mkdir()
        for name in RUNNER_FILES:
            (_home / name).write_text(read_text(name), encoding="utf-8")
    return _home


def scratch_folder() -> Path:
    """An empty folder, over which a runner mounts one of its own to write to."""
    return runner_home() / "scratch"


def remove_runner_home() -> None:
    """Remove the private folder."""
    global _home
    if _home is not None:
        shutil.rmtree(_home)
        _home = None
