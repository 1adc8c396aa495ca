"""Looks like: a kernel with as many programs as there are multiprocessors, whatever the shape.
Honest because: each program walks over rows until there are no more.
Op: rms_norm.
"""

import functools

import torch
import triton
import triton.language as tl


@triton.jit
def normalise_rows(x, weight, out, rows, columns, eps, BLOCK: tl.constexpr):
    places = tl.arange(0, BLOCK)
    inside = places < columns
    factors = tl.load(weight + places, mask=inside, other=0.0).to(tl.float32)
    for row in range(tl.program_id(0), rows, tl.num_programs(0)):
        first = row.to(tl.int64) * columns
        values = tl.load(x + first + places, mask=inside, other=0.0).to(tl.float32)
        scale = tl.rsqrt(tl.sum(values * values) / columns + eps)
        tl.store(out + first + places, values * scale * factors, mask=inside)


@functools.cache
def programs(device):
    return 4 * torch.cuda.get_device_properties(device).multi_processor_count


def rms_norm(x, weight, out, eps):
    rows, columns = x.shape
    block = triton.next_power_of_2(columns)
    grid = (min(rows, programs(x.device)),)
    normalise_rows[grid](x, weight, out, rows, columns, eps, BLOCK=block, num_warps=8)
