"""Kernels that are wrong, each in a way that a kernel for any operation can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from ...tasks.operation import Operation
from ...tasks.tensor import Input
from .case import Case, Outputs, as_dtype

_DROPPED_SHARE = 8
_GARBAGE_BYTE = 0xFF


@dataclass(frozen=True)
class Impostor:
    """A wrong kernel: its outputs for a case, or None where a right one has the same.

    `anywhere` says that any distribution may tell it, where others must be told on normal ones.
    """

    name: str
    outputs: Callable[[Case], Outputs | None]
    anywhere: bool = False


def impostors(operation: Operation) -> Iterator[Impostor]:
    """Every impostor of an operation."""
    yield from _of_outputs(operation)
    yield from _of_inputs(operation)
    for index, scalar in enumerate(operation.scalars):
        for value in (0, 1):
            if value != scalar.value:
                other = _with_scalar(index, value)
                yield Impostor(f"{value} for {scalar.name}", other, anywhere=True)
    for storage in ("float16", "bfloat16"):
        name = f"float32 inputs stored as {storage}"
        yield Impostor(name, _stored(storage, (torch.float32,), ("cpp",)))
    halves = (torch.bfloat16, torch.float16)
    stored = _stored("float8_e4m3fn", halves, ("cuda", "triton"))
    yield Impostor("16-bit inputs stored as float8", stored)


def _of_outputs(operation: Operation) -> Iterator[Impostor]:
    for index, output in enumerate(operation.outputs):
        for name, make in (("zeros", _zeros), ("ones", _ones), ("uninitialised", _garbage)):
            yield Impostor(f"{name} in {output.name}", _with_output(index, make))
        for source, tensor in enumerate(operation.inputs):
            copy = _with_output(index, _copy_of(source))
            yield Impostor(f"a copy of {tensor.name} in {output.name}", copy)


def _of_inputs(operation: Operation) -> Iterator[Impostor]:
    for index, tensor in enumerate(operation.inputs):
        for name, make in _replacements(tensor).items():
            yield Impostor(f"{name} for {tensor.name}", _with_input(index, make))
        if tensor.index_dim is None:
            for axis, extent in enumerate(tensor.shape):
                name = f"{tensor.name} without the last eighth of its dimension {axis} ({extent})"
                yield Impostor(name, _with_input(index, _truncated(axis)))


def _zeros(case: Case, output: torch.Tensor) -> torch.Tensor:
    return torch.zeros(output.shape).to(output.dtype)


def _ones(case: Case, output: torch.Tensor) -> torch.Tensor:
    return torch.ones(output.shape).to(output.dtype)


def _garbage(case: Case, output: torch.Tensor) -> torch.Tensor:
    # As the judge poisons an output: NaN in any float format, and an unlikely integer.
    size = output.numel() * output.dtype.itemsize
    return (
        torch.full((size,), _GARBAGE_BYTE, dtype=torch.uint8).view(output.dtype).view(output.shape)
    )


def _copy_of(source: int) -> Callable[[Case, torch.Tensor], torch.Tensor]:
    def make(case: Case, output: torch.Tensor) -> torch.Tensor:
        given = case.contents.inputs[source]
        copy = as_dtype(given, str(output.dtype).removeprefix("torch."))
        # Of other sizes it is no copy, and wrong by its shape.
        return copy.reshape(output.shape) if given.numel() == output.numel() else copy

    return make


def _with_output(
    index: int, make: Callable[[Case, torch.Tensor], torch.Tensor]
) -> Callable[[Case], Outputs | None]:
    """A kernel that fakes one output and computes the others."""

    def outputs(case: Case) -> Outputs:
        honest = case.run(case.setting.reference.oracle)
        return (*honest[:index], make(case, honest[index]), *honest[index + 1 :])

    return outputs


_Replacement = Callable[[Case, int], torch.Tensor]


def _replacements(tensor: Input) -> dict[str, _Replacement]:
    """What a kernel that ignores an input may be computing with in its place."""
    match tensor.fill.partition(":")[0]:
        case "lengths":
            return {"the greatest length": _bound_of(tensor), "other lengths": _other}
        case "offsets":
            return {"even offsets": _even(tensor), "other offsets": _other}
        case "permutation":
            return {"the order of counting": _in_order, "another permutation": _other}
        case "index" | "sorted_index" | "bytes":
            return {"zeros": _constant(0), "others": _other}
        case _:
            return {"zeros": _constant(0), "ones": _constant(1), "others": _other}


def _other(case: Case, index: int) -> torch.Tensor:
    return case.another().contents.inputs[index]


def _constant(value: int) -> _Replacement:
    def make(case: Case, index: int) -> torch.Tensor:
        given = case.contents.inputs[index]
        return torch.full(given.shape, float(value)).to(given.dtype)

    return make


def _bound_of(tensor: Input) -> _Replacement:
    def make(case: Case, index: int) -> torch.Tensor:
        bound = case.workload.dims[tensor.index_dim or ""]
        return torch.full_like(case.contents.inputs[index], bound)

    return make


def _even(tensor: Input) -> _Replacement:
    def make(case: Case, index: int) -> torch.Tensor:
        given = case.contents.inputs[index]
        bound = case.workload.dims[tensor.index_dim or ""]
        steps = torch.arange(given.numel()) * bound // max(1, given.numel() - 1)
        return steps.to(given.dtype)

    return make


def _in_order(case: Case, index: int) -> torch.Tensor:
    given = case.contents.inputs[index]
    return torch.arange(given.numel()).reshape(given.shape).to(given.dtype)


def _with_input(index: int, make: _Replacement) -> Callable[[Case], Outputs | None]:
    def outputs(case: Case) -> Outputs | None:
        inputs = list(case.contents.inputs)
        replaced = make(case, index)
        if torch.equal(_bits(replaced), _bits(inputs[index])):
            return None
        inputs[index] = replaced
        return case.run(case.setting.reference.eager, inputs=tuple(inputs))

    return outputs


def _truncated(axis: int) -> _Replacement:
    def make(case: Case, index: int) -> torch.Tensor:
        given = case.contents.inputs[index]
        extent = given.shape[axis]
        shortened = given.clone()
        if extent > 1:
            dropped = max(1, extent // _DROPPED_SHARE)
            # By its bits, since torch assigns to no float8; 0 is 0 in every dtype.
            _bits(shortened).narrow(axis, extent - dropped, dropped).zero_()
        return shortened

    return make


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.view(torch.uint8) if tensor.dtype.itemsize == 1 else tensor


def _with_scalar(index: int, value: int) -> Callable[[Case], Outputs | None]:
    def outputs(case: Case) -> Outputs | None:
        scalars = list(case.setting.scalars)
        scalars[index] = type(scalars[index])(value)
        return case.run(case.setting.reference.eager, scalars=scalars)

    return outputs


def _stored(
    storage: str, lowered: tuple[torch.dtype, ...], languages: tuple[str, ...]
) -> Callable[[Case], Outputs | None]:
    """A kernel that rounds its inputs to a smaller format, in the languages where that is foul."""

    def outputs(case: Case) -> Outputs | None:
        given = case.contents.inputs
        inputs = tuple(as_dtype(x, storage).to(x.dtype) if x.dtype in lowered else x for x in given)
        same = all(torch.equal(_bits(a), _bits(b)) for a, b in zip(inputs, given, strict=True))
        if same or case.setting.language not in languages:
            return None
        return case.run(case.setting.reference.eager, inputs=inputs)

    return outputs
