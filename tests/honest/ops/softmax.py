# Softmax: a program finds one row's maximum, then its sum, then writes it.
import triton
import triton.language as tl


@triton.jit
def _row(x, out, N, BLOCK: tl.constexpr):
    base = tl.program_id(0).to(tl.int64) * N
    tops = tl.full([BLOCK], float("-inf"), tl.float32)
    for start in range(0, N, BLOCK):
        at = start + tl.arange(0, BLOCK)
        value = tl.load(x + base + at, mask=at < N, other=float("-inf")).to(tl.float32)
        tops = tl.maximum(tops, value)
    top = tl.max(tops, 0)
    sums = tl.zeros([BLOCK], tl.float32)
    for start in range(0, N, BLOCK):
        at = start + tl.arange(0, BLOCK)
        value = tl.load(x + base + at, mask=at < N, other=float("-inf")).to(tl.float32)
        sums += tl.exp(value - top)
    inverse = 1 / tl.sum(sums, 0)
    for start in range(0, N, BLOCK):
        at = start + tl.arange(0, BLOCK)
        value = tl.load(x + base + at, mask=at < N, other=float("-inf")).to(tl.float32)
        tl.store(out + base + at, (tl.exp(value - top) * inverse).to(tl.bfloat16), mask=at < N)


def softmax(x, out):
    M, N = x.shape
    _row[(M,)](x, out, N, BLOCK=2048, num_warps=8)
