"""Calls of a candidate in the language torch: the ModelNew of a KernelBench problem.

Standard library and torch only: this file is copied beside the runner.
"""

import time

import torch
from problem import Problem, arrange, leaves
from python_calls import keep_freed_memory, load_module, prepare_triton, tensors_at, view_device
from wire import RECORD, map_shared


class OutputError(Exception):
    """What ModelNew returns is not of the shape or dtype of what Model returns."""


class Candidate:
    """ModelNew over the judge's memory: its result is copied to where the judge takes it."""

    def __init__(self, setup, memory):
        self.memory = memory
        self.names = setup["arguments"]
        self.tensors = setup["tensors"]
        self.dtypes = [getattr(torch, name) for name in setup["dtypes"]]
        self.shapes = {tuple(dims): shapes for dims, shapes in setup["shapes"]}
        self.scalars = setup["scalar_values"]
        self.made = {}
        torch.set_grad_enabled(False)
        problem = Problem(setup["problem"], memory.device)
        # Before the candidate is imported, which could spoil only its own values.
        state = problem.model().state_dict()
        self.model = problem.model(load_module(setup["library"]).ModelNew, state)

    def call(self, dims, offsets):
        """Run ModelNew once on a slot."""
        # The same objects whenever the place is the same, as most callers have them.
        if offsets not in self.made:
            tensors = tensors_at(self.memory, self.dtypes, self.shapes[dims], offsets)
            named = dict(zip(self.tensors, tensors, strict=False))
            arguments = arrange(self.names, named, self.scalars)
            self.made[offsets] = arguments, tensors[len(self.tensors) :]
        arguments, targets = self.made[offsets]
        results = leaves(self.model(*arguments))
        if len(results) != len(targets):
            raise OutputError(f"ModelNew returned {len(results)} tensors, Model {len(targets)}")
        for target, result in zip(targets, results, strict=True):
            if result.shape != target.shape or result.dtype != target.dtype:
                raise OutputError(f"ModelNew returned {_form(result)}, Model {_form(target)}")
            target.copy_(result)


def _form(tensor):
    return f"{str(tensor.dtype).partition('.')[2]}{list(tensor.shape)}"


class HostModelCalls:
    """Calls on the host, between two clock reads; the copy of the result is part of each."""

    def __init__(self, setup, descriptor):
        shared, _ = map_shared(descriptor, setup["arena_bytes"])
        self.memory = torch.frombuffer(shared, dtype=torch.uint8)
        # As in the baseline's process: or every temporary would be mapped and faulted in anew.
        keep_freed_memory()

    def load(self, setup):
        """Load the candidate."""
        self.candidate = Candidate(setup, self.memory)

    def make(self, request, _report_closed):
        """Make the calls of a request; the nanoseconds of each."""
        nanoseconds, call, clock = [], self.candidate.call, time.perf_counter_ns
        for offsets in request.slots():
            begin = clock()
            call(request.dims, offsets)
            nanoseconds.append(clock() - begin)
        return nanoseconds

    def record(self, _request, _setup):
        """Nothing, since nothing runs on a GPU."""
        return RECORD


def device_model_calls(device_calls):
    """The class that serves a ModelNew on a GPU, made from the one that serves native kernels."""

    class DeviceModelCalls(device_calls):
        def load(self, setup):
            """Load the candidate."""
            self.stream = torch.cuda.current_stream().cuda_stream
            prepare_triton(setup)
            memory = view_device(self.gated.base, setup["arena_bytes"])
            self.call = Candidate(setup, memory).call

    return DeviceModelCalls
