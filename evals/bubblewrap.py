"""A sandbox for agents where there is no container engine: bubblewrap, as the judge uses it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Literal, overload

from inspect_ai.util import (
    ExecResult,
    OutputLimitExceededError,
    SandboxEnvironment,
    SandboxEnvironmentLimits,
    SandboxUserUnsupportedError,
    sandboxenv,
    subprocess,
)

from ..scorers.judge.sandbox import Sandbox

_PACKAGE = Path(__file__).resolve().parents[1]
# Limits of each process: 16 GiB of address space (in KiB) and files of 1 GiB (in 512 bytes).
_LIMITS = 'ulimit -v 16777216; ulimit -f 2097152; cd "$1" && shift && exec nice -n 10 "$@"'
_ABSENT, _FOLDER = 44, 45
_READ = f'[ -e "$1" ] || exit {_ABSENT}; [ -d "$1" ] && exit {_FOLDER}; exec head -c "$2" -- "$1"'
_WRITE = f'[ -d "$1" ] && exit {_FOLDER}; mkdir -p -- "$(dirname -- "$1")" && exec cat > "$1"'


@sandboxenv(name="bwrap")
class BubblewrapEnvironment(SandboxEnvironment):
    """A private work folder, a read-only system, and no network; gone with the sample.

    Each command is a process tree of its own, and ends with all that it started.
    """

    @classmethod
    def default_concurrency(cls) -> int | None:
        """As many samples at a time as Inspect takes for Docker: two for each core."""
        return 2 * (os.cpu_count() or 1)

    @classmethod
    async def sample_init(
        cls, task_name: str, config: Any, metadata: dict[str, str]
    ) -> dict[str, SandboxEnvironment]:
        """Make one environment with an empty folder."""
        return {"default": cls()}

    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,
        config: Any,
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,
    ) -> None:
        """Remove the folder."""
        for environment in environments.values():
            shutil.rmtree(environment.as_type(BubblewrapEnvironment).folder, ignore_errors=True)

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="agent-"))

    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        """Run a command inside the walls, in the work folder or `cwd`."""
        command = self._command(cmd, cwd, env or {}, user)
        return await subprocess(
            command,
            input=input,
            timeout=timeout,
            output_limit=SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE,
            concurrency=concurrency,
        )

    async def write_file(self, file: str, contents: str | bytes) -> None:
        """Write a file, from inside the walls: a link in the folder leads nowhere else."""
        done = await self.exec(["/bin/sh", "-c", _WRITE, "sh", file], input=contents, timeout=60)
        if done.returncode == _FOLDER:
            raise IsADirectoryError(f"{file} is a folder")
        if not done.success:
            raise PermissionError(f"{file} cannot be written: {done.stderr.strip()}")

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        """Read a file, from inside the walls."""
        limit = SandboxEnvironmentLimits.MAX_READ_FILE_SIZE
        command = ["/bin/sh", "-c", _READ, "sh", file, str(limit + 1)]
        done = await subprocess(self._command(command, None, {}, None), text=False, timeout=60)
        if done.returncode == _ABSENT:
            raise FileNotFoundError(f"{file} does not exist")
        if done.returncode == _FOLDER:
            raise IsADirectoryError(f"{file} is a folder")
        if not done.success:
            raise PermissionError(f"{file} cannot be read")
        if len(done.stdout) > limit:
            raise OutputLimitExceededError(limit_str=f"{limit} bytes", truncated_output=None)
        return done.stdout.decode("utf-8") if text else done.stdout

    def _command(
        self, cmd: list[str], cwd: str | None, env: dict[str, str], user: str | None
    ) -> list[str]:
        if user is not None:
            raise SandboxUserUnsupportedError(f"this sandbox has no user {user!r}: name none")
        place = self.folder / (cwd or "")
        options = ["--setenv", "HOME", str(self.folder)]
        # Where skilldyno is installed in the system, its hidden workloads are not to be read.
        if _PACKAGE.is_relative_to("/usr"):
            options += ["--tmpfs", str(_PACKAGE)]
        for name, value in env.items():
            options += ["--setenv", name, value]
        options += ["--remount-ro", "/"]
        program = ["/bin/sh", "-c", _LIMITS, "sh", str(place), *cmd]
        # bwrap takes options until its first other argument, so these go on after the walls'.
        walls = Sandbox("bubblewrap", confine=False)
        return walls.command([*options, *program], readable=[], writable=self.folder)


def bubblewrap_works() -> bool:
    """Whether agents can be isolated by bubblewrap on this machine."""
    return Sandbox("bubblewrap", confine=False).works()
