"""Backward of softmax from its input: one program a row, in three passes."""

import triton
import triton.language as tl


@triton.jit
def differentiate(dy, x, dx, columns, BLOCK: tl.constexpr):
    first = tl.program_id(0).to(tl.int64) * columns
    tops = tl.full((BLOCK,), float("-inf"), tl.float32)
    for start in range(0, columns, BLOCK):
        places = start + tl.arange(0, BLOCK)
        values = tl.load(x + first + places, mask=places < columns, other=float("-inf"))
        tops = tl.maximum(tops, values.to(tl.float32))
    top = tl.max(tops)
    sums = tl.zeros((BLOCK,), tl.float32)
    products = tl.zeros((BLOCK,), tl.float32)
    for start in range(0, columns, BLOCK):
        places = start + tl.arange(0, BLOCK)
        inside = places < columns
        values = tl.load(x + first + places, mask=inside, other=float("-inf"))
        terms = tl.exp(values.to(tl.float32) - top)
        sums += terms
        products += terms * tl.load(dy + first + places, mask=inside, other=0.0).to(tl.float32)
    inverse = 1 / tl.sum(sums)
    mean = tl.sum(products) * inverse
    for start in range(0, columns, BLOCK):
        places = start + tl.arange(0, BLOCK)
        inside = places < columns
        values = tl.load(x + first + places, mask=inside, other=float("-inf"))
        d = tl.load(dy + first + places, mask=inside, other=0.0).to(tl.float32)
        p = tl.exp(values.to(tl.float32) - top) * inverse
        tl.store(dx + first + places, p * (d - mean), mask=inside)


def softmax_backward(dy, x, dx):
    rows, columns = x.shape
    block = min(4096, triton.next_power_of_2(columns))
    differentiate[(rows,)](dy, x, dx, columns, BLOCK=block, num_warps=max(1, block // 512))
