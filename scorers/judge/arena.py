"""Memory that the judge and one other process share: slots of tensors between guard bytes."""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from .build import build_native
from .job import Operation, Workload

GUARD_BYTES = 64
_JITTER_LINES = 64


@dataclass(frozen=True)
class Slot:
    """Where each tensor of one call lies: byte offsets from the arena's begin."""

    offsets: tuple[int, ...]
    sizes: tuple[int, ...]
    begin: int
    end: int

    def guards(self) -> list[tuple[int, int]]:
        """The ranges before, between and after the tensors, which no kernel may touch."""
        edges = [self.begin]
        for offset, size in zip(self.offsets, self.sizes, strict=True):
            edges += [offset, offset + size]
        edges.append(self.end)
        return list(zip(edges[::2], edges[1::2], strict=True))


class Arena(ABC):
    """Shared memory; `bytes` is all of it, as the judge sees it."""

    bytes: torch.Tensor
    capacity: int

    def view(self, slot: Slot, tensor: int) -> torch.Tensor:
        """The bytes of one tensor, shared with the other process."""
        begin = slot.offsets[tensor]
        return self.bytes[begin : begin + slot.sizes[tensor]]

    @abstractmethod
    def write(self, slot: Slot, tensor: int, value: torch.Tensor) -> None:
        """Copy a tensor's bytes into its place."""

    @abstractmethod
    def poison(self, slot: Slot, tensor: int, random: np.random.Generator | None) -> None:
        """Fill a place with random bytes, or with ones in every bit, a NaN in any float format."""

    @abstractmethod
    def holds(self, slot: Slot, tensor: int, value: torch.Tensor) -> bool:
        """Whether a place holds exactly these bytes."""

    def fill_guards(self, slot: Slot, canary: int) -> None:
        """Fill every guard with one byte."""
        for begin, end in slot.guards():
            self.bytes[begin:end] = canary

    def guards_hold(self, slot: Slot, canary: int) -> bool:
        """Whether every guard still holds that byte."""
        guards = torch.cat([self.bytes[begin:end] for begin, end in slot.guards()])
        return bool((guards == canary).all())

    @abstractmethod
    def evict(self, slot: Slot) -> None:
        """Make the slot cold, and wait until all that was done to it has been done."""

    @abstractmethod
    def share(self) -> tuple[dict[str, Any], list[int]]:
        """What the other process needs to map this memory: setup fields and descriptors."""

    @abstractmethod
    def close(self) -> None:
        """Give the memory back."""


class GatedArena(Arena):
    """Memory with a gate that queued calls wait behind."""

    @abstractmethod
    def close_gate(self) -> int:
        """The number of the next gate."""

    @abstractmethod
    def say_staged(self) -> None:
        """Say that the contents are there, and wait until the device is ready for the call."""

    @abstractmethod
    def gate_is_closed(self) -> bool:
        """Whether the device says that the gate holds it."""

    @abstractmethod
    def open_gate(self) -> None:
        """Let the call behind the gate run."""

    @abstractmethod
    def call_is_done(self) -> bool:
        """Whether the device says that the call behind the gate has ended."""


class HostArena(Arena):
    """A sealed anonymous file, mapped here, and handed over by its descriptor.

    What is done between a warm call and the timed one is done by numpy, on one thread: torch would
    wake a team for it, which takes a millisecond where threads share cores, and meanwhile the
    candidate's own threads fall asleep.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = -(-capacity // mmap.PAGESIZE) * mmap.PAGESIZE
        self._descriptor = os.memfd_create("arena", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self._descriptor, self.capacity)
        # A candidate that shrank the file would crash the judge at its next read.
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(self._descriptor, fcntl.F_ADD_SEALS, seals)
        flags = mmap.MAP_SHARED | mmap.MAP_POPULATE
        self.bytes = torch.frombuffer(
            mmap.mmap(self._descriptor, self.capacity, flags), dtype=torch.uint8
        )
        self._flush = ctypes.CDLL(str(build_native())).skilldyno_flush
        self._memcmp = ctypes.CDLL(None).memcmp
        self._memcmp.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)

    def write(self, slot: Slot, tensor: int, value: torch.Tensor) -> None:
        """Copy a tensor's bytes into its place."""
        np.copyto(self.view(slot, tensor).numpy(), as_bytes(value).numpy())

    def poison(self, slot: Slot, tensor: int, random: np.random.Generator | None) -> None:
        """Fill a place with random bytes, or with ones in every bit, a NaN in any float format."""
        place = self.view(slot, tensor).numpy()
        if random is None:
            place.fill(0xFF)
        else:
            place[:] = np.frombuffer(random.bytes(place.size), dtype=np.uint8)

    def holds(self, slot: Slot, tensor: int, value: torch.Tensor) -> bool:
        """Whether a place holds exactly these bytes."""
        there, given = self.view(slot, tensor), as_bytes(value)
        return self._memcmp(there.data_ptr(), given.data_ptr(), given.numel()) == 0

    def evict(self, slot: Slot) -> None:
        """Evict the slot from every cache level."""
        begin = ctypes.c_void_p(self.bytes.data_ptr() + slot.begin)
        self._flush(begin, ctypes.c_int64(slot.end - slot.begin))

    def share(self) -> tuple[dict[str, Any], list[int]]:
        """The arena's size and descriptor."""
        return {"arena_bytes": self.capacity}, [self._descriptor]

    def close(self) -> None:
        """Give the memory back once the last view of it is gone."""
        os.close(self._descriptor)


def as_bytes(tensor: torch.Tensor) -> torch.Tensor:
    """A contiguous tensor's bytes."""
    return tensor.reshape(-1).view(torch.uint8)


def tensor_sizes(operation: Operation, workload: Workload) -> tuple[int, ...]:
    """Bytes of each tensor of a workload."""
    return tuple(
        int(np.prod(shape)) * item_size(tensor.dtype)
        for tensor, shape in zip(operation.tensors, workload.shapes, strict=True)
    )


def least_work(operation: Operation, workload: Workload) -> Workload:
    """A workload with no more work than any right kernel must do.

    What a KernelBench problem's Model reads, a ModelNew may know how to do without: then only the
    outputs must be written.
    """
    if not operation.is_problem:
        return workload
    written = tensor_sizes(operation, workload)[len(operation.inputs) :]
    return replace(workload, bytes=sum(written), operations=0)


def item_size(dtype: str) -> int:
    """Bytes of one element."""
    return getattr(torch, dtype).itemsize


def slot_bytes(operation: Operation, workload: Workload, alignment: int) -> int:
    """The most bytes that one slot of a workload may take."""
    return sum(
        size + 2 * alignment + GUARD_BYTES + alignment * _JITTER_LINES
        for size in (*tensor_sizes(operation, workload), 0)
    )


def lay_out(
    operation: Operation,
    workload: Workload,
    slots: int,
    random: np.random.Generator,
    alignment: int,
) -> list[Slot]:
    """Slots one behind the other, with random gaps that keep tensors off one another's sets."""
    placed, position = [], 0
    for _ in range(slots):
        begin, offsets = position, []
        sizes = tensor_sizes(operation, workload)
        for size in sizes:
            gap = GUARD_BYTES + alignment * int(random.integers(0, _JITTER_LINES))
            position = -(-(position + gap) // alignment) * alignment
            offsets.append(position)
            position += size
        position = -(-(position + GUARD_BYTES) // alignment) * alignment
        placed.append(Slot(tuple(offsets), sizes, begin, position))
    return placed
