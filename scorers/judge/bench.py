"""One worker and its arena: contents in, calls made, outputs out, everything else untouched."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from .arena import Arena, Bytes, Slot, lay_out, slot_bytes
from .build import build_native
from .check import compare
from .contents import Contents
from .job import Operation, Workload
from .process import Reply, Worker

_SLOTS_BYTES = 64 << 20
MIN_SLOTS = 3
MAX_SLOTS = 33


class WrongOutput(Exception):
    """An output is not what the oracle expects: the message says where, `error` how far."""

    def __init__(self, detail: str, error: float | None = None) -> None:
        super().__init__(detail)
        self.error = error


class Tampering(Exception):
    """The candidate changed what it may not change."""


def slot_count(operation: Operation, workload: Workload) -> int:
    """How many calls of a workload the arena holds at once."""
    fitting = _SLOTS_BYTES // slot_bytes(operation, workload)
    return max(MIN_SLOTS, min(MAX_SLOTS, fitting))


def arena_capacity(operation: Operation) -> int:
    """Bytes that the largest workload needs."""
    return max(slot_count(operation, w) * slot_bytes(operation, w) for w in operation.workloads)


@dataclass
class Bench:
    """A worker with its arena, laid out for one workload at a time."""

    operation: Operation
    worker: Worker
    arena: Arena
    random: np.random.Generator
    call_seconds: float
    workload: Workload | None = None
    slots: list[Slot] = field(default_factory=list)
    _canary: int = 0
    _taken: dict[int, list[Bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._flush = ctypes.CDLL(str(build_native())).skilldyno_flush
        self._memcmp = ctypes.CDLL(None).memcmp
        self._memcmp.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)

    def set_workload(self, workload: Workload) -> None:
        """Lay the arena out anew, at other addresses."""
        self.workload = workload
        self._taken.clear()
        count = slot_count(self.operation, workload)
        self.slots = lay_out(self.operation, workload, count, self.random)
        self._canary = int(self.random.integers(1, 255))

    def stage(self, index: int, contents: Contents) -> None:
        """Put contents into a slot, poison its outputs, and evict all of it from the caches.

        Raises:
            Tampering: an output that was taken from this slot earlier has changed since.
        """
        slot = self.slots[index]
        self._check_unchanged(index)
        for i, tensor in enumerate(contents.inputs):
            np.copyto(self.arena.view(slot, i), _bytes(tensor))
        for i, tensor in enumerate(self.operation.outputs, len(contents.inputs)):
            view = self.arena.view(slot, i)
            # All bits set is a NaN in every float format; integers get bytes that no op favours.
            view[:] = 0xFF if "float" in tensor.dtype else self.random.integers(0, 256, view.size)
        for guard in self.arena.guards(slot):
            guard[:] = self._canary
        self.flush(index)

    def flush(self, index: int) -> None:
        """Evict a slot from every cache level."""
        slot = self.slots[index]
        begin = ctypes.c_void_p(self.arena.address + slot.begin)
        self._flush(begin, ctypes.c_int64(slot.end - slot.begin))

    def call(
        self, indices: Sequence[int], warm: Sequence[int] = (), *, keep: bool = False
    ) -> Reply:
        """Run the kernel once on each slot; the worker is awake before and after.

        Args:
            indices: the slots of the calls whose claims the reply holds.
            warm: slots of calls before them, in the same message.
            keep: whether the baseline writes its outputs into the slots.
        """
        assert self.workload is not None
        dims = [self.workload.dims[d] for d in self.operation.dims]
        slots = [self.slots[i] for i in (*warm, *indices)]
        reply = self.worker.call(slots, dims, self.call_seconds, warm=len(warm), keep=keep)
        return Reply(reply.claims[len(warm) :], reply.outside)

    def take(self, index: int, contents: Contents) -> float:
        """Verify everything about a slot after a call; the error in units of the tolerance.

        Raises:
            WrongOutput: an output is wrong, or bytes beside it were overwritten.
            Tampering: an input was overwritten.
        """
        slot = self.slots[index]
        for i, tensor in enumerate(contents.inputs):
            if not self._equal(self.arena.view(slot, i), _bytes(tensor)):
                raise Tampering(f"it wrote to its input {self.operation.inputs[i].name}")
        for guard in self.arena.guards(slot):
            if (guard != self._canary).any():
                raise WrongOutput("it wrote outside its outputs")
        first = len(contents.inputs)
        copies = [
            self.arena.view(slot, first + i).copy() for i in range(len(self.operation.outputs))
        ]
        self._taken[index] = copies
        shapes = [expected.value.shape for expected in contents.expected]
        outputs = tuple(
            _typed(copy, tensor.dtype, shape)
            for copy, tensor, shape in zip(copies, self.operation.outputs, shapes, strict=True)
        )
        difference = compare(self.operation, contents, outputs)
        if not difference.passes:
            raise WrongOutput(difference.detail, difference.error)
        return difference.error

    def checked_call(self, index: int, contents: Contents, *, keep: bool = False) -> float:
        """One call outside timing, verified; the error in units of the tolerance."""
        self.stage(index, contents)
        self.worker.resume()
        self.call([index], keep=keep)
        self.worker.stop()
        return self.take(index, contents)

    def check_all_unchanged(self) -> None:
        """Look once more at every output that was taken and not yet replaced.

        Raises:
            Tampering: one has changed since.
        """
        for index in list(self._taken):
            self._check_unchanged(index)

    def _check_unchanged(self, index: int) -> None:
        first = len(self.operation.inputs)
        for i, copy in enumerate(self._taken.pop(index, [])):
            if not self._equal(self.arena.view(self.slots[index], first + i), copy):
                raise Tampering("it changed an output after that had been taken")

    def _equal(self, left: Bytes, right: Bytes) -> bool:
        return self._memcmp(left.ctypes.data, right.ctypes.data, left.size) == 0

    def close(self) -> None:
        """End the worker and give the memory back."""
        self.worker.kill()
        self.arena.close()


def _bytes(tensor: torch.Tensor) -> Bytes:
    return tensor.reshape(-1).view(torch.uint8).numpy()


def _typed(copy: Bytes, dtype: str, shape: torch.Size) -> torch.Tensor:
    return torch.from_numpy(copy).view(getattr(torch, dtype)).reshape(shape)
