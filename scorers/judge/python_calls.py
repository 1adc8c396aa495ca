"""Calls of a candidate in Python, or of a kernel repository's package, on the judge's memory.

Standard library and torch only: this file is copied beside the runner, which imports it before it
greets the judge, so that a runner that waits for its candidate has torch already.
"""

import ctypes
import importlib
import importlib.util
import os
import shutil
import sys

import torch

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


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


def keep_freed_memory():
    """Let the allocator reuse freed memory.

    Without it every large temporary of PyTorch is mapped and faulted in again at every call, which
    would slow whoever allocates beside a candidate whose outputs the judge allocates.
    """
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_MMAP_THRESHOLD, 1 << 30)
    libc.mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)


def view_device(address, size):
    """A range of device memory as a tensor of bytes."""
    return torch.as_tensor(DeviceMemory(address, size), device="cuda")


def prepare_triton(setup):
    """Give Triton its own helpers, which each runner would compile again."""
    if setup.get("compiled") is not None:
        shutil.copytree(setup["compiled"], os.environ["TRITON_CACHE_DIR"])


def load_module(file):
    """Import a candidate from its file, which Triton reads again."""
    spec = importlib.util.spec_from_file_location("candidate", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TensorCalls:
    """A candidate that is called with tensors: how it is found, and what it is called with."""

    def __init__(self, setup, memory):
        self.memory = memory
        self.dtypes = [getattr(torch, name) for name in setup["dtypes"]]
        self.shapes = {tuple(dims): shapes for dims, shapes in setup["shapes"]}
        self.values = [value for _, value in setup["scalars"]]
        self.made = {}
        # Packages take outputs first.
        self.inputs = setup.get("inputs", 0)
        if "package" in setup:
            # As the baseline is called; kept, since it ends with the object.
            self.mode = torch.inference_mode()
            self.mode.__enter__()
            sys.path.insert(0, os.path.dirname(os.path.dirname(setup["library"])))
            module = importlib.import_module(setup["package"])
        else:
            module = load_module(setup["library"])
        self.kernel = getattr(module, setup["function"])

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


def python_calls(device_calls):
    """The class that serves such a candidate on a GPU, made from the one for native ones."""
    # Imported ahead of the greeting, since it takes seconds.
    if importlib.util.find_spec("triton") is not None:
        import triton  # noqa: F401 # pyright: ignore[reportMissingImports]

    class PythonCalls(device_calls):
        def load(self, setup):
            """Import the candidate."""
            self.stream = torch.cuda.current_stream().cuda_stream
            prepare_triton(setup)
            memory = view_device(self.gated.base, setup["arena_bytes"])
            self.call = TensorCalls(setup, memory).call

    return PythonCalls
