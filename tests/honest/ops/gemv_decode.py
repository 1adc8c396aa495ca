"""Linear layer of a few tokens: a program a few rows of weights, for all tokens in turn."""

import triton
import triton.language as tl


@triton.jit
def multiply(x, weight, out, M, N, K, ROWS: tl.constexpr, STEP: tl.constexpr):
    n = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    for m in range(M):
        acc = tl.zeros([ROWS, STEP], tl.float32)
        for begin in range(0, K, STEP):
            k = begin + tl.arange(0, STEP)
            left = tl.load(x + m * K + k, mask=k < K, other=0.0).to(tl.float32)
            right = tl.load(
                weight + n[:, None] * K + k[None, :],
                mask=(n[:, None] < N) & (k[None, :] < K),
                other=0.0,
            )
            acc += left[None, :] * right.to(tl.float32)
        total = tl.sum(acc, 1)
        tl.store(out + m * N + n, total.to(out.dtype.element_ty), mask=n < N)


def gemv_decode(x, weight, out):
    M, N = out.shape
    multiply[(triton.cdiv(N, 8),)](x, weight, out, M, N, x.shape[1], ROWS=8, STEP=512)
