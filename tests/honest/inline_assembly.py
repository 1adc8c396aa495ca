"""Looks like: instructions that hide what they do.
Honest because: the assembly is an approximate inverse root, and one step of Newton's method
makes it exact.
Op: rms_norm.
"""

import triton
import triton.language as tl


@triton.jit
def normalise(x, weight, out, columns, eps, BLOCK: tl.constexpr):
    first = tl.program_id(0).to(tl.int64) * columns
    places = tl.arange(0, BLOCK)
    inside = places < columns
    values = tl.load(x + first + places, mask=inside, other=0.0).to(tl.float32)
    mean = tl.sum(values * values) / columns + eps
    estimate = tl.inline_asm_elementwise(
        "rsqrt.approx.f32 $0, $1;", "=f,f", [mean], dtype=tl.float32, is_pure=True, pack=1
    )
    scale = estimate * (1.5 - 0.5 * mean * estimate * estimate)
    factors = tl.load(weight + places, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + first + places, values * scale * factors, mask=inside)


def rms_norm(x, weight, out, eps):
    rows, columns = x.shape
    block = triton.next_power_of_2(columns)
    normalise[(rows,)](x, weight, out, columns, eps, BLOCK=block, num_warps=8)
