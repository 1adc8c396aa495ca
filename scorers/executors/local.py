"""Judges on this machine: one for its CPU, and one for each of its GPUs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import lru_cache
from typing import Any

from ...tasks.hardware import (
    HardwareProfile,
    detect_hardware,
    gpus_of,
    load_profile,
    require_this_machine,
)
from ...tasks.language import Kind, Language
from ..packed.judges import room_on_a_gpu, share_of_cores
from .executor import Listener
from .fleet import Fleet
from .line import Place
from .process import JudgeProcess

JUDGE = (sys.executable, "-m", "skilldyno.scorers.judge")
_VISIBLE = "CUDA_VISIBLE_DEVICES"


class LocalPlace:
    """A judge that is a child of this process and builds for itself."""

    def __init__(self, name: str, process: JudgeProcess, room: float) -> None:
        self.name = name
        self.room = room
        self._process = process

    def judge(self, job: dict[str, Any], build: Any) -> Future[dict[str, Any]]:
        """See Place."""
        return self._process.judge(job)

    def close(self) -> None:
        """See Place."""
        self._process.close()


class LocalMachine:
    """This machine."""

    # Whoever measures a candidate builds it, ahead of time too.
    builds_ahead = sys.maxsize

    def __init__(self, command: Sequence[str] = JUDGE) -> None:
        self._command = command
        self._open: set[str] = set()

    def hardware(self, name: str, language: Language, kind: Kind | None) -> HardwareProfile:
        """See Executor."""
        if name == "auto":
            return detect_hardware(language, kind)
        profile = load_profile(name)
        require_this_machine(profile)
        return profile

    def open(self, hardware: str, opened: Callable[[Place], None], tell: Listener) -> None:
        """See Machines."""
        if hardware in self._open:
            return
        self._open.add(hardware)
        profile = load_profile(hardware)
        if profile.kind == "cpu":
            process = JudgeProcess(self._command, dict(os.environ), tell)
            opened(LocalPlace("cpu", process, float("inf")))
            return
        # One that nvidia-smi does not name is the judge's own to find, or to miss.
        gpus = gpus_of(profile) or ("",)
        for index, gpu in enumerate(gpus):
            environment = {**os.environ, **({_VISIBLE: gpu} if gpu else {})}
            own = share_of_cores(index, len(gpus))
            process = JudgeProcess(self._command, environment, tell, own)
            opened(LocalPlace(gpu or "gpu", process, room_on_a_gpu(len(gpus))))

    def build(self, job: dict[str, Any]) -> None:
        """See Machines."""

    def close(self) -> None:
        """See Machines."""
        self._open.clear()


class LocalExecutor(Fleet):
    """Judges on this machine's CPU and GPUs, started with the first job and kept till the end."""

    def __init__(self, command: Sequence[str] = JUDGE) -> None:
        super().__init__(LocalMachine(command))


@lru_cache(maxsize=1)
def local_executor() -> LocalExecutor:
    """The one of this process: its judges' caches and baselines serve every sample."""
    return LocalExecutor()
