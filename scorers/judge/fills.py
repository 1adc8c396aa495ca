"""What inputs are filled with: distributions under test, parameters, indices and bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

POOL = (1 << 20) + 7
_CHANGED_SHARE = 0.01
_LARGEST_FLOAT8 = 448.0
_ELEMENTWISE = ("data", "weight", "bias")


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

    def permutation(self, count: int) -> torch.Tensor:
        """The int64 numbers in [0, count), shuffled."""
        return torch.randperm(count, generator=self.generator, device=self.device)

    def signs(self, shape: Sequence[int]) -> torch.Tensor:
        """Minus one or one, evenly."""
        return self.integers(2, shape).mul_(2).sub_(1).to(torch.float32)


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
    "positive": lambda normal, draw: draw.uniform(normal.shape, 0.1, 1),
    "log_uniform": lambda normal, draw: draw.uniform(normal.shape, np.log(1e-4), 0).exp_(),
    "decay": lambda normal, draw: draw.uniform(normal.shape, 0.8, 1),
    "log_decay": lambda normal, draw: draw.uniform(normal.shape, 0.8, 1).log_(),
    "unit": lambda normal, draw: torch.nn.functional.normalize(normal, dim=-1),
    "probability": lambda normal, draw: draw.uniform(normal.shape, 0, 1),
}


def _offsets(bound: int, shape: Sequence[int], draw: Draw) -> torch.Tensor:
    cuts = shape[0] - 2
    edges = torch.zeros(shape[0], dtype=torch.int64, device=draw.device)
    edges[-1] = bound
    if cuts > 0:
        # Picked with replacement, so that some segments are empty.
        edges[1:-1] = draw.integers(bound + 1, (cuts,))[draw.integers(cuts, (cuts,))].sort().values
    return edges


def _lengths(bound: int, shape: Sequence[int], draw: Draw) -> torch.Tensor:
    lengths = draw.integers(bound, shape).add_(1)
    # One is full, or a kernel that never reads the end would pass where all happen to be short.
    lengths.view(-1)[int(draw.host.integers(lengths.numel()))] = bound
    return lengths


def _permutation(bound: int, shape: Sequence[int], draw: Draw) -> torch.Tensor:
    count = int(np.prod(shape))
    return draw.permutation(max(bound, count))[:count].reshape(tuple(shape))


_INDICES: dict[str, Callable[[int, Sequence[int], Draw], torch.Tensor]] = {
    "index": lambda bound, shape, draw: draw.integers(bound, shape),
    "sorted_index": lambda bound, shape, draw: draw.integers(bound, shape).sort().values,
    "lengths": _lengths,
    "offsets": _offsets,
    "permutation": _permutation,
}
_ORDERED = ("sorted_index", "offsets")


def fill(
    name: str,
    dtype: str,
    shape: tuple[int, ...],
    dims: dict[str, int],
    distribution: str,
    draw: Draw,
    pool: torch.Tensor,
) -> torch.Tensor:
    """A new input.

    Args:
        name: the fill, with its dim where it has one, such as `index:N`.
        dtype: by torch's name.
        shape: of the input.
        dims: the workload's.
        distribution: of an input whose fill is `data`.
        draw: the randomness.
        pool: `POOL` standard normal numbers.
    """
    kind, _, dim = name.partition(":")
    if dim:
        return _INDICES[kind](dims[dim], shape, draw).to(getattr(torch, dtype))
    if kind == "bytes":
        return _bytes(dtype, shape, draw)
    if kind == "float8_bits":
        return _bytes("float8_e4m3fn", shape, draw).view(torch.uint8)
    normal = _normal(shape, draw, pool)
    kinds = DISTRIBUTIONS if kind == "data" else _PARAMETERS
    values = kinds[distribution if kind == "data" else kind](normal, draw)
    if dtype == "float8_e4m3fn":
        # What lies beyond would become NaN.
        values = values.clamp(-_LARGEST_FLOAT8, _LARGEST_FLOAT8)
    return values.to(getattr(torch, dtype)).contiguous()


def change_a_few(name: str, earlier: torch.Tensor, fresh: torch.Tensor, draw: Draw) -> torch.Tensor:
    """An input with one element in a hundred changed, as valid for its fill as it was.

    Args:
        name: the fill.
        earlier: the input.
        fresh: another one of the same fill.
        draw: the randomness.
    """
    changed = earlier.clone()
    kind = name.partition(":")[0]
    flat = _assignable(changed.reshape(-1))
    count = max(1, int(flat.numel() * _CHANGED_SHARE))
    if kind == "permutation":
        places = draw.permutation(flat.numel())[: max(2, count)]
        flat[places] = flat[places.roll(1)]
        return changed
    places = draw.integers(flat.numel(), (count,))
    if kind == "unit":
        flat[places] = -flat[places]
    elif kind in _ELEMENTWISE and flat.is_floating_point():
        flat[places] = flat[places] * 2 + 1
    else:
        flat[places] = _assignable(fresh.reshape(-1))[places]
    return changed.sort().values if kind in _ORDERED else changed


def _assignable(flat: torch.Tensor) -> torch.Tensor:
    # torch assigns to no elements of float8.
    return flat.view(torch.uint8) if flat.dtype.itemsize == 1 else flat


def _bytes(dtype: str, shape: tuple[int, ...], draw: Draw) -> torch.Tensor:
    if dtype == "float8_e4m3fn":
        # 127 and 255 are its NaNs.
        values = draw.integers(254, shape)
        values += values >= 127
    else:
        values = draw.integers(256, shape)
    return values.to(torch.uint8).view(getattr(torch, dtype))


def _normal(shape: tuple[int, ...], draw: Draw, pool: torch.Tensor) -> torch.Tensor:
    # Cut from a pool at random places, which costs a copy where fresh numbers cost a
    # logarithm and a root each; rows are then scaled and shifted anew.
    out = torch.empty(int(np.prod(shape)), device=draw.device)
    position = 0
    while position < out.numel():
        start = int(draw.host.integers(0, POOL // 2))
        count = min(out.numel() - position, POOL - start)
        out[position : position + count] = pool[start : start + count]
        position += count
    return out.reshape(shape)
