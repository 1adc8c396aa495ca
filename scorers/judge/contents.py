"""Secret contents of the inputs, with the expected outputs in float64."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from .job import Operation, Tensor, Workload

_POOL = (1 << 20) + 7
_CHANGED_SHARE = 0.01

NEARLY_SAME = "nearly_same"
"""The first normal contents with one element in a hundred changed, which a cache that looks at a
sample of its inputs takes for the same."""

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


class Draw:
    """Seeded random numbers, on the host for choices and on a device for tensors."""

    def __init__(self, seed: Sequence[int], device: str) -> None:
        self.device = device
        self.host = np.random.default_rng(seed)
        self.generator = torch.Generator(device)
        self.generator.manual_seed(int(self.host.integers(1 << 62)))

    def uniform(self, shape: Sequence[int], low: float, high: float) -> torch.Tensor:
        """Float32 numbers in [low, high)."""
        unit = torch.rand(tuple(shape), generator=self.generator, device=self.device)
        return unit.mul_(high - low).add_(low)

    def normal(self, shape: Sequence[int]) -> torch.Tensor:
        """Standard normal float32 numbers."""
        return torch.randn(tuple(shape), generator=self.generator, device=self.device)

    def integers(self, bound: int, shape: Sequence[int]) -> torch.Tensor:
        """Int64 numbers in [0, bound)."""
        return torch.randint(bound, tuple(shape), generator=self.generator, device=self.device)

    def signs(self, shape: Sequence[int]) -> torch.Tensor:
        """Minus one or one, evenly."""
        return self.integers(2, shape).mul_(2).sub_(1).to(torch.float32)


class Reference:
    """The functions of an operation's reference.py."""

    def __init__(self, operation: Operation) -> None:
        namespace: dict[str, Any] = {"torch": torch, "F": torch.nn.functional}
        exec(compile(operation.reference, f"{operation.name}/reference.py", "exec"), namespace)  # noqa: S102
        self.eager: Callable[..., Any] = namespace[operation.name]
        self.oracle: Callable[..., Any] = namespace["oracle"]
        self.magnitude: Callable[..., Any] | None = namespace.get("magnitude")
        self.best: Callable[..., Any] | None = namespace.get("best")


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
        self._pool = Draw([seed, 0], device).normal((_POOL,))
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
            self._references[operation.digest] = Reference(operation)
        return self._references[operation.digest]

    def _make(
        self, operation: Operation, workload: Workload, distribution: str, key: _Key
    ) -> Contents:
        digest = hashlib.sha256(repr(key).encode()).digest()
        draw = Draw([self.seed, *np.frombuffer(digest, dtype=np.uint32)], self.device)
        if distribution == NEARLY_SAME:
            earlier = self.get(operation, workload, "normal", 0).inputs
            inputs = tuple(_change_a_few(tensor, draw) for tensor in earlier)
        else:
            inputs = tuple(
                self._fill(tensor, shape, workload, distribution, draw)
                for tensor, shape in zip(operation.tensors, workload.shapes, strict=True)
                if tensor.role == "input"
            )
        return Contents(inputs, expect(operation, self.reference(operation), inputs))

    def _fill(
        self,
        tensor: Tensor,
        shape: tuple[int, ...],
        workload: Workload,
        distribution: str,
        draw: Draw,
    ) -> torch.Tensor:
        fill = tensor.fill or "data"
        if fill.startswith("index:"):
            return draw.integers(workload.dims[fill.removeprefix("index:")], shape)
        normal = self._normal(shape, draw)
        kinds = DISTRIBUTIONS if fill == "data" else _PARAMETERS
        values = kinds[distribution if fill == "data" else fill](normal, draw)
        return values.to(getattr(torch, tensor.dtype)).contiguous()

    def _normal(self, shape: tuple[int, ...], draw: Draw) -> torch.Tensor:
        # Cut from a pool at random places, which costs a copy where fresh numbers cost a
        # logarithm and a root each; rows are then scaled and shifted anew.
        out = torch.empty(int(np.prod(shape)), device=self.device)
        position = 0
        while position < out.numel():
            start = int(draw.host.integers(0, _POOL // 2))
            count = min(out.numel() - position, _POOL - start)
            out[position : position + count] = self._pool[start : start + count]
            position += count
        return out.reshape(shape)


def _change_a_few(tensor: torch.Tensor, draw: Draw) -> torch.Tensor:
    changed = tensor.clone()
    if tensor.is_floating_point():
        flat = changed.reshape(-1)
        places = draw.integers(flat.numel(), (max(1, int(flat.numel() * _CHANGED_SHARE)),))
        flat[places] = flat[places] * 2 + 1
    return changed


def expect(
    operation: Operation, reference: Reference, inputs: tuple[torch.Tensor, ...]
) -> tuple[Expected, ...]:
    """The oracle's outputs for these inputs, rounded to the range of the output's dtype."""
    scalars = [s.value for s in operation.scalars]
    with torch.inference_mode():
        values = _as_tuple(reference.oracle(*inputs, *scalars))
        if reference.magnitude is not None:
            magnitudes = _as_tuple(reference.magnitude(*inputs, *scalars))
        else:
            dims = [output.scale_dims for output in operation.outputs]
            magnitudes = tuple(mean_magnitude(v, d) for v, d in zip(values, dims, strict=True))
        return tuple(
            Expected(
                v.to(torch.float32).contiguous(),
                m.to(torch.float32),
                bool(torch.isfinite(v.to(torch.float32)).all()),
            )
            for v, m in zip(values, magnitudes, strict=True)
        )


def mean_magnitude(value: torch.Tensor, dims: tuple[int, ...]) -> torch.Tensor:
    """The mean of |value| over `dims`, kept for broadcasting; non-finite elements count as 0."""
    finite = torch.nan_to_num(value.abs(), nan=0.0, posinf=0.0)
    return finite.mean(dims, keepdim=True) if dims else finite


def _as_tuple(value: Any) -> tuple[torch.Tensor, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _rows(normal: torch.Tensor) -> tuple[int, ...]:
    return (*normal.shape[:-1], 1)


def _scaled(normal: torch.Tensor, draw: Draw) -> torch.Tensor:
    scale = draw.uniform(_rows(normal), -3, 3).exp2_()
    return normal.mul_(scale).add_(scale * draw.uniform(_rows(normal), -1, 1))


def _heavy_tail(normal: torch.Tensor, draw: Draw) -> torch.Tensor:
    # Student's t with three degrees of freedom.
    return normal / draw.normal((3, *normal.shape)).square_().mean(0).sqrt_()


def _ties(normal: torch.Tensor, draw: Draw) -> torch.Tensor:
    return draw.normal((4,))[draw.integers(4, normal.shape)]


def _sorted(normal: torch.Tensor, draw: Draw) -> torch.Tensor:
    return _scaled(normal, draw).sort(dim=-1, descending=bool(draw.host.integers(2))).values


def _masked(normal: torch.Tensor, draw: Draw) -> torch.Tensor:
    hidden = draw.uniform(normal.shape, 0, 1) < 1 / 3
    hidden[..., 0] = False
    return _scaled(normal, draw).masked_fill_(hidden, float("-inf"))


def _alternating(normal: torch.Tensor, draw: Draw) -> torch.Tensor:
    signs = torch.arange(normal.shape[-1], device=normal.device).remainder(2).mul(-2).add(1)
    return normal.mul_(0.01).add_(signs * float(draw.host.uniform(10, 30)))


DISTRIBUTIONS: dict[str, Callable[[torch.Tensor, Draw], torch.Tensor]] = {
    "normal": _scaled,
    "heavy_tail": _heavy_tail,
    "ties": _ties,
    "sorted": _sorted,
    "constant": lambda normal, draw: draw.normal(_rows(normal)).mul_(2).expand(normal.shape),
    "zeros": lambda normal, draw: torch.zeros_like(normal),
    "huge": lambda normal, draw: normal.mul_(1e15),
    "tiny": lambda normal, draw: normal.mul_(1e-15),
    "offset": lambda normal, draw: normal.add_(draw.signs(_rows(normal)).mul_(300)),
    "masked": _masked,
    "alternating": _alternating,
}


def _weight(normal: torch.Tensor, draw: Draw) -> torch.Tensor:
    if normal.dim() > 1:
        return normal.mul_(normal.shape[-1] ** -0.5)
    negative = draw.uniform(normal.shape, 0, 1) < 0.2
    size = draw.uniform(normal.shape, 0.25, 2.0)
    return torch.where(negative, -size, size)


_PARAMETERS: dict[str, Callable[[torch.Tensor, Draw], torch.Tensor]] = {
    "weight": _weight,
    "bias": lambda normal, draw: normal.mul_(0.5).add_(float(draw.host.uniform(0.2, 1))),
    "cosine": lambda normal, draw: draw.uniform(normal.shape, 0, 2 * np.pi).cos_(),
    "sine": lambda normal, draw: draw.uniform(normal.shape, 0, 2 * np.pi).sin_(),
}
