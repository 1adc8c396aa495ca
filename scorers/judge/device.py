"""What differs between the devices that kernels run on; the protocol above it is one."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from .arena import Arena, HostArena
from .build import build_trampoline
from .clock import StoppingCriterion
from .job import Job, Operation
from .sandbox import Sandbox
from .start import packages, start_runner
from .workers import Runner

_THREAD_BYTES = 128 << 20
TENSORS = ("triton", "torch", "torch-ext")


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
    def setup(self, operation: Operation) -> dict[str, Any]:
        """What both sides' processes need to make calls of this operation."""

    @abstractmethod
    def runner_setup(self, job: Job) -> dict[str, Any]:
        """What a runner needs besides, its limits above all."""

    @abstractmethod
    def start_runner(self, job: Job, sandbox: Sandbox, library: Path) -> Runner:
        """Start a runner that may read the library's folder."""

    def has_room(self, capacity: int) -> bool:
        """Whether another arena of so many bytes may be opened beside those that are."""
        return True

    def turn_to_start(self) -> AbstractContextManager[None]:
        """Held while a runner makes what it needs of the device."""
        return nullcontext()

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


def python_setup(job: Job) -> dict[str, Any]:
    """What a runner needs to make tensors of the judge's memory, and a ModelNew."""
    operation = job.operation
    setup: dict[str, Any] = {
        "dtypes": [tensor.dtype for tensor in operation.tensors],
        "shapes": [[[w.dims[d] for d in operation.dims], w.shapes] for w in operation.workloads],
    }
    if operation.is_problem:
        setup |= {
            "problem": operation.reference,
            "arguments": operation.arguments,
            "tensors": [tensor.name for tensor in operation.inputs],
            "scalar_values": {scalar.name: scalar.value for scalar in operation.scalars},
        }
    if job.extension is not None:
        setup |= {"package": job.extension.package, "inputs": len(operation.inputs)}
    return setup


class CpuDevice(Device):
    """This machine's CPU, for kernels in C++ and models in PyTorch."""

    name = "cpu"
    torch_name = "cpu"
    alignment = 64
    slots_bytes = 64 << 20
    contents_bytes = 1 << 30
    criterion = StoppingCriterion()

    def open_arena(self, capacity: int) -> Arena:
        """Memory of the host."""
        return HostArena(capacity)

    def setup(self, operation: Operation) -> dict[str, Any]:
        """The trampoline: a loop with clock_gettime on both sides of the call."""
        if operation.is_problem:
            return {}
        return {"trampoline": str(build_trampoline(operation))}

    def runner_setup(self, job: Job) -> dict[str, Any]:
        """A limit on memory, and no file written."""
        threads = len(os.sched_getaffinity(0)) * _THREAD_BYTES
        return {
            **self.setup(job.operation),
            **(python_setup(job) if job.language in TENSORS else {}),
            "memory_bytes": job.settings.memory_bytes + threads,
            "permits": [],
            "scratch": None,
        }

    def start_runner(self, job: Job, sandbox: Sandbox, library: Path) -> Runner:
        """Start a runner: without torch, in a few hundredths of a second, where it needs none."""
        if job.language not in TENSORS:
            return start_runner(sandbox, [library.parent], {})
        found = packages()
        return start_runner(sandbox, [library.parent, *map(Path, found)], {}, found)
