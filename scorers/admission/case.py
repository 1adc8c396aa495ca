"""The calls that admission checks: an operation's workloads and contents, as the judge has them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import torch

from ...tasks.language import KIND_OF_LANGUAGE, DType, SourceLanguage
from ...tasks.operation import Operation
from ..judge import job
from ..judge.check import compare
from ..judge.contents import NEARLY_SAME, SMALL_ELEMENTS, Contents, ContentsCache
from ..judge.reference import Reference

Outputs = tuple[torch.Tensor, ...]

# In elements and operations: what a GPU's workload may have to be computed on a CPU in passing.
_MOST_ELEMENTS: Final = 4 << 20
_MOST_OPERATIONS: Final = 1 << 30
_SEED: Final = 1
_LARGEST_FLOAT8: Final = 448.0


class ReferenceFailed(Exception):
    """A function of reference.py raised: the message says what."""


@dataclass(frozen=True)
class Case:
    """One call: the operation in one language's dtypes, a workload, and what it is filled with."""

    setting: Setting
    workload: job.Workload
    distribution: str
    index: int = 0

    @cached_property
    def contents(self) -> Contents:
        """The inputs and what the oracle expects."""
        return self.setting.contents.get(
            self.setting.judged, self.workload, self.distribution, self.index
        )

    @property
    def scalars(self) -> list[float]:
        """What the reference takes after its inputs."""
        return self.setting.judged.reference_scalars(self.workload.dims)

    @property
    def place(self) -> str:
        """Where in the operation this is, for sentences."""
        return f"{self.workload.name}, {self.distribution} inputs"

    def another(self) -> Case:
        """The same call on other contents."""
        return Case(self.setting, self.workload, self.distribution, self.index + 1)

    def run(self, kernel: Any, *, inputs: Outputs | None = None, scalars: Any = None) -> Outputs:
        """Run a function of reference.py, on other arguments than the case's where some are given.

        Returns:
            The outputs in the dtypes of the signature.

        Raises:
            ReferenceFailed: the function raised, whatever it was.
        """
        given = self.contents.inputs if inputs is None else inputs
        values = self.scalars if scalars is None else scalars
        try:
            with torch.inference_mode():
                found = kernel(*(tensor.clone() for tensor in given), *values)
        except Exception as error:
            first = (str(error).splitlines() or [""])[0]
            raise ReferenceFailed(f"{type(error).__name__}: {first[:120]}") from error
        outputs = tuple(found) if isinstance(found, (tuple, list)) else (found,)
        return tuple(
            as_dtype(value, tensor.dtype)
            for value, tensor in zip(outputs, self.setting.judged.outputs, strict=True)
        )

    def error(self, outputs: Outputs) -> float:
        """The largest error in units of the tolerance; infinite for a wrong shape or a NaN."""
        expected = [each.value.shape for each in self.contents.expected]
        if [output.shape for output in outputs] != expected:
            return math.inf
        found = compare(self.setting.judged, self.contents, outputs).error
        return math.inf if math.isnan(found) else found


class Setting:
    """An operation in the dtypes of one language, with the workloads that a CPU can compute."""

    def __init__(self, operation: Operation, language: SourceLanguage) -> None:
        """Make the judge's view of an operation in the dtypes of one language."""
        kind = KIND_OF_LANGUAGE[language]
        self.kind = kind
        self.operation = operation
        self.language = language
        # Contents follow from the digest: by the name, no comment in op.toml decides what is drawn.
        spec = operation.judge_spec(language, kind) | {"digest": operation.name}
        self.judged = job.parse_operation(spec)
        self.contents = ContentsCache(_SEED)
        self.workloads = sorted(
            (w for w in self.judged.workloads if kind == "cpu" or _fits(w)), key=_elements
        )

    @property
    def reference(self) -> Reference:
        """The functions of reference.py."""
        return self.contents.reference(self.judged)

    def cases(self, distributions: Sequence[str] | None = None) -> Iterator[Case]:
        """The calls on some distributions, or on all that the judge chooses from.

        Large workloads have the normal one and the last alone, where the judge draws one.
        """
        chosen = distributions or [*self.judged.distributions, NEARLY_SAME]
        for workload in self.workloads:
            few = [d for d in chosen if d in ("normal", chosen[-1])]
            for distribution in chosen if is_small(workload) else few:
                yield Case(self, workload, distribution)


def settings_of(operation: Operation) -> list[Setting]:
    """One setting for each set of dtypes that the operation is asked for in."""
    distinct: dict[tuple[DType, ...], SourceLanguage] = {}
    for language in operation.languages:
        distinct.setdefault(tuple(t.dtype[language] for t in operation.tensors), language)
    return [Setting(operation, language) for language in distinct.values()]


def as_dtype(value: torch.Tensor, dtype: str) -> torch.Tensor:
    """Round to a dtype, integers to the nearest and float8 without overflow."""
    if value.is_floating_point() and "int" in dtype:
        value = value.round()
    if value.is_floating_point() and dtype == "float8_e4m3fn":
        value = value.to(torch.float32).clamp(-_LARGEST_FLOAT8, _LARGEST_FLOAT8)
    return value.to(getattr(torch, dtype))


def _elements(workload: job.Workload) -> int:
    return sum(math.prod(shape) for shape in workload.shapes)


def is_small(workload: job.Workload) -> bool:
    """Whether the judge checks a workload on every distribution."""
    return _elements(workload) <= SMALL_ELEMENTS


def _fits(workload: job.Workload) -> bool:
    return _elements(workload) <= _MOST_ELEMENTS and workload.operations <= _MOST_OPERATIONS
