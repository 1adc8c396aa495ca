"""Calls of a kernel repository's package on the host.

Standard library and torch only: this file is copied beside the runner.
"""

import gc
import time

import torch
from python_calls import TensorCalls
from wire import MESSAGE_BYTES, RECORD, map_shared


class HostPackageCalls:
    """Calls between two clock reads of Python, as the baseline's are."""

    def __init__(self, setup, descriptor):
        shared, _ = map_shared(descriptor, setup["arena_bytes"])
        self.memory = torch.frombuffer(shared, dtype=torch.uint8)

    def load(self, setup):
        """Import the candidate."""
        self.calls = TensorCalls(setup, self.memory)
        # A collection over all of torch's objects takes longer than a call, and would fall between
        # two of them, where the judge's clock takes it for hidden work.
        gc.collect()
        gc.freeze()
        gc.disable()

    def make(self, request, _report_closed):
        """Make the calls of a request; the nanoseconds of each."""
        kernel, nanoseconds = self.calls.kernel, []
        for offsets in request.slots():
            begin = time.perf_counter_ns()
            arguments = self.calls.arguments(request.dims, offsets)
            # Tensors of a new place take a tenth of a millisecond to make.  Of several calls in a
            # message that is part of each: the judge's clock would take it for hidden work.
            if request.calls == 1:
                begin = time.perf_counter_ns()
            kernel(*arguments)
            nanoseconds.append(time.perf_counter_ns() - begin)
        return nanoseconds

    def record(self, request, _setup):
        """Make one call and tell which operators it ran, with their own nanoseconds."""
        arguments = self.calls.arguments(request.dims, request.slots()[0])
        # Not kineto, which writes files.
        profile = torch.autograd.profiler.profile(use_kineto=False)
        with profile:
            self.calls.kernel(*arguments)
        lines = [
            f"{int(1000 * each.self_cpu_time_total)} {each.key}" for each in profile.key_averages()
        ]
        return RECORD + "\n".join(lines).encode()[-MESSAGE_BYTES // 2 :]
