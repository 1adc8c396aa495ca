"""The trusted process that runs the baseline: eager PyTorch, under the same protocol as a kernel.

It is a process of its own so that it can be frozen while a candidate runs, as a candidate is
frozen while it runs: idle OpenMP threads of the one would slow the other.
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import mmap
import os
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

from .build import build_native
from .contents import Reference
from .job import Operation, parse_operation

_MESSAGE = 1 << 17
_PROBE_BYTES = 128 << 20
_PROBE_SIZE = 1536
_REPEATS = 5
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


def keep_freed_memory() -> None:
    """Let the allocator reuse freed memory.

    Without it every large temporary of eager PyTorch is mapped and faulted in again at every call,
    which would flatter each candidate, whose outputs are allocated by the judge.
    """
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_MMAP_THRESHOLD, 1 << 30)
    libc.mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)


def measure_ceilings() -> dict[str, float]:
    """This machine's memory bandwidth (bytes/s) and float32 rate (operations/s), best of five.

    The bandwidth is the larger of a read's and of a streaming copy's (reads and writes counted), as
    in STREAM (McCalpin, 1995); the rate is that of a matrix product.
    """
    native = ctypes.CDLL(str(build_native()))
    source = torch.ones(_PROBE_BYTES // 8, dtype=torch.int64)
    target = torch.zeros_like(source)
    left, right = torch.rand(_PROBE_SIZE, _PROBE_SIZE), torch.rand(_PROBE_SIZE, _PROBE_SIZE)
    read, write = ctypes.c_void_p(source.data_ptr()), ctypes.c_void_p(target.data_ptr())
    count = ctypes.c_int64(source.numel())

    def fastest(work: Callable[[], object]) -> float:
        seconds = []
        for _ in range(_REPEATS):
            begin = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - begin)
        return min(seconds)

    reading = _PROBE_BYTES / fastest(lambda: native.skilldyno_read(read, count))
    copying = 2 * _PROBE_BYTES / fastest(lambda: native.skilldyno_copy(read, write, count))
    rate = 2 * _PROBE_SIZE**3 / fastest(lambda: torch.mm(left, right))
    return {"bandwidth": max(reading, copying), "float32": rate}


class Served:
    """One operation's reference over one arena."""

    def __init__(self, setup: dict[str, Any], descriptor: int) -> None:
        operation: Operation = parse_operation(setup["operation"])
        self.operation = operation
        self.function = Reference(operation).eager
        self.scalars = [s.value for s in operation.scalars]
        self.dtypes = [getattr(torch, t.dtype) for t in operation.tensors]
        self.shapes = {
            tuple(w.dims[d] for d in operation.dims): w.shapes for w in operation.workloads
        }
        self.arena = mmap.mmap(
            descriptor, setup["arena_bytes"], mmap.MAP_SHARED | mmap.MAP_POPULATE
        )
        os.close(descriptor)
        self.native = ctypes.CDLL(str(build_native()))
        self.results: tuple[torch.Tensor, ...] = ()

    def call(self, dims: tuple[int, ...], offsets: tuple[int, ...], keep: bool) -> int:
        """Run the reference once; nanoseconds of the call alone."""
        tensors = [
            torch.frombuffer(
                self.arena, dtype=dtype, count=torch.Size(shape).numel(), offset=offset
            ).reshape(shape)
            for dtype, shape, offset in zip(self.dtypes, self.shapes[dims], offsets, strict=True)
        ]
        inputs = tensors[: len(self.operation.inputs)]
        begin = time.perf_counter_ns()
        result = self.function(*inputs, *self.scalars)
        nanoseconds = time.perf_counter_ns() - begin
        self.results = result if isinstance(result, tuple) else (result,)
        if keep:
            for target, value in zip(tensors[len(inputs) :], self.results, strict=True):
                target.copy_(value)
        return nanoseconds

    def evict_results(self) -> None:
        """Evict the last results from the caches and free them.

        The next call gets their memory again, and would find it warm, where a candidate's outputs
        are cold.
        """
        for value in self.results:
            pointer = ctypes.c_void_p(value.data_ptr())
            self.native.skilldyno_flush(pointer, ctypes.c_int64(value.nbytes))
        self.results = ()


def main() -> None:
    """Serve the judge until it closes the connection."""
    # With the judge dead nobody would ever stop this process (prctl 1 is PR_SET_PDEATHSIG).
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
    control = socket.socket(fileno=int(sys.argv[1]))
    control.send(b"hello")
    faulthandler.enable()
    keep_freed_memory()
    # Not from the affinity mask: binding has left the main thread a single core of it by now.
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    served: Served | None = None
    with torch.inference_mode():
        while True:
            message, descriptors, _, _ = socket.recv_fds(control, _MESSAGE, 1)
            if not message:
                return
            if descriptors:
                # The old mapping goes first: two arenas at once would double the memory.
                served = None
                served = Served(json.loads(message), descriptors[0])
                control.send(b"ready")
            elif message == b"machine":
                machine = {"threads": torch.get_num_threads(), **measure_ceilings()}
                control.send(json.dumps(machine).encode())
            elif served is not None:
                control.send(answer(served, message))


def answer(served: Served, message: bytes) -> bytes:
    """Make the calls that a message asks for; the answer with their nanoseconds."""
    sequence, calls, dims_count, warm, keep = struct.unpack_from("<QIIII", message)
    dims = struct.unpack_from(f"<{dims_count}q", message, 24)
    width = len(served.operation.tensors)
    offsets = struct.unpack_from(f"<{calls * width}q", message, 24 + 8 * dims_count)
    nanoseconds = []
    for c in range(calls):
        if c >= warm:
            served.evict_results()
        nanoseconds.append(served.call(dims, offsets[c * width : (c + 1) * width], bool(keep)))
    return struct.pack(f"<Q{calls}q", sequence, *nanoseconds)


if __name__ == "__main__":
    main()
