"""The trusted process that runs the baseline: eager PyTorch, under the same protocol as a kernel.

It is a process of its own so that it can be frozen while a candidate runs, as a candidate is
frozen while it runs: idle OpenMP threads of the one would slow the other.
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch

from .build import build_native
from .ceilings import device_ceilings, host_ceilings
from .gated_calls import GatedCalls
from .job import Operation, parse_operation
from .python_calls import keep_freed_memory, tensors_at, view_device
from .reference import reference_of
from .wire import (
    CROWDED,
    MACHINE,
    MESSAGE_BYTES,
    PAGE_BYTES,
    QUEUED,
    READY,
    SETUP,
    Request,
    map_shared,
    pack_answer,
    unpack_request,
)


class Served:
    """One operation's baselines over one arena."""

    def __init__(self, setup: dict[str, Any], descriptors: list[int]) -> None:
        operation: Operation = parse_operation(setup["operation"])
        self.operation = operation
        self.reference = reference_of(operation, "cuda" if "ipc" in setup else "cpu")
        self.dtypes = [getattr(torch, t.dtype) for t in operation.tensors]
        self.shapes = {
            tuple(w.dims[d] for d in operation.dims): w.shapes for w in operation.workloads
        }
        self.gated: GatedCalls | None = None
        if "ipc" in setup:
            self._page, page = map_shared(descriptors[0], PAGE_BYTES)
            self.gated = GatedCalls(setup, page)
            self.bytes = view_device(self.gated.base, setup["arena_bytes"])
        else:
            shared, _ = map_shared(descriptors[0], setup["arena_bytes"])
            self.bytes = torch.frombuffer(shared, dtype=torch.uint8)
        self.native = ctypes.CDLL(str(build_native()))
        self.results: tuple[torch.Tensor, ...] = ()
        self._optimised: Callable[..., Any] | None = None

    @cached_property
    def functions(self) -> tuple[Callable[..., Any], ...]:
        """The baselines, by their numbers in `job.BASELINES`."""
        best = self.reference.best or self.reference.eager
        return self.reference.eager, self._compiled, best

    def _compiled(self, *arguments: Any) -> Any:
        # Dynamo takes a second to import, and the host's sessions never ask for it.
        if self._optimised is None:
            # All of it in one graph, or it would fall back to eager without a word; a problem's
            # Model is compiled as its user would do it.
            torch._dynamo.reset()
            whole = not self.operation.is_problem
            self._optimised = torch.compile(self.reference.eager, dynamic=False, fullgraph=whole)
        return self._optimised(*arguments)

    def make(self, request: Request, control: socket.socket) -> list[int]:
        """Make the calls of a request; the nanoseconds of each."""
        if self.gated is not None:
            return self.gated.make(
                request,
                lambda offsets: self.call(request, offsets),
                torch.cuda.current_stream().cuda_stream,
                lambda closed: control.send(QUEUED if closed else CROWDED),
            )
        nanoseconds = []
        for number, offsets in enumerate(request.slots()):
            # A ModelNew finds its own memory as the last call left it, and so does Model.
            if number >= request.warm and not self.operation.is_problem:
                self.evict_results()
            nanoseconds.append(self.call(request, offsets))
        return nanoseconds

    def call(self, request: Request, offsets: tuple[int, ...]) -> int:
        """Run the reference once; nanoseconds of the call alone, on the host."""
        tensors = tensors_at(self.bytes, self.dtypes, self.shapes[request.dims], offsets)
        inputs = tensors[: len(self.operation.inputs)]
        function = self.functions[request.function]
        dims = dict(zip(self.operation.dims, request.dims, strict=True))
        scalars = self.operation.reference_scalars(dims)
        begin = time.perf_counter_ns()
        result = function(*inputs, *scalars)
        if self.operation.is_problem:
            # A ModelNew allocates its outputs too, and its copy of them is timed.
            self.keep(result, tensors)
            return time.perf_counter_ns() - begin
        nanoseconds = time.perf_counter_ns() - begin
        self.results = result if isinstance(result, tuple) else (result,)
        if request.keep:
            self.keep(self.results, tensors)
        return nanoseconds

    def keep(self, results: tuple[torch.Tensor, ...], tensors: list[torch.Tensor]) -> None:
        """Write results into the slot, for the judge to verify."""
        for target, value in zip(tensors[len(self.operation.inputs) :], results, strict=True):
            target.copy_(value)

    def close(self) -> None:
        """Give shared device memory back."""
        self.results = ()
        if self.gated is not None:
            del self.bytes
            self.gated.close()

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
            message, descriptors, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 1)
            if not message:
                return
            if message.startswith(SETUP):
                # The old mapping goes first: two arenas at once would double the memory.
                if served is not None:
                    served.close()
                served = None
                served = Served(json.loads(message[len(SETUP) :]), descriptors)
                control.send(READY)
            elif message.startswith(MACHINE):
                on_gpu = message == MACHINE + b"cuda"
                ceilings = device_ceilings() if on_gpu else host_ceilings()
                machine = {"threads": torch.get_num_threads(), **ceilings}
                control.send(json.dumps(machine).encode())
            elif served is not None:
                request = unpack_request(message)
                control.send(pack_answer(request, served.make(request, control)))


if __name__ == "__main__":
    main()
