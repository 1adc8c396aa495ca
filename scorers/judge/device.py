"""What differs between the devices that kernels run on; the protocol above it is one."""

from __future__ import annotations

import os
import sysconfig
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from .arena import Arena, HostArena
from .build import Built, build_candidate, build_trampoline
from .clock import StoppingCriterion
from .extension import build_extension
from .job import Job, Operation
from .process import Worker
from .sandbox import Sandbox
from .start import start_runner

_THREAD_BYTES = 128 << 20


class Device(ABC):
    """One kind of device.

    Attributes:
        name: tells it from the others.
        torch_name: where the judge's tensors live.
        alignment: bytes that tensors are aligned to.
        slots_bytes: bytes of an arena that are filled with slots, if they hold enough.
        contents_bytes: bytes of contents that are kept for the next candidate.
        gated: whether calls are queued behind a gate, and contents written while they wait.
        criterion: when a timing ends.
        other_baselines: what eager is compared with besides the candidate, by names of BASELINES.
    """

    name: str
    torch_name: str
    alignment: int
    slots_bytes: int
    contents_bytes: int
    gated = False
    criterion: StoppingCriterion
    other_baselines: tuple[str, ...] = ()

    @abstractmethod
    def open_arena(self, capacity: int) -> Arena:
        """Memory to share with one other process."""

    @abstractmethod
    def build(self, job: Job, sandbox: Sandbox) -> Built:
        """Build a candidate into what a runner loads."""

    @abstractmethod
    def setup(self, operation: Operation) -> dict[str, Any]:
        """What both sides' processes need to make calls of this operation."""

    @abstractmethod
    def runner_setup(self, job: Job) -> dict[str, Any]:
        """What a runner needs besides, its limits above all."""

    @abstractmethod
    def start_runner(self, job: Job, sandbox: Sandbox, library: Path) -> Worker:
        """Start a runner that may read the library's folder.

        Raises:
            StartError: it did not greet the judge.
        """

    def clock(self) -> float | None:
        """The device's clock rate now, in hertz, where it can be read."""
        return None

    def memory(self) -> tuple[int, int]:
        """Bytes of memory that are free, and all of them."""
        pages, free = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_AVPHYS_PAGES")
        return free * os.sysconf("SC_PAGE_SIZE"), pages * os.sysconf("SC_PAGE_SIZE")

    def environment(self) -> dict[str, Any]:
        """What the evidence says of this device."""
        return {}

    def close(self) -> None:  # noqa: B027
        """Give back what was started ahead."""


def tensors_setup(job: Job) -> dict[str, Any]:
    """What a candidate that is called with tensors needs; nothing for one that takes pointers."""
    if job.language not in ("triton", "torch-ext"):
        return {}
    setup: dict[str, Any] = {
        "dtypes": [tensor.dtype for tensor in job.operation.tensors],
        "shapes": [
            [[w.dims[d] for d in job.operation.dims], w.shapes] for w in job.operation.workloads
        ],
    }
    if job.extension is not None:
        setup["package"], setup["inputs"] = job.extension.package, len(job.operation.inputs)
    return setup


def package_folders() -> list[str]:
    """Where this Python finds torch, for runners of candidates in Python."""
    return list(dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]))


class CpuDevice(Device):
    """This machine's CPU, for kernels in C++."""

    name = "cpu"
    torch_name = "cpu"
    alignment = 64
    slots_bytes = 64 << 20
    contents_bytes = 1 << 30
    criterion = StoppingCriterion()

    def open_arena(self, capacity: int) -> Arena:
        """Memory of the host."""
        return HostArena(capacity)

    def build(self, job: Job, sandbox: Sandbox) -> Built:
        """Build by g++: one source, or a kernel repository."""
        if job.extension is not None:
            return build_extension(job, sandbox)
        return build_candidate(job, sandbox)

    def setup(self, operation: Operation) -> dict[str, Any]:
        """The trampoline: a loop with clock_gettime on both sides of the call."""
        return {"trampoline": str(build_trampoline(operation))}

    def runner_setup(self, job: Job) -> dict[str, Any]:
        """A limit on memory, and no file written."""
        threads = len(os.sched_getaffinity(0)) * _THREAD_BYTES
        return {
            **self.setup(job.operation),
            **tensors_setup(job),
            "memory_bytes": job.settings.memory_bytes + threads,
            "permits": [],
            "scratch": None,
        }

    def start_runner(self, job: Job, sandbox: Sandbox, library: Path) -> Worker:
        """Start a runner; without torch, that takes a few hundredths of a second."""
        if job.extension is None:
            return start_runner(sandbox, [library.parent], {})
        packages = package_folders()
        return start_runner(sandbox, [library.parent, *map(Path, packages)], {}, packages)
