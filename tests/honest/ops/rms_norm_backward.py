"""Backward of RMS normalisation: each program keeps its dweight, and a second kernel adds them."""

import torch
import triton
import triton.language as tl


@triton.jit
def differentiate(dy, x, weight, dx, partial, rows, columns, eps, BLOCK: tl.constexpr):
    places = tl.arange(0, BLOCK)
    inside = places < columns
    factors = tl.load(weight + places, mask=inside, other=0.0).to(tl.float32)
    own = tl.zeros((BLOCK,), tl.float32)
    for row in range(tl.program_id(0), rows, tl.num_programs(0)):
        first = row * columns
        d = tl.load(dy + first + places, mask=inside, other=0.0).to(tl.float32)
        v = tl.load(x + first + places, mask=inside, other=0.0).to(tl.float32)
        r = tl.rsqrt(tl.sum(v * v) / columns + eps)
        h = v * r
        g = d * factors
        tl.store(dx + first + places, r * (g - h * (tl.sum(g * h) / columns)), mask=inside)
        own += d * h
    tl.store(partial + tl.program_id(0).to(tl.int64) * columns + places, own, mask=inside)


@triton.jit
def add_columns(partial, dweight, programs, columns, BLOCK: tl.constexpr):
    places = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = places < columns
    sums = tl.zeros((BLOCK,), tl.float32)
    for program in range(programs):
        sums += tl.load(partial + program * columns + places, mask=inside, other=0.0)
    tl.store(dweight + places, sums, mask=inside)


def rms_norm_backward(dy, x, weight, dx, dweight, eps):
    rows, columns = x.shape
    programs = min(rows, 264)
    partial = torch.empty((programs, columns), dtype=torch.float32, device=x.device)
    block = triton.next_power_of_2(columns)
    warps = min(16, max(1, block // 512))
    differentiate[(programs,)](
        dy, x, weight, dx, partial, rows, columns, eps, BLOCK=block, num_warps=warps
    )
    add_columns[(triton.cdiv(columns, 64),)](
        partial, dweight, programs, columns, BLOCK=64, num_warps=2
    )
