# Softmax of soft-capped logits: a program finds one row's sum below the cap, then writes it.
import triton
import triton.language as tl


@triton.jit
def _capped(x, cap):
    # tanh(t) is 1 - 2 / (exp(2t) + 1), which is right where the exponential overflows.
    return cap - 2 * cap / (tl.exp(2 * (x / cap)) + 1)


@triton.jit
def _row(x, out, N, cap, BLOCK: tl.constexpr):
    base = tl.program_id(0).to(tl.int64) * N
    tops = tl.full([BLOCK], float("-inf"), tl.float32)
    for start in range(0, N, BLOCK):
        at = start + tl.arange(0, BLOCK)
        value = tl.load(x + base + at, mask=at < N, other=float("-inf")).to(tl.float32)
        tops = tl.maximum(tops, value)
    # The cap keeps the order.
    top = _capped(tl.max(tops, 0), cap)
    sums = tl.zeros([BLOCK], tl.float32)
    for start in range(0, N, BLOCK):
        at = start + tl.arange(0, BLOCK)
        value = tl.load(x + base + at, mask=at < N, other=0.0).to(tl.float32)
        sums += tl.where(at < N, tl.exp(_capped(value, cap) - top), 0.0)
    inverse = 1 / tl.sum(sums, 0)
    for start in range(0, N, BLOCK):
        at = start + tl.arange(0, BLOCK)
        value = tl.load(x + base + at, mask=at < N, other=0.0).to(tl.float32)
        given = tl.exp(_capped(value, cap) - top) * inverse
        tl.store(out + base + at, given.to(tl.bfloat16), mask=at < N)


def softcap_softmax(x, out, cap):
    M, N = x.shape
    _row[(M,)](x, out, N, cap, BLOCK=2048, num_warps=8)
