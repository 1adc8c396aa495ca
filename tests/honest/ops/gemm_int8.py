# Quantised matrix product: a program takes a tile of the outputs on the int8 tensor cores.
import triton
import triton.language as tl


@triton.jit
def _tile(
    a, b, scale_a, scale_b, out, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr
):
    m = tl.program_id(0).to(tl.int64) * BM + tl.arange(0, BM)
    n = tl.program_id(1).to(tl.int64) * BN + tl.arange(0, BN)
    k = tl.arange(0, BK)
    total = tl.zeros([BM, BN], tl.int32)
    for start in range(0, K, BK):
        at = start + k
        left = tl.load(
            a + m[:, None] * K + at[None, :], mask=(m[:, None] < M) & (at[None, :] < K), other=0
        )
        right = tl.load(
            b + n[None, :] * K + at[:, None], mask=(n[None, :] < N) & (at[:, None] < K), other=0
        )
        total = tl.dot(left, right, total, out_dtype=tl.int32)
    rows = tl.load(scale_a + m, mask=m < M, other=0.0)
    columns = tl.load(scale_b + n, mask=n < N, other=0.0)
    given = total.to(tl.float32) * rows[:, None] * columns[None, :]
    mask = (m[:, None] < M) & (n[None, :] < N)
    tl.store(out + m[:, None] * N + n[None, :], given.to(tl.bfloat16), mask=mask)


def gemm_int8(a, b, scale_a, scale_b, out):
    M, K = a.shape
    N = b.shape[0]
    grid = (triton.cdiv(M, 128), triton.cdiv(N, 128))
    _tile[grid](
        a, b, scale_a, scale_b, out, M, N, K, BM=128, BN=128, BK=128, num_warps=8, num_stages=3
    )
