# RMS normalisation of heads: a program takes eight heads, of the queries or of the keys.
import triton
import triton.language as tl


@triton.jit
def _heads(x, weight, out, rows, D, eps, ROWS: tl.constexpr, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    d = tl.arange(0, BLOCK)
    at = row[:, None] * D + d[None, :]
    mask = (row[:, None] < rows) & (d[None, :] < D)
    value = tl.load(x + at, mask=mask, other=0.0).to(tl.float32)
    inverse = tl.rsqrt(tl.sum(value * value, 1) / D + eps)
    scale = tl.load(weight + d, mask=d < D, other=0.0).to(tl.float32)
    given = value * inverse[:, None] * scale[None, :]
    tl.store(out + at, given.to(tl.bfloat16), mask=mask)


def qk_norm(q, k, q_weight, k_weight, q_out, k_out, eps):
    D = q.shape[-1]
    BLOCK = triton.next_power_of_2(D)
    for x, weight, out in ((q, q_weight, q_out), (k, k_weight, k_out)):
        rows = x.numel() // D
        _heads[(triton.cdiv(rows, 8),)](x, weight, out, rows, D, eps, ROWS=8, BLOCK=BLOCK)
