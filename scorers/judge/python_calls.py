"""Calls of a candidate in Triton on tensors that lie in the judge's device memory.

Standard library and torch only: this file is copied beside the runner, which imports it before it
greets the judge, so that a runner that waits for its candidate has torch already.
"""

import ctypes
import importlib.util
import os
import shutil

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
    if setup["compiled"] is not None:
        shutil.copytree(setup["compiled"], os.environ["TRITON_CACHE_DIR"])


def load_module(file):
    """Import a candidate from its file, which Triton reads again."""
    spec = importlib.util.spec_from_file_location("candidate", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def python_calls(device_calls):
    """The class that serves a Triton candidate, made from the one that serves native ones."""
    # Imported ahead of the greeting, since it takes seconds.
    if importlib.util.find_spec("triton") is not None:
        import triton  # noqa: F401 # pyright: ignore[reportMissingImports]

    class PythonCalls(device_calls):
        def load(self, setup):
            """Import the candidate."""
            self.stream = torch.cuda.current_stream().cuda_stream
            self.memory = view_device(self.gated.base, setup["arena_bytes"])
            self.dtypes = [getattr(torch, name) for name in setup["dtypes"]]
            self.shapes = {tuple(dims): shapes for dims, shapes in setup["shapes"]}
            self.made = {}
            self.values = [value for _, value in setup["scalars"]]
            prepare_triton(setup)
            self.kernel = getattr(load_module(setup["library"]), setup["function"])

        def call(self, dims, offsets):
            # The same objects whenever the place is the same, as most callers have them.
            if (dims, offsets) not in self.made:
                self.made[dims, offsets] = tensors_at(
                    self.memory, self.dtypes, self.shapes[dims], offsets
                )
            self.kernel(*self.made[dims, offsets], *self.values)

    return PythonCalls
