# Gated activation of a SwiGLU block: a program takes some thousand elements.
import triton
import triton.language as tl


@triton.jit
def _block(gate, up, out, count, BLOCK: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    g = tl.load(gate + at, mask=at < count, other=0.0).to(tl.float32)
    u = tl.load(up + at, mask=at < count, other=0.0).to(tl.float32)
    tl.store(out + at, (g / (1 + tl.exp(-g)) * u).to(tl.bfloat16), mask=at < count)


def silu_mul(gate, up, out):
    count = gate.numel()
    _block[(triton.cdiv(count, 4096),)](gate, up, out, count, BLOCK=4096, num_warps=8)
