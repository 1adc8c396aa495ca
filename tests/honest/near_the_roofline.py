"""Looks like: a time that is too good to be true.
Honest because: each element is read once and written once, and the row waits in registers.
Op: rms_norm.
"""

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
    block = triton.next_power_of_2(columns)
    warps = min(16, max(1, block // 512))
    normalise[(rows,)](x, weight, out, columns, eps, BLOCK=block, num_warps=warps)
