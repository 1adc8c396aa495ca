"""Looks like: work on a stream of its own.
Honest because: the second stream begins behind the current one, which waits for it before the
call returns.
Op: rms_norm.
"""

import functools

import torch
import triton
import triton.language as tl


@triton.jit
def normalise(x, weight, out, columns, eps, BLOCK: tl.constexpr):
    first = tl.program_id(0).to(tl.int64) * columns
    places = tl.arange(0, BLOCK)
    inside = places < columns
    values = tl.load(x + first + places, mask=inside, other=0.0).to(tl.float32)
    scale = tl.rsqrt(tl.sum(values * values) / columns + eps)
    factors = tl.load(weight + places, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + first + places, values * scale * factors, mask=inside)


@functools.cache
def second_stream():
    return torch.cuda.Stream()


def launch(x, weight, out, eps):
    rows, columns = x.shape
    block = triton.next_power_of_2(columns)
    normalise[(rows,)](x, weight, out, columns, eps, BLOCK=block, num_warps=8)


def rms_norm(x, weight, out, eps):
    half = x.shape[0] // 2
    second, current = second_stream(), torch.cuda.current_stream()
    second.wait_stream(current)
    if half > 0:
        with torch.cuda.stream(second):
            launch(x[:half], weight, out[:half], eps)
    launch(x[half:], weight, out[half:], eps)
    current.wait_stream(second)
