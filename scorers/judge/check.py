"""Whether an output is right: everywhere, by a tolerance that follows its structure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from .contents import Contents, Expected
from .job import Operation, Tensor

# On a CPU they stay in its cache: a third of the time of whole-tensor passes. On a GPU such small
# ones are bound by their launches.
_CHUNK = {"cpu": 1 << 18, "cuda": 1 << 24}


@dataclass(frozen=True)
class Difference:
    """The largest error in units of the tolerance (1 is the limit), and where it stands."""

    error: float
    detail: str

    @property
    def passes(self) -> bool:
        """Whether the output is right; a NaN is not."""
        return self.error <= 1.0


def compare(
    operation: Operation, contents: Contents, outputs: tuple[torch.Tensor, ...]
) -> Difference:
    """Compare the outputs of one call with what the oracle expects; the worst output counts."""
    worst = Difference(0.0, "")
    for tensor, expected, output in zip(operation.outputs, contents.expected, outputs, strict=True):
        found = _compare_output(tensor, expected, output)
        if math.isnan(found.error):
            # Nothing compares with it: a later output that is right would take its place.
            return found
        if found.error > worst.error:
            worst = found
    return worst


def _compare_output(tensor: Tensor, expected: Expected, output: torch.Tensor) -> Difference:
    value = expected.value
    if not expected.finite:
        # Not every function of torch takes float8.
        output = output.to(torch.float32)
        same = _same_where_not_finite(value, output)
        if not bool(same.all()):
            return _locate(tensor, (~same).to(torch.float32), value, output, float("inf"))
        finite = torch.isfinite(value)
        value = torch.where(finite, value, 0.0)
        output = torch.where(finite, output, 0.0)
    error = _worst_ratio(tensor, value, expected.magnitude, output)
    if error <= 1.0:
        return Difference(error, "")
    return _locate(tensor, _ratio(tensor, value, expected.magnitude, output), value, output, error)


def _same_where_not_finite(value: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    finite = torch.isfinite(value)
    both_nan = torch.isnan(value) & torch.isnan(output)
    return torch.where(finite, torch.isfinite(output), (value == output) | both_nan)


def _worst_ratio(
    tensor: Tensor, value: torch.Tensor, magnitude: torch.Tensor, output: torch.Tensor
) -> float:
    rows = value.shape[0] if value.dim() else 1
    if rows <= 1:
        return float(_ratio(tensor, value, magnitude, output).max())
    step = max(1, _CHUNK[value.device.type] * rows // max(1, value.numel()))
    worst = torch.zeros(())
    for begin in range(0, rows, step):
        part = slice(begin, begin + step)
        scale = magnitude[part] if magnitude.dim() and magnitude.shape[0] == rows else magnitude
        ratio = _ratio(tensor, value[part], scale, output[part])
        worst = torch.maximum(worst, ratio.max())
    return float(worst)


def _ratio(
    tensor: Tensor, value: torch.Tensor, magnitude: torch.Tensor, output: torch.Tensor
) -> torch.Tensor:
    error = (output.to(torch.float32) - value).abs_()
    if tensor.rounding:
        return error.div_(0.5 + tensor.scaled)
    floor = torch.finfo(torch.float32).tiny
    allowed = torch.add(value.abs() * tensor.relative, magnitude, alpha=tensor.scaled)
    return error.div_(allowed.clamp_min_(floor))


def _locate(
    tensor: Tensor, ratio: torch.Tensor, value: torch.Tensor, output: torch.Tensor, error: float
) -> Difference:
    ranked = torch.nan_to_num(ratio, nan=float("inf"))
    flat = int(ranked.reshape(-1).argmax())
    place = ",".join(str(int(i)) for i in torch.unravel_index(torch.tensor(flat), ratio.shape))
    wrong = int((~(ratio <= 1.0)).sum()) if error != float("inf") else int((ratio > 0).sum())
    return Difference(
        error,
        f"{tensor.name}[{place}] is {float(output.reshape(-1)[flat]):.9g}, expected "
        f"{float(value.reshape(-1)[flat]):.9g} ({wrong} of {ratio.numel()} elements are wrong)",
    )
