"""Bias and tanh-approximated GELU: one program for each part of a row."""

import triton
import triton.language as tl


@triton.jit
def activate(x, bias, out, columns, BLOCK: tl.constexpr):
    first = tl.program_id(0).to(tl.int64) * columns
    places = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = places < columns
    h = tl.load(x + first + places, mask=inside, other=0.0).to(tl.float32)
    h += tl.load(bias + places, mask=inside, other=0.0).to(tl.float32)
    # (1 + tanh(u)) / 2 is the sigmoid of 2u.
    twice = 1.5957691216057308 * h * (1 + 0.044715 * h * h)
    tl.store(out + first + places, h * tl.sigmoid(twice), mask=inside)


def gelu_bias(x, bias, out):
    rows, columns = x.shape
    activate[(rows, triton.cdiv(columns, 1024))](x, bias, out, columns, BLOCK=1024)
