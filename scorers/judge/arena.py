"""Memory that the judge and one other process share: slots of tensors between guard bytes."""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .job import Operation, Workload

GUARD_BYTES = 64
_ALIGNMENT = 64
_JITTER_LINES = 64

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Slot:
    """Where each tensor of one call lies: byte offsets from the arena's begin."""

    offsets: tuple[int, ...]
    sizes: tuple[int, ...]
    begin: int
    end: int


class Arena:
    """A sealed anonymous file, mapped here, and handed to a runner by its descriptor."""

    def __init__(self, capacity: int) -> None:
        self.capacity = -(-capacity // mmap.PAGESIZE) * mmap.PAGESIZE
        self.descriptor = os.memfd_create("arena", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.descriptor, self.capacity)
        # A candidate that shrank the file would crash the judge at its next read.
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, seals)
        self._map = mmap.mmap(self.descriptor, self.capacity, mmap.MAP_SHARED | mmap.MAP_POPULATE)
        self.bytes: Bytes = np.frombuffer(self._map, dtype=np.uint8)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._map))

    def close(self) -> None:
        """Give the memory back once the last view of it is gone."""
        os.close(self.descriptor)

    def view(self, slot: Slot, tensor: int) -> Bytes:
        """The bytes of one tensor, shared with the runner."""
        begin = slot.offsets[tensor]
        return self.bytes[begin : begin + slot.sizes[tensor]]

    def guards(self, slot: Slot) -> list[Bytes]:
        """The bytes before, between and after the tensors, which no kernel may touch."""
        edges = [slot.begin]
        for offset, size in zip(slot.offsets, slot.sizes, strict=True):
            edges += [offset, offset + size]
        edges.append(slot.end)
        return [self.bytes[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]


def tensor_sizes(operation: Operation, workload: Workload) -> tuple[int, ...]:
    """Bytes of each tensor of a workload."""
    return tuple(
        int(np.prod(shape)) * item_size(tensor.dtype)
        for tensor, shape in zip(operation.tensors, workload.shapes, strict=True)
    )


def item_size(dtype: str) -> int:
    """Bytes of one element; bfloat16 counts although numpy has no such type."""
    return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize


def slot_bytes(operation: Operation, workload: Workload) -> int:
    """The most bytes that one slot of a workload may take."""
    return sum(
        size + 2 * _ALIGNMENT + GUARD_BYTES + _ALIGNMENT * _JITTER_LINES
        for size in (*tensor_sizes(operation, workload), 0)
    )


def lay_out(
    operation: Operation, workload: Workload, slots: int, random: np.random.Generator
) -> list[Slot]:
    """Slots one behind the other, with random gaps that keep tensors off one another's sets."""
    placed, position = [], 0
    for _ in range(slots):
        begin, offsets = position, []
        sizes = tensor_sizes(operation, workload)
        for size in sizes:
            gap = GUARD_BYTES + _ALIGNMENT * int(random.integers(0, _JITTER_LINES))
            position = -(-(position + gap) // _ALIGNMENT) * _ALIGNMENT
            offsets.append(position)
            position += size
        position = -(-(position + GUARD_BYTES) // _ALIGNMENT) * _ALIGNMENT
        placed.append(Slot(tuple(offsets), sizes, begin, position))
    return placed
