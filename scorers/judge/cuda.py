"""NVIDIA GPUs: device memory and a gate shared between processes, nvcc, and Triton's runners."""

from __future__ import annotations

import ctypes
import mmap
import os
import shutil
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cached_property, lru_cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import seccomp
from .alone import alone_in_starting, gpu_name
from .arena import Arena, GatedArena, Slot, as_bytes
from .build import (
    NVCC,
    Compiler,
    ToolchainError,
    build_trusted,
    cache_folder,
    cuda_toolkit,
)
from .clock import StoppingCriterion
from .device import TENSORS, Device, python_setup
from .errors import MachineError
from .files import read_text
from .job import Job, Operation
from .python_calls import view_device
from .sandbox import Sandbox
from .sandbox import environment as walls
from .start import packages, scratch_folder, start_runner
from .wire import PAGE_BYTES
from .workers import Runner

_SCRATCH_BYTES = 256 << 20
_HANDLE_BYTES = 64
_SPARE_RUNNERS = 3
_RETURN_SECONDS = 10.0
_TOUCH_SECONDS = 0.1
_LEAST_FREE = 0.3
_SM_CLOCK = 1
_EXTENSION_BYTES = 256 << 20
# Never the same twice: the gate's library outlives the memory that it is used with.
_numbers = count(1)


class NoGpuError(MachineError):
    """There is no usable NVIDIA GPU here, or no CUDA toolkit to build for it."""


@lru_cache(maxsize=1)
def runtime() -> ctypes.CDLL:
    """The CUDA runtime that torch has loaded."""
    torch.cuda.init()
    major = (torch.version.cuda or "").split(".")[0]
    return ctypes.CDLL(f"libcudart.so.{major}")


def require(status: int, what: str) -> None:
    """Raise where a CUDA call failed in the judge itself.

    Raises:
        NoGpuError: the status is not success.
    """
    if status != 0:
        raise NoGpuError(f"{what} failed with CUDA error {status}: the GPU is not usable")


class CudaArena(GatedArena):
    """Device memory, handed over by its CUDA IPC handle, with a page of host memory for the gate.

    Chosen over pinned host memory because it holds up across namespaces, and a kernel then reads
    its inputs from where they would be.
    """

    def __init__(self, capacity: int, scratch: torch.Tensor) -> None:
        self.capacity = capacity
        pointer = ctypes.c_void_p()
        size = ctypes.c_size_t(self.capacity)
        require(runtime().cudaMalloc(ctypes.byref(pointer), size), "cudaMalloc")
        self._pointer = pointer
        self.bytes = view_device(pointer.value or 0, self.capacity)
        self._scratch = scratch.view(torch.int64)
        self._descriptor = os.memfd_create("gate", os.MFD_CLOEXEC)
        os.ftruncate(self._descriptor, PAGE_BYTES)
        # As in gate.cu: opened, closed, beats, done, staged, touched.
        shared = mmap.mmap(self._descriptor, PAGE_BYTES)
        self._page = np.frombuffer(shared, dtype=np.int64)
        self._number = 0

    def close_gate(self) -> int:
        """The number of the next gate."""
        self._number = next(_numbers)
        return self._number

    def say_staged(self) -> None:
        """Have the gate touch the slot, and wait until it has; a gate that is not there is left."""
        self._page[4] = self._number
        deadline = time.monotonic() + _TOUCH_SECONDS
        while self._page[5] != self._number and time.monotonic() < deadline:
            pass

    def gate_is_closed(self) -> bool:
        """Whether every multiprocessor has come to hold the gate."""
        return bool(self._page[1] == self._number)

    def open_gate(self) -> None:
        """Let the call behind the gate run."""
        self._page[0] = self._number

    def call_is_done(self) -> bool:
        """Whether the device says that the call behind the gate has ended."""
        return bool(self._page[3] == self._number)

    def write(self, slot: Slot, tensor: int, value: torch.Tensor) -> None:
        """Copy a tensor's bytes into its place."""
        self.view(slot, tensor).copy_(as_bytes(value))

    def poison(self, slot: Slot, tensor: int, random: np.random.Generator | None) -> None:
        """Fill a place with random bytes, or with ones in every bit, a NaN in any float format."""
        place = self.view(slot, tensor)
        if random is None:
            place.fill_(0xFF)
        else:
            place.random_(0, 256)

    def holds(self, slot: Slot, tensor: int, value: torch.Tensor) -> bool:
        """Whether a place holds exactly these bytes."""
        return torch.equal(self.view(slot, tensor), as_bytes(value))

    def evict(self, slot: Slot) -> None:
        """Fill the L2 cache with clean lines, by reading four times its size, and wait.

        No line stays reserved, and a gate that waits has been given the device back.
        """
        require(runtime().cudaCtxResetPersistingL2Cache(), "cudaCtxResetPersistingL2Cache")
        self._scratch.sum()
        torch.cuda.synchronize()

    def share(self) -> tuple[dict[str, Any], list[int]]:
        """The arena's size and IPC handle, and the descriptor of the gate's page."""
        handle = ctypes.create_string_buffer(_HANDLE_BYTES)
        require(runtime().cudaIpcGetMemHandle(handle, self._pointer), "cudaIpcGetMemHandle")
        return {"arena_bytes": self.capacity, "ipc": handle.raw.hex()}, [self._descriptor]

    def close(self) -> None:
        """Give the memory back."""
        torch.cuda.synchronize()
        require(runtime().cudaFree(self._pointer), "cudaFree")
        os.close(self._descriptor)


