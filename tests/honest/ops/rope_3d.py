"""Rotary embedding over three axes: a program a token and head, pair by pair."""

import triton
import triton.language as tl


@triton.jit
def angle(of_t, of_y, of_x, t, y, x, i, LONG: tl.constexpr, SHORT: tl.constexpr):
    in_t = i < LONG
    in_y = (i >= LONG) & (i < LONG + SHORT)
    in_x = (i >= LONG + SHORT) & (i < LONG + 2 * SHORT)
    return (
        tl.load(of_t + t * LONG + i, mask=in_t, other=0.0)
        + tl.load(of_y + y * SHORT + i - LONG, mask=in_y, other=0.0)
        + tl.load(of_x + x * SHORT + i - LONG - SHORT, mask=in_x, other=0.0)
    )


@triton.jit
def rotate(
    tokens,
    cos_t,
    sin_t,
    cos_y,
    sin_y,
    cos_x,
    sin_x,
    out,
    T,
    Y,
    X,
    H,
    D: tl.constexpr,
    HALF: tl.constexpr,
):
    LONG: tl.constexpr = D // 2 - 2 * (D // 6)
    SHORT: tl.constexpr = D // 6
    row = tl.program_id(0).to(tl.int64)
    n = row // H % (T * Y * X)
    t, y, x = n // (Y * X), n // X % Y, n % X
    i = tl.arange(0, HALF)
    c = angle(cos_t, cos_y, cos_x, t, y, x, i, LONG, SHORT)
    s = angle(sin_t, sin_y, sin_x, t, y, x, i, LONG, SHORT)
    inside = i < D // 2
    a = tl.load(tokens + row * D + 2 * i, mask=inside, other=0.0).to(tl.float32)
    b = tl.load(tokens + row * D + 2 * i + 1, mask=inside, other=0.0).to(tl.float32)
    dtype = out.dtype.element_ty
    tl.store(out + row * D + 2 * i, (a * c - b * s).to(dtype), mask=inside)
    tl.store(out + row * D + 2 * i + 1, (a * s + b * c).to(dtype), mask=inside)


def rope_3d(x, cos_t, sin_t, cos_y, sin_y, cos_x, sin_x, out):
    B, N, H, D = x.shape
    rotate[(B * N * H,)](
        x,
        cos_t,
        sin_t,
        cos_y,
        sin_y,
        cos_x,
        sin_x,
        out,
        cos_t.shape[0],
        cos_y.shape[0],
        cos_x.shape[0],
        H,
        D=D,
        HALF=triton.next_power_of_2(D // 2),
        num_warps=1,
    )
