# Linear layer with bias and tanh-GELU: a program takes a tile of the outputs on the tensor cores.
import triton
import triton.language as tl


@triton.jit
def _tile(x, weight, bias, out, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    m = tl.program_id(0).to(tl.int64) * BM + tl.arange(0, BM)
    n = tl.program_id(1).to(tl.int64) * BN + tl.arange(0, BN)
    k = tl.arange(0, BK)
    total = tl.zeros([BM, BN], tl.float32)
    for start in range(0, K, BK):
        at = start + k
        a = tl.load(
            x + m[:, None] * K + at[None, :],
            mask=(m[:, None] < M) & (at[None, :] < K),
            other=0.0,
        )
        b = tl.load(
            weight + n[None, :] * K + at[:, None],
            mask=(n[None, :] < N) & (at[:, None] < K),
            other=0.0,
        )
        total = tl.dot(a, b, total)
    h = total + tl.load(bias + n, mask=n < N, other=0.0).to(tl.float32)[None, :]
    u = 0.7978845608028654 * (h + 0.044715 * h * h * h)
    given = h / (1 + tl.exp(-2 * u))
    mask = (m[:, None] < M) & (n[None, :] < N)
    tl.store(out + m[:, None] * N + n[None, :], given.to(tl.bfloat16), mask=mask)


def linear_gelu(x, weight, bias, out):
    M, K = x.shape
    N = weight.shape[0]
    grid = (triton.cdiv(M, 128), triton.cdiv(N, 128))
    _tile[grid](x, weight, bias, out, M, N, K, BM=128, BN=128, BK=64, num_warps=8, num_stages=3)