class CudaDevice(Device):
    """The first NVIDIA GPU of this machine, for kernels in CUDA C++, Triton and PyTorch."""

    name = "gpu"
    torch_name = "cuda"
    alignment = 256
    slots_bytes = 1 << 30
    contents_bytes = 32 << 30
    gated = True
    other_baselines = ("compile", "best")
    criterion = StoppingCriterion(half_width=0.0075, min_pairs=8, max_pairs=32, seconds=0.6)

    def __init__(self) -> None:
        if not torch.cuda.is_available() or shutil.which("nvcc") is None:
            raise NoGpuError("no NVIDIA GPU with nvcc here: judge on a machine that has both")
        self._scratch = torch.zeros(_SCRATCH_BYTES, dtype=torch.uint8, device="cuda")
        major, minor = torch.cuda.get_device_capability()
        target = f"-gencode=arch=compute_{major}{minor},code=sm_{major}{minor}"
        self._gate = build_trusted(read_text("gate.cu"), NVCC, "-O3", target)
        self._starting = ThreadPoolExecutor(_SPARE_RUNNERS)
        self._spares: deque[Future[Runner]] = deque()

    def open_arena(self, capacity: int) -> Arena:
        """Device memory; that of a process that was killed takes a while to come back."""
        deadline = time.monotonic() + _RETURN_SECONDS
        free, total = torch.cuda.mem_get_info()
        while free < _LEAST_FREE * total and time.monotonic() < deadline:
            time.sleep(0.1)
            free, total = self.memory()
        return CudaArena(capacity, self._scratch)

    def has_room(self, capacity: int) -> bool:
        """Whether enough memory is left for what candidates allocate themselves."""
        free, total = torch.cuda.mem_get_info()
        return free - capacity >= _LEAST_FREE * total

    def turn_to_start(self) -> AbstractContextManager[None]:
        """One context is made at a time on this machine, whichever GPU it is for."""
        return alone_in_starting()

    def setup(self, operation: Operation) -> dict[str, Any]:
        """The gate's library."""
        return {"gate": str(self._gate)}

    def runner_setup(self, job: Job) -> dict[str, Any]:
        """Limits that CUDA can live with: it reserves more address space than there is memory."""
        setup: dict[str, Any] = {
            **self.setup(job.operation),
            "memory_bytes": -1,
            "permits": [seccomp.DEVICES],
            "scratch": str(scratch_folder()),
            **self._recorder,
        }
        if job.is_triton or job.language == "torch":
            setup["permits"] = [seccomp.DEVICES, seccomp.COMPILERS]
            # A ModelNew may do without Triton.
            needed = job.is_triton or find_spec("triton") is not None
            setup["compiled"] = str(self._compiled) if needed else None
        if job.language in TENSORS:
            setup |= python_setup(job)
        if job.language == "torch":
            # An extension that a ModelNew compiles is larger than what a kernel has to say.
            setup["output_bytes"] = _EXTENSION_BYTES
        return setup

    def start_runner(self, job: Job, sandbox: Sandbox, library: Path) -> Runner:
        """Start a runner, or take one that was started ahead and has imported torch."""
        if job.language not in TENSORS:
            return start_runner(sandbox, [library.parent], self._environment)
        while len(self._spares) <= _SPARE_RUNNERS:
            self._spares.append(self._starting.submit(self._start_python, sandbox))
        return self._spares.popleft().result()

    def _start_python(self, sandbox: Sandbox) -> Runner:
        scratch = str(scratch_folder())
        # What torch's load_inline looks for: ninja beside Python, nvcc, and where to write.
        tools = [Path(sys.executable).parent, cuda_toolkit() / "bin", walls()["PATH"]]
        environment = {
            **self._environment,
            "TRITON_CACHE_DIR": f"{scratch}/triton",
            "TORCH_EXTENSIONS_DIR": f"{scratch}/extensions",
            "TMPDIR": scratch,
            "CUDA_HOME": str(cuda_toolkit()),
            "PATH": ":".join(map(str, tools)),
        }
        return start_runner(sandbox, [], environment, packages())

    @cached_property
    def _environment(self) -> dict[str, str]:
        folders = [str(cuda_toolkit() / "lib64"), os.environ.get("LD_LIBRARY_PATH")]
        visible = os.environ.get("CUDA_VISIBLE_DEVICES") or "0"
        return {
            "LD_LIBRARY_PATH": ":".join(filter(None, folders)),
            # This process's GPU alone: any other reaches the judge's memory too, only slowly.
            "CUDA_VISIBLE_DEVICES": visible.partition(",")[0],
            "CUDA_DEVICE_ORDER": os.environ.get("CUDA_DEVICE_ORDER", "FASTEST_FIRST"),
        }

    @cached_property
    def _recorder(self) -> dict[str, str | None]:
        """The library that records launches, where the toolkit brings CUPTI."""
        for root in (cuda_toolkit(), cuda_toolkit() / "extras" / "CUPTI"):
            header, library = root / "include" / "cupti.h", root / "lib64" / "libcupti.so"
            if header.is_file() and library.exists():
                own = Compiler("nvcc", ".cpp", NVCC.options)
                recorder = build_trusted(
                    read_text("launches.cpp"), own, "-O2", f"-I{root / 'include'}"
                )
                return {"recorder": str(recorder), "cupti": str(library)}
        return {"recorder": None, "cupti": None}

    @cached_property
    def _compiled(self) -> Path:
        """A cache with Triton's own helpers, which each runner would compile again."""
        folder = cache_folder() / "triton"
        code = "import triton; triton.runtime.driver.active.utils"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "TRITON_CACHE_DIR": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ToolchainError(f"Triton does not start here: {done.stderr.strip()[-300:]}")
        return folder

    def clock(self) -> float | None:
        """The multiprocessors' clock rate now, in hertz, where NVML tells it."""
        if self._nvml is None:
            return None
        megahertz = ctypes.c_uint()
        library, handle = self._nvml
        if library.nvmlDeviceGetClockInfo(handle, _SM_CLOCK, ctypes.byref(megahertz)) != 0:
            return None
        return megahertz.value * 1e6

    @cached_property
    def _nvml(self) -> tuple[ctypes.CDLL, ctypes.c_void_p] | None:
        try:
            library = ctypes.CDLL("libnvidia-ml.so.1")
        except OSError:
            return None
        handle = ctypes.c_void_p()
        # NVML counts all GPUs of the machine, whichever of them this process may see.
        found = library.nvmlInit_v2() == 0 and (
            library.nvmlDeviceGetHandleByUUID(gpu_name().encode(), ctypes.byref(handle)) == 0
        )
        return (library, handle) if found else None

    def memory(self) -> tuple[int, int]:
        """Bytes of device memory that are free, and all of them."""
        torch.cuda.empty_cache()
        return torch.cuda.mem_get_info()

    def environment(self) -> dict[str, Any]:
        """The GPU, its driver's runtime and nvcc."""
        return {
            "gpu": torch.cuda.get_device_name(),
            "cuda": torch.version.cuda,
            "nvcc": NVCC.version(),
        }

    def close(self) -> None:
        """End the runners that were started ahead."""
        self._starting.shutdown(wait=True)
        for spare in self._spares:
            if spare.exception() is None:
                spare.result().kill()
        self._spares.clear()
