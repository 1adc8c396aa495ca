"""What differs between the devices that kernels run on; the protocol above it is one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from .arena import Arena, HostArena
from .build import Built, build_candidate, build_trampoline
from .job import Job, Operation
from .sandbox import Sandbox


class Device(ABC):
    """One kind of device.

    Attributes:
        torch_name: where the judge's tensors live.
        alignment: bytes that tensors are aligned to.
        slots_bytes: bytes of an arena that are filled with slots, if they hold enough.
        contents_bytes: bytes of contents that are kept for the next candidate.
    """

    torch_name: str
    alignment: int
    slots_bytes: int
    contents_bytes: int

    @abstractmethod
    def open_arena(self, capacity: int) -> Arena:
        """Memory to share with one other process."""

    @abstractmethod
    def build(self, job: Job, sandbox: Sandbox) -> Built:
        """Build a candidate into a shared library."""

    @abstractmethod
    def trampoline(self, operation: Operation) -> Path:
        """The library that calls a kernel of this signature between two clock reads."""

    def setup(self) -> dict[str, Any]:
        """Fields of a runner's setup that only this device needs."""
        return {}


class CpuDevice(Device):
    """This machine's CPU, for kernels in C++."""

    torch_name = "cpu"
    alignment = 64
    slots_bytes = 64 << 20
    contents_bytes = 1 << 30

    def open_arena(self, capacity: int) -> Arena:
        """Memory of the host."""
        return HostArena(capacity)

    def build(self, job: Job, sandbox: Sandbox) -> Built:
        """Build by g++."""
        return build_candidate(job, sandbox)

    def trampoline(self, operation: Operation) -> Path:
        """A loop with clock_gettime on both sides of the call."""
        return build_trampoline(operation)
