"""Secret contents of the inputs, with the expected outputs in float64."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import torch

from .fills import POOL, Draw, change_a_few, fill
from .job import Operation, Workload
from .reference import ProblemReference, Reference, as_tuple, reference_of

NEARLY_SAME = "nearly_same"
"""The first normal contents with one element in a hundred changed, which a cache that looks at a
sample of its inputs takes for the same."""

SMALL_ELEMENTS = 1 << 18
"""Up to how many elements a workload is checked on every distribution."""

_Key = tuple[str, str, str, str, int]


@dataclass(frozen=True)
class Expected:
    """One output's truth, rounded once from float64 to float32, and its typical magnitude."""

    value: torch.Tensor
    magnitude: torch.Tensor
    finite: bool


@dataclass(frozen=True)
class Contents:
    """What one call is given, and what it must give."""

    inputs: tuple[torch.Tensor, ...]
    expected: tuple[Expected, ...]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        tensors = [*self.inputs, *(e.value for e in self.expected)]
        return sum(t.numel() * t.element_size() for t in tensors)


class ContentsCache:
    """Contents by (operation, workload, distribution, index), made once a session.

    A runner never sees the same index twice, and never outlives its candidate, so contents that an
    earlier candidate saw are as secret to the next one as new ones.
    """

    def __init__(self, seed: int, device: str = "cpu", capacity: int = 1 << 30) -> None:
        """Start with nothing made.

        Args:
            seed: the session's secret, from which all contents follow.
            device: where the tensors live, by torch's name.
            capacity: bytes of contents that are kept.
        """
        self.seed = seed
        self.device = device
        self.capacity = capacity
        self._pool = Draw([seed, 0], device).normal((POOL,))
        self._kept: OrderedDict[_Key, Contents] = OrderedDict()
        self._bytes = 0
        self._references: dict[str, Reference] = {}

    def get(
        self, operation: Operation, workload: Workload, distribution: str, index: int
    ) -> Contents:
        """The contents of one call; the same key gives the same contents within a session."""
        dtypes = ",".join(tensor.dtype for tensor in operation.tensors)
        key = (operation.digest, dtypes, workload.name, distribution, index)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        made = self._make(operation, workload, distribution, key)
        self._kept[key] = made
        self._bytes += made.nbytes
        while self._bytes > self.capacity and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return made

    def reference(self, operation: Operation) -> Reference:
        """The operation's reference."""
        if operation.digest not in self._references:
            self._references[operation.digest] = reference_of(operation, self.device)
        return self._references[operation.digest]

    def _make(
        self, operation: Operation, workload: Workload, distribution: str, key: _Key
    ) -> Contents:
        digest = hashlib.sha256(repr(key).encode()).digest()
        draw = Draw([self.seed, *np.frombuffer(digest, dtype=np.uint32)], self.device)
        if isinstance(reference := self.reference(operation), ProblemReference):
            inputs = reference.draw(workload, int(draw.host.integers(1 << 62)))
        elif distribution == NEARLY_SAME:
            earlier = self.get(operation, workload, "normal", 0).inputs
            inputs = tuple(
                change_a_few(tensor.fill or "data", before, fresh, draw)
                for tensor, before, fresh in zip(
                    operation.inputs,
                    earlier,
                    self._inputs(operation, workload, "normal", draw),
                    strict=True,
                )
            )
        else:
            inputs = self._inputs(operation, workload, distribution, draw)
        return Contents(inputs, expect(operation, workload, reference, inputs))

    def _inputs(
        self, operation: Operation, workload: Workload, distribution: str, draw: Draw
    ) -> tuple[torch.Tensor, ...]:
        return tuple(
            fill(
                tensor.fill or "data",
                tensor.dtype,
                shape,
                workload.dims,
                distribution,
                draw,
                self._pool,
            )
            for tensor, shape in zip(operation.tensors, workload.shapes, strict=True)
            if tensor.role == "input"
        )


def expect(
    operation: Operation,
    workload: Workload,
    reference: Reference,
    inputs: tuple[torch.Tensor, ...],
) -> tuple[Expected, ...]:
    """The oracle's outputs for these inputs, rounded to the range of the output's dtype."""
    arguments = [*inputs, *operation.reference_scalars(workload.dims)]
    with torch.inference_mode():
        values = as_tuple(reference.oracle(*arguments))
        magnitudes = reference.magnitudes(values, arguments)
        return tuple(
            Expected(
                v.to(torch.float32).contiguous(),
                m.to(torch.float32),
                bool(torch.isfinite(v.to(torch.float32)).all()),
            )
            for v, m in zip(values, magnitudes, strict=True)
        )


def checked_distributions(
    operation: Operation, workload: Workload, random: np.random.Generator
) -> list[str]:
    """The distributions of contents on which a candidate is checked at a workload."""
    if operation.is_problem:
        # Its inputs may have a structure that must hold: they are only ever drawn anew.
        return ["normal"]
    elements = sum(int(np.prod(shape)) for shape in workload.shapes)
    others = [d for d in operation.distributions if d != "normal"]
    if elements > SMALL_ELEMENTS and others:
        others = [others[int(random.integers(0, len(others)))]]
    return ["normal", NEARLY_SAME, *others]
