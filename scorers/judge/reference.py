"""What is expected of an operation: its reference.py, or the Model of a KernelBench problem."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import torch

from .job import Operation, Tensor, Workload
from .problem import Problem, arrange, leaves

_ROOM = 2.0
_MOST = 1e-2
_DRAWS = 4


class ProblemError(Exception):
    """A KernelBench problem that cannot be judged as it is: its fault, and no candidate's."""


class Reference:
    """The functions of an operation's reference.py."""

    eager: Callable[..., Any]
    oracle: Callable[..., Any]
    magnitude: Callable[..., Any] | None = None
    best: Callable[..., Any] | None = None

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        namespace: dict[str, Any] = {"torch": torch, "F": torch.nn.functional}
        exec(compile(operation.reference, f"{operation.name}/reference.py", "exec"), namespace)  # noqa: S102
        self.eager = namespace[operation.name]
        self.oracle = namespace["oracle"]
        self.magnitude = namespace.get("magnitude")
        self.best = namespace.get("best")

    def magnitudes(
        self, values: tuple[torch.Tensor, ...], arguments: Sequence[Any]
    ) -> tuple[torch.Tensor, ...]:
        """The typical magnitude of each output, in float64.

        Args:
            values: what the oracle gives.
            arguments: what it was given.
        """
        if self.magnitude is not None:
            return as_tuple(self.magnitude(*arguments))
        dims = [output.scale_dims for output in self.operation.outputs]
        return tuple(mean_magnitude(v, d) for v, d in zip(values, dims, strict=True))


class ProblemReference(Reference):
    """The Model of a KernelBench problem, in its own precision and in float64."""

    def __init__(self, operation: Operation, device: str) -> None:
        """Execute the problem's text.

        Args:
            operation: the problem.
            device: where models and inputs shall be, by torch's name.
        """
        self.operation = operation
        self.problem = Problem(operation.reference, device)
        self.eager, self.oracle = self._as_it_is, self._in_float64
        self._drawn: list[tuple[float, ...]] = []

    @cached_property
    def _model(self) -> torch.nn.Module:
        return self.problem.model()

    @cached_property
    def _double(self) -> torch.nn.Module:
        return self.problem.model(dtype=torch.float64)

    def _arguments(self, given: Sequence[Any]) -> list[Any]:
        operation = self.operation
        names = [tensor.name for tensor in operation.inputs]
        tensors = dict(zip(names, given, strict=False))
        scalars = {s.name: v for s, v in zip(operation.scalars, given[len(names) :], strict=True)}
        return arrange(operation.arguments, tensors, scalars)

    def _as_it_is(self, *given: Any) -> tuple[torch.Tensor, ...]:
        return tuple(leaves(self._model(*self._arguments(given))))

    def _in_float64(self, *given: Any) -> tuple[torch.Tensor, ...]:
        wide = [
            v.double() if isinstance(v, torch.Tensor) and v.is_floating_point() else v
            for v in given
        ]
        # Made before the default changes, by which its parameters would be drawn.
        model, standing = self._double, torch.get_default_dtype()
        # What the Model makes beside its inputs shall be of their precision too.
        torch.set_default_dtype(torch.float64)
        try:
            return tuple(leaves(model(*self._arguments(wide))))
        finally:
            torch.set_default_dtype(standing)

    def magnitudes(
        self, values: tuple[torch.Tensor, ...], arguments: Sequence[Any]
    ) -> tuple[torch.Tensor, ...]:
        """The typical magnitude of each output, more where Model itself is less exact.

        It is the mean of a row or of the whole output, the larger.  What the tolerance allows
        beside an element is never less than twice the worst error of the eager Model (which may
        use TF32), nor ever widened for that beyond a hundredth of the typical magnitude.
        """
        found = self.eager(*arguments)
        return tuple(
            _magnitude(o, v, f)
            for o, v, f in zip(self.operation.outputs, values, found, strict=True)
        )

    def draw(self, workload: Workload, seed: int) -> tuple[torch.Tensor, ...]:
        """The tensors that `get_inputs` gives under a seed.

        Raises:
            ProblemError: they are not of the forms that the job names, or do not depend on it.
        """
        given = dict(zip(self.operation.arguments or (), self.problem.inputs(seed), strict=True))
        drawn = []
        for tensor, shape in zip(self.operation.inputs, workload.shapes, strict=False):
            value = given[tensor.name]
            if value.shape != shape or value.dtype != getattr(torch, tensor.dtype):
                raise ProblemError(
                    f"get_inputs of {self.operation.name} gives {tensor.name} as {value.dtype}"
                    f"{list(value.shape)}, and the job says {tensor.dtype}{list(shape)}: the "
                    "shapes of a problem's inputs must be the same at every call"
                )
            drawn.append(value)
        for scalar in self.operation.scalars:
            if given[scalar.name] != scalar.value:
                raise ProblemError(
                    f"get_inputs of {self.operation.name} gives {scalar.name} as "
                    f"{given[scalar.name]!r}, and the job says {scalar.value!r}: a problem's "
                    "scalars must be the same at every call"
                )
        self._require_fresh(drawn)
        return tuple(drawn)

    def _require_fresh(self, drawn: list[torch.Tensor]) -> None:
        if len(self._drawn) < _DRAWS:
            self._drawn.append(tuple(float(t.sum(dtype=torch.float64)) for t in drawn))
        if len(self._drawn) == _DRAWS and len(set(self._drawn)) == 1:
            raise ProblemError(
                f"get_inputs of {self.operation.name} gives the same values whatever the seed: an "
                "answer that was kept could not be told from one that was computed"
            )


def reference_of(operation: Operation, device: str) -> Reference:
    """The reference of an operation, for tensors on a device by torch's name."""
    return ProblemReference(operation, device) if operation.is_problem else Reference(operation)


def _magnitude(tensor: Tensor, value: torch.Tensor, eager: torch.Tensor) -> torch.Tensor:
    whole = mean_magnitude(value, tuple(range(value.dim())))
    if value.dim() > 1:
        whole = torch.maximum(whole, mean_magnitude(value, (value.dim() - 1,)))
    if not tensor.scaled:
        return whole
    error = torch.nan_to_num(eager.double() - value, nan=0.0, posinf=0.0, neginf=0.0).abs().max()
    return torch.minimum(
        torch.maximum(whole, _ROOM / tensor.scaled * error), whole * (_MOST / tensor.scaled)
    )


def mean_magnitude(value: torch.Tensor, dims: tuple[int, ...]) -> torch.Tensor:
    """The mean of |value| over `dims`, kept for broadcasting; non-finite elements count as 0."""
    finite = torch.nan_to_num(value.to(torch.float64).abs(), nan=0.0, posinf=0.0)
    return finite.mean(dims, keepdim=True) if dims else finite


def as_tuple(value: Any) -> tuple[torch.Tensor, ...]:
    """A function's result as a tuple."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)
