"""GEGLU: one program for each part of a row."""

import triton
import triton.language as tl


@triton.jit
def gated(x, out, columns, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    places = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = places < columns
    first = x + row * 2 * columns
    value = tl.load(first + places, mask=inside, other=0.0).to(tl.float32)
    gate = tl.load(first + columns + places, mask=inside, other=0.0).to(tl.float32)
    share = 0.5 * (1 + tl.erf(gate * 0.7071067811865476))
    tl.store(out + row * columns + places, value * (gate * share), mask=inside)


def geglu(x, out):
    rows, columns = out.shape
    gated[(rows, triton.cdiv(columns, 1024))](x, out, columns, BLOCK=1024)
