"""Looks like: a tensor of its own that comes from PyTorch's pool, where an earlier one may have
left something.
Honest because: every call writes all of it before it reads it.
Op: rms_norm.
"""

import torch
import triton
import triton.language as tl


@triton.jit
def compute_scales(x, scales, columns, eps, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    total = tl.zeros([BLOCK], tl.float32)
    for begin in range(0, columns, BLOCK):
        places = begin + tl.arange(0, BLOCK)
        inside = places < columns
        values = tl.load(x + row * columns + places, mask=inside, other=0.0).to(tl.float32)
        total += values * values
    tl.store(scales + row, tl.rsqrt(tl.sum(total) / columns + eps))


@triton.jit
def apply_scales(x, weight, scales, out, columns, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    places = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = places < columns
    values = tl.load(x + row * columns + places, mask=inside, other=0.0).to(tl.float32)
    factors = tl.load(weight + places, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + row * columns + places, values * tl.load(scales + row) * factors, mask=inside)


def rms_norm(x, weight, out, eps):
    rows, columns = x.shape
    scales = torch.empty(rows, dtype=torch.float32, device=x.device)
    compute_scales[(rows,)](x, scales, columns, eps, BLOCK=1024)
    grid = (rows, triton.cdiv(columns, 1024))
    apply_scales[grid](x, weight, scales, out, columns, BLOCK=1024)
