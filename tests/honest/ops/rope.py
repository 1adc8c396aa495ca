# Rotary position embedding of half rotations: a program turns the pairs of one head.
import triton
import triton.language as tl


@triton.jit
def _head(x, cos, sin, out, S, H, half, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    position = row // H % S
    i = tl.arange(0, BLOCK)
    mask = i < half
    base = row * 2 * half
    a = tl.load(x + base + i, mask=mask, other=0.0).to(tl.float32)
    b = tl.load(x + base + half + i, mask=mask, other=0.0).to(tl.float32)
    c = tl.load(cos + position * half + i, mask=mask, other=0.0)
    s = tl.load(sin + position * half + i, mask=mask, other=0.0)
    tl.store(out + base + i, (a * c - b * s).to(tl.bfloat16), mask=mask)
    tl.store(out + base + half + i, (b * c + a * s).to(tl.bfloat16), mask=mask)


def rope(x, cos, sin, out):
    B, S, H, D = x.shape
    half = D // 2
    block = triton.next_power_of_2(half)
    _head[(B * S * H,)](x, cos, sin, out, S, H, half, BLOCK=block, num_warps=1)
