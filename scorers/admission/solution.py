"""A kernel in C++ checked in this process, on many seeds: right or not, without a sandbox."""

from __future__ import annotations

import ctypes
import itertools
from dataclasses import dataclass
from typing import Any, Final

import torch

from ...tasks.hardware import load_profile
from ...tasks.operation import Operation
from ..judge import job
from ..judge.build import GXX, build_trusted
from ..judge.check import compare
from ..judge.contents import Contents, ContentsCache
from .case import is_small

_PROFILE: Final = "cpu-x86_64"
_GUARD_BYTES: Final = 64
_GUARD: Final = 0xA5
_POISON: Final = 0xFF
# Contents of the large ones take a tenth of a second each.
_SEEDS_OF_LARGE: Final = 2
_SCALARS: Final = {"float": ctypes.c_float, "int": ctypes.c_int64}


@dataclass(frozen=True)
class Checked:
    """How many calls were made, and what was wrong with the first that was, or nothing."""

    calls: int
    problem: str | None


def check_solution(operation: Operation, source: str, seeds: int) -> Checked:
    """Build a kernel of one's own, which is trusted, and check its outputs.

    Small workloads take the distributions in turn, a seed each; every workload has normal inputs.

    Args:
        operation: what it computes.
        source: the C++ source.
        seeds: how many sets of contents each small workload is called on.

    Raises:
        ToolchainError: it does not build.
    """
    judged = job.parse_operation(operation.judge_spec("cpp", "cpu"))
    flags = load_profile(_PROFILE).toolchain["cpp"].flags
    kernel = getattr(ctypes.CDLL(str(build_trusted(source, GXX, *flags))), operation.name)
    kernel.restype = None
    calls = 0
    for seed in range(seeds):
        contents = ContentsCache(seed)
        for workload in judged.workloads:
            if seed >= _SEEDS_OF_LARGE and not is_small(workload):
                continue
            turn = judged.distributions[seed % len(judged.distributions)]
            chosen = ("normal", turn) if is_small(workload) else ("normal",)
            for distribution in dict.fromkeys(chosen):
                made = contents.get(judged, workload, distribution, 0)
                calls += 1
                problem = _call(kernel, judged, workload, made)
                if problem is not None:
                    where = f"{workload.name}, {distribution} inputs, seed {seed}"
                    return Checked(calls, f"{where}: {problem}")
    return Checked(calls, None)


def _call(
    kernel: Any, operation: job.Operation, workload: job.Workload, contents: Contents
) -> str | None:
    """What is wrong with one call, or None."""
    given = [tensor.clone() for tensor in contents.inputs]
    memories, outputs = [], []
    for tensor, expected in zip(operation.outputs, contents.expected, strict=True):
        dtype = getattr(torch, tensor.dtype)
        size = expected.value.numel() * dtype.itemsize
        memory = torch.full((size + 2 * _GUARD_BYTES,), _GUARD, dtype=torch.uint8)
        place = memory[_GUARD_BYTES : _GUARD_BYTES + size]
        place.fill_(_POISON)
        memories.append(memory)
        outputs.append(place.view(dtype).view(expected.value.shape))
    kernel(
        *(ctypes.c_void_p(tensor.data_ptr()) for tensor in itertools.chain(given, outputs)),
        *(ctypes.c_int64(workload.dims[dim]) for dim in operation.dims),
        *(_SCALARS[scalar.type](scalar.value) for scalar in operation.scalars),
    )
    for tensor, before, after in zip(operation.inputs, contents.inputs, given, strict=True):
        if not torch.equal(before.view(torch.uint8), after.view(torch.uint8)):
            return f"it wrote to its input {tensor.name}"
    for tensor, memory in zip(operation.outputs, memories, strict=True):
        edges = torch.cat([memory[:_GUARD_BYTES], memory[-_GUARD_BYTES:]])
        if not bool((edges == _GUARD).all()):
            return f"it wrote outside its output {tensor.name}"
    found = compare(operation, contents, tuple(outputs))
    return None if found.passes else found.detail
