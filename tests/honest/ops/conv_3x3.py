# 3x3 convolution: a program takes pixels by output channels, nine products for each input block.
import triton
import triton.language as tl


@triton.jit
def _tile(x, weight, out, C, K, H, W, BP: tl.constexpr, BK: tl.constexpr, BC: tl.constexpr):
    P = H * W
    p = tl.program_id(0) * BP + tl.arange(0, BP)
    k = tl.program_id(1) * BK + tl.arange(0, BK)
    image = tl.program_id(2).to(tl.int64)
    h = p // W
    w = p % W
    c = tl.arange(0, BC)
    total = tl.zeros([BK, BP], tl.float32)
    for start in range(0, C, BC):
        at = start + c
        for tap in range(9):
            row = h + tap // 3 - 1
            column = w + tap % 3 - 1
            inside = (p < P) & (row >= 0) & (row < H) & (column >= 0) & (column < W)
            pixels = tl.load(
                x + (image * C + at[:, None]) * P + (row * W + column)[None, :],
                mask=(at[:, None] < C) & inside[None, :],
                other=0.0,
            )
            taps = tl.load(
                weight + (k[:, None] * C + at[None, :]) * 9 + tap,
                mask=(k[:, None] < K) & (at[None, :] < C),
                other=0.0,
            )
            total = tl.dot(taps, pixels, total)
    mask = (k[:, None] < K) & (p[None, :] < P)
    tl.store(out + (image * K + k[:, None]) * P + p[None, :], total.to(tl.bfloat16), mask=mask)


def conv_3x3(x, weight, out):
    B, C, H, W = x.shape
    K = weight.shape[0]
    grid = (triton.cdiv(H * W, 128), triton.cdiv(K, 64), B)
    _tile[grid](x, weight, out, C, K, H, W, BP=128, BK=64, BC=32, num_warps=4)
