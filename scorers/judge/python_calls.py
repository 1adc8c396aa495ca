"""Calls of a candidate in Python, or of a kernel repository's package, on the judge's memory.

Standard library and torch only: this file is copied beside the runner, which imports it before it
greets the judge, so that a runner that waits for its candidate has torch already.
"""

import contextlib
import importlib
import importlib.util
import os
import shutil
import sys
import time

import torch


class DeviceMemory:
    """A range of device memory, as torch takes it."""

    def __init__(self, address, size):
        self.__cuda_array_interface__ = {
            "shape": (size,),
            "typestr": "|u1",
            "data": (address, False),
            "version": 3,
        }


def tensors_at(memory, dtypes, shapes, offsets):
    """The tensors of one slot, as views of the memory."""
    return [
        memory[offset : offset + torch.Size(shape).numel() * dtype.itemsize]
        .view(dtype)
        .reshape(shape)
        for dtype, shape, offset in zip(dtypes, shapes, offsets, strict=True)
    ]


def import_candidate(setup):
    """Import the function that the judge calls: from a package, or from a file that stays there."""
    if "package" in setup:
        sys.path.insert(0, os.path.dirname(os.path.dirname(setup["library"])))
        module = importlib.import_module(setup["package"])
    else:
        spec = importlib.util.spec_from_file_location("candidate", setup["library"])
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return getattr(module, setup["function"])


class TensorCalls:
    """A candidate that is called with tensors, and how they are made and ordered."""

    def __init__(self, setup, memory):
        self.memory = memory
        self.dtypes = [getattr(torch, name) for name in setup["dtypes"]]
        self.shapes = {tuple(dims): shapes for dims, shapes in setup["shapes"]}
        self.values = [value for _, value in setup["scalars"]]
        # Packages take outputs first.
        self.inputs = setup.get("inputs", 0)
        self.made = {}
        if "package" in setup:
            # As the baseline is called; kept, since it ends with the object.
            self.mode = torch.inference_mode()
            self.mode.__enter__()
        self.kernel = import_candidate(setup)

    def arguments(self, dims, offsets):
        """The same objects whenever the place is the same, as most callers have them."""
        if (dims, offsets) not in self.made:
            tensors = tensors_at(self.memory, self.dtypes, self.shapes[dims], offsets)
            ordered = [*tensors[self.inputs :], *tensors[: self.inputs]]
            self.made[dims, offsets] = [*ordered, *self.values]
        return self.made[dims, offsets]

    def call(self, dims, offsets):
        """Make one call."""
        self.kernel(*self.arguments(dims, offsets))


def python_calls(device_calls, host_calls, wire):
    """The classes that serve a Python candidate, made from those that serve native ones.

    Args:
        device_calls: the one for a GPU.
        host_calls: the one for the host.
        wire: the module of the messages, which is another one beside a runner than in the judge.

    Returns:
        The one for a GPU and the one for the host.
    """
    # Imported ahead of the greeting, since it takes seconds; a kernel repository needs none.
    with contextlib.suppress(ImportError):
        import triton  # noqa: F401 # pyright: ignore[reportMissingImports]

    class PythonDeviceCalls(device_calls):
        def load(self, setup):
            """Import the candidate."""
            self.stream = torch.cuda.current_stream().cuda_stream
            memory = DeviceMemory(self.gated.base, setup["arena_bytes"])
            if setup.get("compiled") is not None:
                shutil.copytree(setup["compiled"], os.environ["TRITON_CACHE_DIR"])
            self.call = TensorCalls(setup, torch.as_tensor(memory, device="cuda")).call

    class PythonHostCalls(host_calls):
        def __init__(self, setup, descriptor):
            self._kept, _ = wire.map_shared(descriptor, setup["arena_bytes"])

        def load(self, setup):
            """Import the candidate."""
            self.calls = TensorCalls(setup, torch.frombuffer(self._kept, dtype=torch.uint8))

        def make(self, request, _report_closed):
            """Make the calls of a request; the nanoseconds of each."""
            kernel, nanoseconds = self.calls.kernel, []
            for offsets in request.slots():
                arguments = self.calls.arguments(request.dims, offsets)
                begin = time.perf_counter_ns()
                kernel(*arguments)
                nanoseconds.append(time.perf_counter_ns() - begin)
            return nanoseconds

        def record(self, request, _setup):
            """Make one call and tell which operators it ran, with their own nanoseconds."""
            arguments = self.calls.arguments(request.dims, request.slots()[0])
            # Not kineto, which writes files.
            with torch.autograd.profiler.profile(use_kineto=False) as profile:
                self.calls.kernel(*arguments)
            lines = [
                f"{int(1000 * each.self_cpu_time_total)} {each.key}"
                for each in profile.key_averages()
            ]
            return wire.RECORD + "\n".join(lines).encode()[-wire.MESSAGE_BYTES // 2 :]

    return PythonDeviceCalls, PythonHostCalls
