"""Calls one candidate's library some times on random inputs, and nothing else, for a profiler.

Run as `driver.py JOBS ID LIBRARY CALLS`; the profiler sees the calls alone (cudaProfilerStart).
NumPy and the CUDA runtime only: PyTorch would launch kernels of its own.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Any

import common
import numpy as np

_POOL = 1 << 20
_TO_DEVICE = 1


class Runtime:
    """The few calls of the CUDA runtime that the driver makes."""

    def __init__(self) -> None:
        nvcc = common.tool("nvcc", "usr/local/cuda*/bin/nvcc")
        folders = [Path(os.path.realpath(nvcc)).parents[1] / "lib64"] if nvcc else []
        folders += [Path("/usr/local/cuda/lib64")]
        found = [file for folder in folders for file in sorted(folder.glob("libcudart.so.*"))]
        self.library = ctypes.CDLL(str(found[0]), ctypes.RTLD_GLOBAL)

    def require(self, name: str, *arguments: Any) -> None:
        """Make one call, which must succeed."""
        status = getattr(self.library, name)(*arguments)
        if status != 0:
            raise RuntimeError(f"{name} failed with CUDA error {status}")

    def allocate(self, size: int) -> int:
        """Device memory of that many bytes."""
        pointer = ctypes.c_void_p()
        self.require("cudaMalloc", ctypes.byref(pointer), ctypes.c_size_t(size))
        return pointer.value or 0

    def upload(self, values: Any) -> int:
        """A copy of an array on the device."""
        pointer = self.allocate(values.nbytes)
        source = ctypes.c_void_p(values.ctypes.data)
        size = ctypes.c_size_t(values.nbytes)
        self.require("cudaMemcpy", ctypes.c_void_p(pointer), source, size, _TO_DEVICE)
        return pointer


def random_values(tensor: common.Record, shape: list[int], dims: dict[str, int]) -> Any:
    """Normal numbers, from a pool that repeats, or indices, in the tensor's dtype."""
    random = np.random.default_rng(len(shape))
    count = int(np.prod(shape))
    fill = tensor["fill"] or "data"
    if fill.startswith("index:"):
        return random.integers(0, dims[fill.removeprefix("index:")], count)
    scale = shape[-1] ** -0.5 if fill == "weight" and len(shape) > 1 else 1.0
    values = np.resize(random.standard_normal(_POOL, dtype=np.float32) * np.float32(scale), count)
    if tensor["dtype"] == "bfloat16":
        return (values.view(np.uint32) >> 16).astype(np.uint16)
    return values.astype(tensor["dtype"])


def main(jobs: Path, name: str, library: str, calls: int) -> None:
    """Make the calls."""
    operation = next(j for j in common.read_records(jobs) if j["id"] == name)["operation"]
    workload = next(w for w in operation["workloads"] if w["timed"])
    runtime = Runtime()
    pointers = []
    for tensor, shape in zip(operation["tensors"], workload["shapes"], strict=True):
        if tensor["role"] == "input":
            pointers.append(runtime.upload(random_values(tensor, shape, workload["dims"])))
        else:
            pointers.append(runtime.allocate(int(np.prod(shape)) * common.BYTES[tensor["dtype"]]))
    stream = ctypes.c_void_p()
    runtime.require("cudaStreamCreate", ctypes.byref(stream))
    kernel = getattr(ctypes.CDLL(library), operation["function"])
    arguments = [
        *map(ctypes.c_void_p, pointers),
        *(ctypes.c_int64(workload["dims"][d]) for d in operation["dims"]),
        *(common.C_TYPES[s["type"]](s["value"]) for s in operation["scalars"]),
        stream,
    ]
    kernel(*arguments)
    runtime.require("cudaDeviceSynchronize")
    runtime.require("cudaProfilerStart")
    for _ in range(calls):
        kernel(*arguments)
        runtime.require("cudaDeviceSynchronize")
    runtime.require("cudaProfilerStop")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
