"""What this machine's memory and arithmetic can do, measured: the ceilings of rooflines."""

from __future__ import annotations

import ctypes
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from .build import GXX, build_native

_HOST_BYTES = 128 << 20
_HOST_SIZE = 1536
_DEVICE_BYTES = 1 << 30
_DEVICE_SIZE = 8192
_SINGLE_SIZE = 4096
# Long enough for the host to queue two events.
_QUEUE_CYCLES = 200_000
_HOST_REPEATS = 5
_DEVICE_REPEATS = 10
_FIRST_WITH_TFLOAT32 = (8, 0)
BANDWIDTH = "bandwidth"

Clock = Callable[[Callable[[], object]], float]


@dataclass(frozen=True)
class Work:
    """One thing to time: what it tells of, and the bytes or operations of one run."""

    ceiling: str
    amount: float
    run: Callable[[], object]


def measure(work: Work, clock: Clock, repeats: int) -> list[float]:
    """Run a work several times; its rates, in bytes or operations a second."""
    return [work.amount / clock(work.run) for _ in range(repeats)]


def best_ceilings(works: list[Work], clock: Clock, repeats: int) -> dict[str, float]:
    """The best rate of each ceiling, in bytes or operations a second."""
    best: dict[str, float] = {}
    for work in works:
        best[work.ceiling] = max(best.get(work.ceiling, 0.0), *measure(work, clock, repeats))
    return best


def host_clock(run: Callable[[], object]) -> float:
    """Seconds that a run takes on the CPU."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def device_clock(run: Callable[[], object]) -> float:
    """Seconds between two events around a run on the GPU."""
    begin, end = torch.cuda.Event(True), torch.cuda.Event(True)
    begin.record()
    run()
    end.record()
    torch.cuda.synchronize()
    return begin.elapsed_time(end) * 1e-3


def event_seconds() -> float:
    """What two events record with nothing between them: part of every time that is so taken."""
    seconds = []
    for _ in range(20):
        begin, end = torch.cuda.Event(True), torch.cuda.Event(True)
        torch.cuda._sleep(_QUEUE_CYCLES)
        begin.record()
        end.record()
        torch.cuda.synchronize()
        seconds.append(begin.elapsed_time(end) * 1e-3)
    return float(np.median(seconds))


def host_works() -> list[Work]:
    """What tells a CPU's memory bandwidth and float32 rate.

    A read and a streaming copy (reads and writes counted), as in STREAM (McCalpin, 1995), and a
    matrix product. Without g++ torch reads and copies, whose ordinary stores cost more.
    """
    source = torch.ones(_HOST_BYTES // 8, dtype=torch.int64)
    target = torch.zeros_like(source)
    left, right = torch.rand(_HOST_SIZE, _HOST_SIZE), torch.rand(_HOST_SIZE, _HOST_SIZE)
    product = Work("float32", 2 * _HOST_SIZE**3, lambda: torch.mm(left, right))
    if shutil.which(GXX.name) is None:
        return [
            Work(BANDWIDTH, _HOST_BYTES, source.sum),
            Work(BANDWIDTH, 2 * _HOST_BYTES, lambda: target.copy_(source)),
            product,
        ]
    native = ctypes.CDLL(str(build_native()))
    count = ctypes.c_int64(source.numel())

    # The tensors are named inside, so that they live as long as the works.
    def read() -> None:
        native.skilldyno_read(ctypes.c_void_p(source.data_ptr()), count)

    def copy() -> None:
        begin, end = ctypes.c_void_p(source.data_ptr()), ctypes.c_void_p(target.data_ptr())
        native.skilldyno_copy(begin, end, count)

    return [Work(BANDWIDTH, _HOST_BYTES, read), Work(BANDWIDTH, 2 * _HOST_BYTES, copy), product]


def device_works() -> tuple[list[Work], dict[str, str]]:
    """What tells the GPU's copy bandwidth and the rates of its matrix products, by dtype.

    Returns:
        The works, each run once, and for each dtype that this GPU or this torch cannot multiply
        what it says.
    """
    source = torch.empty(_DEVICE_BYTES, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    single = torch.randn(_SINGLE_SIZE, _SINGLE_SIZE, device="cuda")
    works = [
        Work(BANDWIDTH, 2 * _DEVICE_BYTES, lambda: target.copy_(source)),
        Work("float32", 2 * _SINGLE_SIZE**3, lambda: single @ single),
    ]
    absent: dict[str, str] = {}
    for name, make in _PRODUCTS.items():
        try:
            run = make()
            run()
            torch.cuda.synchronize()
        except (RuntimeError, AttributeError) as error:
            absent[name] = str(error).strip().partition("\n")[0]
        else:
            works.append(Work(name, 2 * _DEVICE_SIZE**3, run))
    return works, absent


def _square(dtype: torch.dtype) -> torch.Tensor:
    return torch.randn(_DEVICE_SIZE, _DEVICE_SIZE, dtype=dtype, device="cuda")


@contextmanager
def _tensor_cores_for_float32() -> Iterator[None]:
    matmul: Any = torch.backends.cuda.matmul
    before = matmul.allow_tf32
    matmul.allow_tf32 = True
    try:
        yield
    finally:
        matmul.allow_tf32 = before


def _tfloat32_product() -> Callable[[], object]:
    if torch.cuda.get_device_capability() < _FIRST_WITH_TFLOAT32:
        raise RuntimeError("this GPU has no tfloat32")
    left = _square(torch.float32)

    def run() -> object:
        with _tensor_cores_for_float32():
            return left @ left

    return run


def _half_product(dtype: torch.dtype) -> Callable[[], object]:
    half = _square(dtype)
    return lambda: half @ half


def _float8_product() -> Callable[[], object]:
    left = _square(torch.bfloat16).to(torch.float8_e4m3fn)
    one = torch.ones((), device="cuda")
    scaled: Any = torch.ops.aten._scaled_mm
    return lambda: scaled(left, left.t(), one, one, out_dtype=torch.bfloat16)


def _int8_product() -> Callable[[], object]:
    shape = (_DEVICE_SIZE, _DEVICE_SIZE)
    left = torch.randint(-128, 128, shape, dtype=torch.int8, device="cuda")
    product: Any = torch.ops.aten._int_mm
    return lambda: product(left, left.t())


_PRODUCTS: dict[str, Callable[[], Callable[[], object]]] = {
    "tfloat32": _tfloat32_product,
    "bfloat16": lambda: _half_product(torch.bfloat16),
    "float16": lambda: _half_product(torch.float16),
    "float8": _float8_product,
    "int8": _int8_product,
}


def host_ceilings() -> dict[str, float]:
    """This machine's memory bandwidth (bytes/s) and float32 rate (operations/s), best of five."""
    return {"event_seconds": 0.0, **best_ceilings(host_works(), host_clock, _HOST_REPEATS)}


def device_ceilings() -> dict[str, float]:
    """The GPU's copy bandwidth (bytes/s) and matrix rates (operations/s), best of ten.

    And `event_seconds`, what two events record with nothing between them: part of every time that
    is taken by events, and of no kernel's.
    """
    works, _ = device_works()
    best = best_ceilings(works, device_clock, _DEVICE_REPEATS)
    # Operations name their rate by dtype; what has no float8 arithmetic computes in bfloat16.
    best["float8_e4m3fn"] = best.get("float8", best["bfloat16"])
    return {"event_seconds": event_seconds(), **best}
