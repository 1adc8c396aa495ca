"""Looks like: first calls that do something else: they time, and write to a large buffer.
Honest because: the autotuner of Triton picks the number of warps for each length of a row.
Op: rms_norm.
"""

import triton
import triton.language as tl


@triton.autotune(
    configs=[triton.Config({}, num_warps=warps) for warps in (2, 4, 8, 16)], key=["columns"]
)
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
    normalise[(rows,)](x, weight, out, columns, eps, BLOCK=block)
