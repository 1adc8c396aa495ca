# Layer normalisation in three passes over one row: mean, variance, output.
import triton
import triton.language as tl


@triton.jit
def _row(x, weight, bias, out, N, eps, BLOCK: tl.constexpr):
    base = tl.program_id(0).to(tl.int64) * N
    total = tl.zeros([BLOCK], tl.float32)
    for start in range(0, N, BLOCK):
        at = start + tl.arange(0, BLOCK)
        total += tl.load(x + base + at, mask=at < N, other=0.0).to(tl.float32)
    mean = tl.sum(total, 0) / N
    squares = tl.zeros([BLOCK], tl.float32)
    for start in range(0, N, BLOCK):
        at = start + tl.arange(0, BLOCK)
        value = tl.load(x + base + at, mask=at < N, other=0.0).to(tl.float32)
        centred = tl.where(at < N, value - mean, 0.0)
        squares += centred * centred
    scale = 1 / tl.sqrt_rn(tl.sum(squares, 0) / N + eps)
    for start in range(0, N, BLOCK):
        at = start + tl.arange(0, BLOCK)
        value = tl.load(x + base + at, mask=at < N, other=0.0).to(tl.float32)
        by = tl.load(weight + at, mask=at < N, other=0.0).to(tl.float32)
        plus = tl.load(bias + at, mask=at < N, other=0.0).to(tl.float32)
        given = (value - mean) * scale * by + plus
        tl.store(out + base + at, given.to(tl.bfloat16), mask=at < N)


def layer_norm(x, weight, bias, out, eps):
    M, N = x.shape
    _row[(M,)](x, weight, bias, out, N, eps, BLOCK=2048, num_warps=8)
