"""Looks like: the output comes from elsewhere, since no kernel of its own writes to it.
Honest because: the kernel writes to a new tensor, and one copy takes that to the output.
Op: rms_norm.
"""

import torch
import triton
import triton.language as tl


@triton.jit
def normalise(x, weight, out, columns, eps, BLOCK: tl.constexpr):
    first = tl.program_id(0).to(tl.int64) * columns
    places = tl.arange(0, BLOCK)
    inside = places < columns
    values = tl.load(x + first + places, mask=inside, other=0.0).to(tl.float32)
    scale = tl.rsqrt(tl.sum(values * values) / columns + eps)
    factors = tl.load(weight + places, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + first + places, values * scale * factors, mask=inside)


def rms_norm(x, weight, out, eps):
    rows, columns = x.shape
    result = torch.empty_like(out)
    block = triton.next_power_of_2(columns)
    normalise[(rows,)](x, weight, result, columns, eps, BLOCK=block, num_warps=8)
    out.copy_(result)
