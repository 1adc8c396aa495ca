"""Log of the sum of exponentials: one program a row, one pass for its maximum, one for the sum."""

import triton
import triton.language as tl


@triton.jit
def reduce(x, out, columns, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    tops = tl.full((BLOCK,), float("-inf"), tl.float32)
    for start in range(0, columns, BLOCK):
        places = start + tl.arange(0, BLOCK)
        values = tl.load(x + row * columns + places, mask=places < columns, other=float("-inf"))
        tops = tl.maximum(tops, values.to(tl.float32))
    top = tl.max(tops)
    sums = tl.zeros((BLOCK,), tl.float32)
    for start in range(0, columns, BLOCK):
        places = start + tl.arange(0, BLOCK)
        values = tl.load(x + row * columns + places, mask=places < columns, other=float("-inf"))
        sums += tl.exp(values.to(tl.float32) - top)
    tl.store(out + row, top + tl.log(tl.sum(sums)))


def log_sum_exp(x, out):
    rows, columns = x.shape
    reduce[(rows,)](x, out, columns, BLOCK=4096, num_warps=8)
