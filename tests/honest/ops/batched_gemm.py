"""Batch of matrix products: a program a tile of one of them."""

import triton
import triton.language as tl


@triton.jit
def multiply(
    a,
    b,
    out,
    M,
    N,
    K,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    STEP: tl.constexpr,
):
    batch = tl.program_id(2).to(tl.int64)
    m = tl.program_id(1).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    n = tl.program_id(0).to(tl.int64) * COLUMNS + tl.arange(0, COLUMNS)
    acc = tl.zeros([ROWS, COLUMNS], tl.float32)
    for begin in range(0, K, STEP):
        k = begin + tl.arange(0, STEP)
        left = tl.load(
            a + batch * M * K + m[:, None] * K + k[None, :],
            mask=(m[:, None] < M) & (k[None, :] < K),
            other=0.0,
        )
        right = tl.load(
            b + batch * K * N + k[:, None] * N + n[None, :],
            mask=(k[:, None] < K) & (n[None, :] < N),
            other=0.0,
        )
        acc = tl.dot(left, right, acc, input_precision="ieee")
    tl.store(
        out + batch * M * N + m[:, None] * N + n[None, :],
        acc.to(out.dtype.element_ty),
        mask=(m[:, None] < M) & (n[None, :] < N),
    )


def batched_gemm(a, b, out):
    B, M, N = out.shape
    grid = (triton.cdiv(N, 64), triton.cdiv(M, 64), B)
    multiply[grid](a, b, out, M, N, a.shape[2], ROWS=64, COLUMNS=64, STEP=32)
