# 1x1 convolution: a program takes a tile of output channels by pixels on the tensor cores.
import triton
import triton.language as tl


@triton.jit
def _tile(x, weight, bias, out, C, K, P, BK: tl.constexpr, BP: tl.constexpr, BC: tl.constexpr):
    p = tl.program_id(0) * BP + tl.arange(0, BP)
    k = tl.program_id(1) * BK + tl.arange(0, BK)
    image = tl.program_id(2).to(tl.int64)
    c = tl.arange(0, BC)
    total = tl.zeros([BK, BP], tl.float32)
    for start in range(0, C, BC):
        at = start + c
        left = tl.load(
            weight + k[:, None] * C + at[None, :],
            mask=(k[:, None] < K) & (at[None, :] < C),
            other=0.0,
        )
        right = tl.load(
            x + (image * C + at[:, None]) * P + p[None, :],
            mask=(at[:, None] < C) & (p[None, :] < P),
            other=0.0,
        )
        total = tl.dot(left, right, total)
    given = total + tl.load(bias + k, mask=k < K, other=0.0).to(tl.float32)[:, None]
    mask = (k[:, None] < K) & (p[None, :] < P)
    tl.store(out + (image * K + k[:, None]) * P + p[None, :], given.to(tl.bfloat16), mask=mask)


def conv_1x1(x, weight, bias, out):
    B, C, H, W = x.shape
    K = weight.shape[0]
    grid = (triton.cdiv(H * W, 128), triton.cdiv(K, 64), B)
    _tile[grid](x, weight, bias, out, C, K, H * W, BK=64, BP=128, BC=32, num_warps=4)
