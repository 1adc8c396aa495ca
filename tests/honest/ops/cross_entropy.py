# Cross-entropy: a program finds one row's maximum and sum, and subtracts the target's logit.
import triton
import triton.language as tl


@triton.jit
def _row(logits, target, loss, N, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    base = row * N
    tops = tl.full([BLOCK], float("-inf"), tl.float32)
    for start in range(0, N, BLOCK):
        at = start + tl.arange(0, BLOCK)
        value = tl.load(logits + base + at, mask=at < N, other=float("-inf")).to(tl.float32)
        tops = tl.maximum(tops, value)
    top = tl.max(tops, 0)
    sums = tl.zeros([BLOCK], tl.float32)
    for start in range(0, N, BLOCK):
        at = start + tl.arange(0, BLOCK)
        value = tl.load(logits + base + at, mask=at < N, other=float("-inf")).to(tl.float32)
        sums += tl.exp(value - top)
    picked = tl.load(logits + base + tl.load(target + row)).to(tl.float32)
    tl.store(loss + row, tl.log(tl.sum(sums, 0)) + (top - picked))


def cross_entropy(logits, target, loss):
    M, N = logits.shape
    _row[(M,)](logits, target, loss, N, BLOCK=2048, num_warps=8)
