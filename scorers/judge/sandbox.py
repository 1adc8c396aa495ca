"""Walls around untrusted code: bubblewrap, else namespaces, else only limits and the filter."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import seccomp
from .errors import MachineError

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives")
_LOADER = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d")

# CUDA was tried behind namespaces; bubblewrap as it is used here hides the devices.
LEVELS = {"cpu": ("bubblewrap", "namespaces"), "gpu": ("namespaces",)}


class SandboxError(MachineError):
    """No sandbox strong enough is to be had on this machine."""


@dataclass(frozen=True)
class Sandbox:
    """One level of isolation: `bubblewrap`, `namespaces` or `process`."""

    level: str
    confine: bool

    def describe(self) -> dict[str, Any]:
        """What the evidence says of the isolation."""
        return {"level": self.level, "system_call_filter": self.confine}

    def command(
        self, command: list[str], *, readable: list[Path], writable: Path | None = None
    ) -> list[str]:
        """The command line that runs `command` inside these walls.

        Args:
            command: the program and its arguments.
            readable: folders to be seen besides the system's.
            writable: the one folder that may be written.
        """
        if self.level == "bubblewrap":
            return [*_bubblewrap(readable, writable), *command]
        if self.level == "namespaces":
            return [*_UNSHARE, *command]
        return command

    def works(self) -> bool:
        """Whether a program runs inside these walls on this machine."""
        command = self.command(["/bin/true"], readable=[])
        if shutil.which(command[0]) is None:
            return False
        done = subprocess.run(command, capture_output=True, timeout=30, check=False)
        return done.returncode == 0


_UNSHARE = [
    *("unshare", "--user", "--map-root-user", "--pid", "--net", "--ipc", "--uts", "--mount"),
    *("--mount-proc", "--fork", "--kill-child"),
]


def _bubblewrap(readable: list[Path], writable: Path | None) -> list[str]:
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    command += ["--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108
    for path in (*_SYSTEM, *_LOADER):
        if os.path.islink(path):
            command += ["--symlink", os.readlink(path), path]
        else:
            command += ["--ro-bind-try", path, path]
    for folder in readable:
        command += ["--ro-bind", str(folder), str(folder)]
    if writable is not None:
        command += ["--bind", str(writable), str(writable)]
    for name, value in environment().items():
        command += ["--setenv", name, value]
    return [*command, "--chdir", str(writable or "/")]


def environment() -> dict[str, str]:
    """The whole environment of untrusted code: nothing of the user's."""
    threads = str(len(os.sched_getaffinity(0)))
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": threads}


def interpreter() -> tuple[list[str], list[Path]]:
    """The bare Python of this process, and the folders that it needs to be seen."""
    executable = Path(sys.executable).resolve()
    return [str(executable), "-I", "-S"], [Path(sys.base_prefix).resolve()]


@lru_cache(maxsize=4)
def strongest_sandbox(device: str) -> Sandbox:
    """The strongest level for kernels of a device that works on this machine, else `process`."""
    confine = seccomp.supported()
    for level in LEVELS[device]:
        sandbox = Sandbox(level, confine)
        if sandbox.works():
            return sandbox
    return Sandbox("process", confine)


def require_sandbox(device: str, unsafe: bool) -> Sandbox:
    """The strongest level that works, refusing to go without namespaces unless told to.

    Raises:
        SandboxError: none of them works here, and `unsafe` is false.
    """
    sandbox = strongest_sandbox(device)
    if not unsafe and (sandbox.level == "process" or not sandbox.confine):
        raise SandboxError(
            f"{' and '.join(LEVELS[device])} cannot isolate a kernel on this machine: "
            "install bubblewrap (apt-get install bubblewrap) or allow user namespaces, "
            "or pass --unsafe to trust the kernels"
        )
    return sandbox
