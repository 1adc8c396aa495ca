"""One worker and its arena: contents in, calls made, outputs out, everything else untouched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from .arena import Arena, Slot, lay_out, slot_bytes
from .check import compare
from .contents import Contents
from .device import Device
from .gate import Gate
from .job import Operation, Workload
from .process import Reply, Worker

MIN_SLOTS = 3
MAX_SLOTS = 33


class WrongOutput(Exception):
    """An output is not what the oracle expects: the message says where, `error` how far."""

    def __init__(self, detail: str, error: float | None = None) -> None:
        super().__init__(detail)
        self.error = error


class Tampering(Exception):
    """The candidate changed what it may not change."""


@dataclass(frozen=True)
class Piece:
    """Bytes of an output as they were right after the answer."""

    output: int
    begin: int
    bytes: torch.Tensor


def slot_count(operation: Operation, workload: Workload, device: Device) -> int:
    """How many calls of a workload the arena holds at once."""
    fitting = device.slots_bytes // slot_bytes(operation, workload, device.alignment)
    return max(MIN_SLOTS, min(MAX_SLOTS, fitting))


def arena_capacity(operation: Operation, device: Device) -> int:
    """Bytes that the largest workload needs."""
    return max(
        slot_count(operation, w, device) * slot_bytes(operation, w, device.alignment)
        for w in operation.workloads
    )


@dataclass
class Bench:
    """A worker with its arena, laid out for one workload at a time."""

    operation: Operation
    device: Device
    worker: Worker
    arena: Arena
    random: np.random.Generator
    call_seconds: float
    function: int = 0
    workload: Workload | None = None
    slots: list[Slot] = field(default_factory=list)
    _canary: int = 0
    _pieces: dict[int, list[Piece]] = field(default_factory=dict)
    _taken: dict[int, list[torch.Tensor]] = field(default_factory=dict)

    def set_workload(self, workload: Workload) -> None:
        """Lay the arena out anew, at other addresses."""
        self.workload = workload
        self._taken.clear()
        count = slot_count(self.operation, workload, self.device)
        self.slots = lay_out(self.operation, workload, count, self.random, self.device.alignment)
        self._canary = int(self.random.integers(1, 255))

    def stage(self, index: int, contents: Contents) -> None:
        """Put contents into a slot, poison its outputs, and evict all of it from the caches.

        Raises:
            Tampering: an output that was taken from this slot earlier has changed since.
        """
        slot = self.slots[index]
        self._check_unchanged(index)
        for i, tensor in enumerate(contents.inputs):
            self.arena.write(slot, i, tensor)
        for i, tensor in enumerate(self.operation.outputs, len(contents.inputs)):
            # Integers have no NaN: they get bytes that no operation favours.
            self.arena.poison(slot, i, None if "float" in tensor.dtype else self.random)
        self.arena.fill_guards(slot, self._canary)
        self.arena.evict(slot)

    def call(
        self,
        indices: Sequence[int],
        warm: Sequence[int] = (),
        *,
        keep: bool = False,
        gate: Gate | None = None,
    ) -> Reply:
        """Run the kernel once on each slot; the worker is awake before and after.

        Args:
            indices: the slots of the calls whose claims the reply holds.
            warm: slots of calls before them, in the same message.
            keep: whether the baseline writes its outputs into the slots.
            gate: what the last call waits behind, if anything.
        """
        slots = [self.slots[i] for i in (*warm, *indices)]
        reply = self.worker.call(
            slots,
            self._dims(),
            self.call_seconds,
            warm=len(warm),
            keep=keep,
            function=self.function,
            gate=gate,
        )
        return replace(reply, claims=reply.claims[len(warm) :])

    def _dims(self) -> list[int]:
        assert self.workload is not None
        return [self.workload.dims[d] for d in self.operation.dims]

    def take(self, index: int, contents: Contents) -> float:
        """Verify everything about a slot after a call; the error in units of the tolerance.

        Raises:
            WrongOutput: an output is wrong, or bytes beside it were overwritten.
            Tampering: an input was overwritten.
        """
        slot = self.slots[index]
        for i, tensor in enumerate(contents.inputs):
            if not self.arena.holds(slot, i, tensor):
                raise Tampering(f"it wrote to its input {self.operation.inputs[i].name}")
        if not self.arena.guards_hold(slot, self._canary):
            raise WrongOutput("it wrote outside its outputs")
        first = len(contents.inputs)
        copies = [
            self.arena.view(slot, first + i).clone() for i in range(len(self.operation.outputs))
        ]
        self._taken[index] = copies
        for piece in self._pieces.pop(index, []):
            seen = copies[piece.output][piece.begin : piece.begin + piece.bytes.numel()]
            if not torch.equal(seen.cpu(), piece.bytes):
                raise Tampering("it answered before its output was complete")
        shapes = [expected.value.shape for expected in contents.expected]
        outputs = tuple(
            _typed(copy, tensor.dtype, shape)
            for copy, tensor, shape in zip(copies, self.operation.outputs, shapes, strict=True)
        )
        difference = compare(self.operation, contents, outputs)
        if not difference.passes:
            raise WrongOutput(difference.detail, difference.error)
        return difference.error

    def record(self, index: int, contents: Contents) -> list[tuple[str, float]]:
        """One call outside timing; the kernels that it ran on the GPU, with seconds."""
        self.stage(index, contents)
        self.worker.resume()
        launches = self.worker.record(self.slots[index], self._dims(), self.call_seconds)
        self.worker.stop()
        return launches

    def glimpse(self, index: int, count: int) -> None:
        """Copy a random piece of each output, in bytes, to be compared once it is taken."""
        slot, pieces = self.slots[index], []
        for output in range(len(self.operation.outputs)):
            tensor = len(self.operation.inputs) + output
            begin = int(self.random.integers(0, max(1, slot.sizes[tensor] - count)))
            seen = self.arena.view(slot, tensor)[begin : begin + count].cpu()
            pieces.append(Piece(output, begin, seen))
        self._pieces[index] = pieces

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
            if not self.arena.holds(self.slots[index], first + i, copy):
                raise Tampering("it changed an output after that had been taken")

    def close(self) -> None:
        """End the worker and give the memory back."""
        self.worker.kill()
        self.arena.close()


def _typed(copy: torch.Tensor, dtype: str, shape: torch.Size) -> torch.Tensor:
    return copy.view(getattr(torch, dtype)).reshape(shape)
