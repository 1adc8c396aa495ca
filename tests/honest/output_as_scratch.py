"""Looks like: an output that is written twice, first with something else.
Honest because: it holds a copy of the input from the one half of the kernel to the other.
Op: rms_norm.
"""

import triton
import triton.language as tl


@triton.jit
def normalise(x, weight, out, columns, eps, BLOCK: tl.constexpr):
    first = tl.program_id(0).to(tl.int64) * columns
    total = tl.zeros([BLOCK], tl.float32)
    for begin in range(0, columns, BLOCK):
        places = begin + tl.arange(0, BLOCK)
        inside = places < columns
        values = tl.load(x + first + places, mask=inside, other=0.0)
        tl.store(out + first + places, values, mask=inside)
        total += values.to(tl.float32) * values.to(tl.float32)
    scale = tl.rsqrt(tl.sum(total) / columns + eps)
    tl.debug_barrier()
    for begin in range(0, columns, BLOCK):
        places = begin + tl.arange(0, BLOCK)
        inside = places < columns
        values = tl.load(out + first + places, mask=inside, other=0.0).to(tl.float32)
        factors = tl.load(weight + places, mask=inside, other=0.0).to(tl.float32)
        tl.store(out + first + places, values * scale * factors, mask=inside)


def rms_norm(x, weight, out, eps):
    rows, columns = x.shape
    normalise[(rows,)](x, weight, out, columns, eps, BLOCK=1024)
