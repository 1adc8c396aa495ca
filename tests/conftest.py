"""What several rooms' tests share: kernels, and the judge of this machine."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import count
from pathlib import Path
from typing import Literal

import pytest
from browser import Browser, start_browser
from command_client import SERVER, run_command

from skilldyno.scorers.evidence import Evidence
from skilldyno.scorers.executors.local import LocalExecutor, local_executor
from skilldyno.scorers.job import make_job
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.hardware import (
    HardwareError,
    HardwareProfile,
    detect_hardware,
    load_profile,
)
from skilldyno.tasks.language import Language

TESTS = Path(__file__).parent
_numbers = count()

SkilldynoCommand = Callable[..., "subprocess.CompletedProcess[str]"]
Judge = Callable[..., "Future[Evidence]"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """What Inspect runs on, whatever else is installed."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Threads of several tests at once would wait for one another at every operator."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(scope="session")
def command_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The socket of a process that runs commands in forks of its own, also for shells."""
    path = str(tmp_path_factory.mktemp("server") / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        descriptor = listener.fileno()
        server = subprocess.Popen(
            [sys.executable, str(TESTS / "command_server.py"), str(descriptor)],
            stdin=subprocess.PIPE,
            pass_fds=[descriptor],
        )
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(SERVER, path)
        yield path
    server.kill()
    server.communicate()


@pytest.fixture(scope="session")
def skilldyno(command_server: str, tmp_path_factory: pytest.TempPathFactory) -> SkilldynoCommand:
    """Runs the command, and gives back what it printed and its exit code."""
    files = tmp_path_factory.mktemp("commands")

    def run(
        *arguments: str, env: dict[str, str] | None = None, cwd: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        said = [files / f"{next(_numbers)}.{name}" for name in ("stdout", "stderr")]
        with open(os.devnull) as empty, said[0].open("w") as stdout, said[1].open("w") as stderr:
            code = run_command(
                command_server,
                arguments,
                os.environ if env is None else env,
                cwd or Path.cwd(),
                [empty.fileno(), stdout.fileno(), stderr.fileno()],
            )
        return subprocess.CompletedProcess(arguments, code, *(f.read_text() for f in said))

    return run


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium that all tests of pages share."""
    with start_browser() as started:
        yield started


@pytest.fixture(scope="session")
def executor() -> LocalExecutor:
    """The judge process that all tests share."""
    return local_executor()


@pytest.fixture(scope="session")
def judge(executor: LocalExecutor) -> Judge:
    """Submits a kernel for rms_norm in C++ to the judge, to be timed or checked alone."""

    def submit(source: str, until: Literal["check", "time"] = "time") -> "Future[Evidence]":
        job = make_job(
            id=f"test-{next(_numbers)}",
            source=source,
            operation=load_operation("rms_norm"),
            hardware=load_profile("cpu-x86_64"),
            language="cpp",
            until=until,
        )
        job["settings"]["call_seconds"] = 4.0
        return executor.submit(job)

    return submit


@pytest.fixture(scope="session")
def hardware_for() -> Callable[[Language], HardwareProfile]:
    """Gives the profile of this machine for a language, and skips where it cannot run it."""

    def detect(language: Language) -> HardwareProfile:
        try:
            return detect_hardware(language)
        except HardwareError as error:
            pytest.skip(str(error))

    return detect


@pytest.fixture(scope="session")
def rms_norm() -> Callable[..., str]:
    """Writes a kernel for rms_norm around the statements that it is given."""
    return write_rms_norm


HONEST = """
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        float total = 0;
#pragma omp simd reduction(+ : total)
        for (int64_t n = 0; n < N; ++n) total += row[n] * row[n];
        const float scale = 1 / std::sqrt(total / N + eps);
        for (int64_t n = 0; n < N; ++n) out[m * N + n] = row[n] * scale * weight[n];
    }
"""


def write_rms_norm(before: str = "", after: str = "", *, body: str = HONEST, top: str = "") -> str:
    """An honest kernel with statements before and after, or with another body."""
    return f"""
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
{top}
extern "C" void rms_norm(const float* x, const float* weight, float* out, int64_t M, int64_t N,
                         float eps) {{
    {before}
    {body}
    {after}
}}
"""
