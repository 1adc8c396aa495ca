"""Secret contents of the inputs, with the expected outputs in float64."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from .job import Operation, Tensor, Workload

_POOL = (1 << 20) + 7
_CACHE_BYTES = 1 << 30
_CHANGED_SHARE = 0.01

NEARLY_SAME = "nearly_same"
"""The first normal contents with one element in a hundred changed, which a cache that looks at a
sample of its inputs takes for the same."""

Floats = npt.NDArray[Any]
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


class Reference:
    """The functions of an operation's reference.py."""

    def __init__(self, operation: Operation) -> None:
        namespace: dict[str, Any] = {"torch": torch, "F": torch.nn.functional}
        exec(compile(operation.reference, f"{operation.name}/reference.py", "exec"), namespace)  # noqa: S102
        self.eager: Callable[..., Any] = namespace[operation.name]
        self.oracle: Callable[..., Any] = namespace["oracle"]
        self.magnitude: Callable[..., Any] | None = namespace.get("magnitude")


class ContentsCache:
    """Contents by (operation, workload, distribution, index), made once a session.

    A runner never sees the same index twice, and never outlives its candidate, so contents that an
    earlier candidate saw are as secret to the next one as new ones.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._pool = np.random.default_rng([seed, 0]).standard_normal(_POOL, dtype=np.float32)
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
        while self._bytes > _CACHE_BYTES and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return made

    def _make(
        self,
        operation: Operation,
        workload: Workload,
        distribution: str,
        key: _Key,
    ) -> Contents:
        digest = hashlib.sha256(repr(key).encode()).digest()
        random = np.random.default_rng([self.seed, *np.frombuffer(digest, dtype=np.uint32)])
        if distribution == NEARLY_SAME:
            earlier = self.get(operation, workload, "normal", 0).inputs
            inputs = tuple(_change_a_few(tensor, random) for tensor in earlier)
        else:
            inputs = tuple(
                self._fill(tensor, shape, workload, distribution, random)
                for tensor, shape in zip(operation.tensors, workload.shapes, strict=True)
                if tensor.role == "input"
            )
        if operation.digest not in self._references:
            self._references[operation.digest] = Reference(operation)
        return Contents(inputs, expect(operation, self._references[operation.digest], inputs))

    def _fill(
        self,
        tensor: Tensor,
        shape: tuple[int, ...],
        workload: Workload,
        distribution: str,
        random: np.random.Generator,
    ) -> torch.Tensor:
        fill = tensor.fill or "data"
        if fill.startswith("index:"):
            bound = workload.dims[fill.removeprefix("index:")]
            return torch.from_numpy(random.integers(0, bound, shape, dtype=np.int64))
        normal = self._normal(shape, random)
        if fill == "data":
            values = DISTRIBUTIONS[distribution](normal, random)
        else:
            values = _PARAMETERS[fill](normal, random)
        return torch.from_numpy(values).to(getattr(torch, tensor.dtype))

    def _normal(self, shape: tuple[int, ...], random: np.random.Generator) -> Floats:
        out = np.empty(int(np.prod(shape)), dtype=np.float32)
        position = 0
        while position < out.size:
            start = int(random.integers(0, _POOL // 2))
            count = min(out.size - position, _POOL - start)
            out[position : position + count] = self._pool[start : start + count]
            position += count
        return out.reshape(shape)


def _change_a_few(tensor: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
    changed = tensor.clone()
    if tensor.is_floating_point():
        flat = changed.reshape(-1)
        count = max(1, int(flat.numel() * _CHANGED_SHARE))
        places = torch.from_numpy(random.integers(0, flat.numel(), count))
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


def _row_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[:-1], 1)


def _scaled(normal: Floats, random: np.random.Generator) -> Floats:
    rows = _row_shape(normal.shape)
    scale = np.exp2(random.uniform(-3, 3, rows)).astype(np.float32)
    normal *= scale
    normal += scale * random.uniform(-1, 1, rows).astype(np.float32)
    return normal


def _heavy_tail(normal: Floats, random: np.random.Generator) -> Floats:
    return random.standard_t(3, normal.shape).astype(np.float32)


def _ties(normal: Floats, random: np.random.Generator) -> Floats:
    levels = np.sort(random.standard_normal(4).astype(np.float32))
    return levels[random.integers(0, 4, normal.shape)]


def _sorted(normal: Floats, random: np.random.Generator) -> Floats:
    ordered = np.sort(_scaled(normal, random), axis=-1)
    return np.array(ordered if random.random() < 0.5 else ordered[..., ::-1])


def _constant(normal: Floats, random: np.random.Generator) -> Floats:
    rows = random.normal(0, 2, _row_shape(normal.shape)).astype(np.float32)
    return np.array(np.broadcast_to(rows, normal.shape))


def _zeros(normal: Floats, random: np.random.Generator) -> Floats:
    return np.zeros_like(normal)


def _offset(normal: Floats, random: np.random.Generator) -> Floats:
    sign = random.choice([-1.0, 1.0], _row_shape(normal.shape)).astype(np.float32)
    return normal + np.float32(300) * sign


def _masked(normal: Floats, random: np.random.Generator) -> Floats:
    values = _scaled(normal, random)
    hidden = random.random(normal.shape) < 1 / 3
    hidden[..., 0] = False
    values[hidden] = -np.inf
    return values


def _alternating(normal: Floats, random: np.random.Generator) -> Floats:
    signs = np.where(np.arange(normal.shape[-1]) % 2 == 0, 1, -1).astype(np.float32)
    return normal * np.float32(0.01) + signs * np.float32(random.uniform(10, 30))


DISTRIBUTIONS: dict[str, Callable[[Floats, np.random.Generator], Floats]] = {
    "normal": _scaled,
    "heavy_tail": _heavy_tail,
    "ties": _ties,
    "sorted": _sorted,
    "constant": _constant,
    "zeros": _zeros,
    "huge": lambda normal, random: normal * np.float32(1e15),
    "tiny": lambda normal, random: normal * np.float32(1e-15),
    "offset": _offset,
    "masked": _masked,
    "alternating": _alternating,
}


def _weight(normal: Floats, random: np.random.Generator) -> Floats:
    if normal.ndim > 1:
        return normal * np.float32(normal.shape[-1] ** -0.5)
    sign = np.where(random.random(normal.shape) < 0.2, -1, 1)
    return (sign * random.uniform(0.25, 2.0, normal.shape)).astype(np.float32)


_PARAMETERS: dict[str, Callable[[Floats, np.random.Generator], Floats]] = {
    "weight": _weight,
    "bias": lambda normal, random: normal * np.float32(0.5) + np.float32(random.uniform(0.2, 1)),
    "cosine": lambda normal, random: np.cos(random.uniform(0, 2 * np.pi, normal.shape)).astype(
        np.float32
    ),
    "sine": lambda normal, random: np.sin(random.uniform(0, 2 * np.pi, normal.shape)).astype(
        np.float32
    ),
}
