"""Group normalisation and SiLU: one program a group, in three passes."""

import triton
import triton.language as tl


@triton.jit
def normalise(x, weight, bias, out, groups, channels, pixels, eps, BLOCK: tl.constexpr):
    group = tl.program_id(0)
    terms = channels * pixels
    first = group.to(tl.int64) * terms
    sums = tl.zeros((BLOCK,), tl.float32)
    for start in range(0, terms, BLOCK):
        places = start + tl.arange(0, BLOCK)
        sums += tl.load(x + first + places, mask=places < terms, other=0.0).to(tl.float32)
    mean = tl.sum(sums) / terms
    squares = tl.zeros((BLOCK,), tl.float32)
    for start in range(0, terms, BLOCK):
        places = start + tl.arange(0, BLOCK)
        values = tl.load(x + first + places, mask=places < terms, other=0.0).to(tl.float32)
        centred = tl.where(places < terms, values - mean, 0.0)
        squares += centred * centred
    scale = tl.rsqrt(tl.sum(squares) / terms + eps)
    for start in range(0, terms, BLOCK):
        places = start + tl.arange(0, BLOCK)
        inside = places < terms
        channel = group % groups * channels + places // pixels
        values = tl.load(x + first + places, mask=inside, other=0.0).to(tl.float32)
        factors = tl.load(weight + channel, mask=inside, other=0.0).to(tl.float32)
        shifts = tl.load(bias + channel, mask=inside, other=0.0).to(tl.float32)
        h = (values - mean) * scale * factors + shifts
        tl.store(out + first + places, h * tl.sigmoid(h), mask=inside)


def group_norm_silu(x, weight, bias, out, eps, groups):
    images, channels, pixels = x.shape
    normalise[(images * groups,)](
        x, weight, bias, out, groups, channels // groups, pixels, eps, BLOCK=4096, num_warps=8
    )
