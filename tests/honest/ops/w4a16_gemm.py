# Matrix product with 4-bit weights: even and odd k are two products of one packed tile.
import triton
import triton.language as tl


@triton.jit
def _tile(x, weight, scale, zero, out, M, N, K, BM: tl.constexpr, BN: tl.constexpr):
    m = tl.program_id(0).to(tl.int64) * BM + tl.arange(0, BM)
    n = tl.program_id(1).to(tl.int64) * BN + tl.arange(0, BN)
    j = tl.arange(0, 64)
    total = tl.zeros([BM, BN], tl.float32)
    for group in range(K // 128):
        at = group * 64 + j
        packed = tl.load(
            weight + n[None, :] * (K // 2) + at[:, None], mask=n[None, :] < N, other=0
        ).to(tl.int32)
        place = n * (K // 128) + group
        step = tl.load(scale + place, mask=n < N, other=0.0).to(tl.float32)[None, :]
        shift = tl.load(zero + place, mask=n < N, other=0.0).to(tl.float32)[None, :]
        low = ((packed & 15) - 8).to(tl.float32) * step + shift
        high = ((packed >> 4) - 8).to(tl.float32) * step + shift
        row = x + m[:, None] * K + 2 * at[None, :]
        even = tl.load(row, mask=m[:, None] < M, other=0.0)
        odd = tl.load(row + 1, mask=m[:, None] < M, other=0.0)
        total = tl.dot(even, low.to(tl.bfloat16), total)
        total = tl.dot(odd, high.to(tl.bfloat16), total)
    mask = (m[:, None] < M) & (n[None, :] < N)
    tl.store(out + m[:, None] * N + n[None, :], total.to(tl.bfloat16), mask=mask)


def w4a16_gemm(x, weight, scale, zero, out):
    M, K = x.shape
    N = weight.shape[0]
    grid = (triton.cdiv(M, 64), triton.cdiv(N, 64))
    _tile[grid](x, weight, scale, zero, out, M, N, K, BM=64, BN=64, num_warps=4, num_stages=3)
