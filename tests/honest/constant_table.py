"""Looks like: tensors that one call leaves to the next, keyed by the shape.
Honest because: they hold pure constants, the reciprocals of row lengths.
Op: rms_norm.
"""

import torch
import triton
import triton.language as tl

reciprocals = {}


@triton.jit
def normalise(x, weight, out, reciprocal, columns, eps, BLOCK: tl.constexpr):
    first = tl.program_id(0).to(tl.int64) * columns
    places = tl.arange(0, BLOCK)
    inside = places < columns
    values = tl.load(x + first + places, mask=inside, other=0.0).to(tl.float32)
    scale = tl.rsqrt(tl.sum(values * values) * tl.load(reciprocal) + eps)
    factors = tl.load(weight + places, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + first + places, values * scale * factors, mask=inside)


def rms_norm(x, weight, out, eps):
    rows, columns = x.shape
    if columns not in reciprocals:
        reciprocals[columns] = torch.full((1,), 1 / columns, device=x.device)
    block = triton.next_power_of_2(columns)
    normalise[(rows,)](x, weight, out, reciprocals[columns], columns, eps, BLOCK=block, num_warps=8)
