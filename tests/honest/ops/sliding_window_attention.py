"""Sliding-window attention: a block of queries goes through the keys that any of them sees."""

import triton
import triton.language as tl


@triton.jit
def attend(
    q,
    k,
    v,
    out,
    S,
    HQ,
    HKV,
    window,
    scale,
    D: tl.constexpr,
    QUERIES: tl.constexpr,
    KEYS: tl.constexpr,
):
    first = tl.program_id(0) * QUERIES
    b = tl.program_id(1).to(tl.int64) // HQ
    h = tl.program_id(1).to(tl.int64) % HQ
    kept = h // (HQ // HKV)
    i = first + tl.arange(0, QUERIES)
    d = tl.arange(0, D)
    places = ((b * S + i[:, None]) * HQ + h) * D + d[None, :]
    query = tl.load(q + places, mask=i[:, None] < S, other=0.0)
    # Finite, as a query may see none of the first keys.
    top = tl.full([QUERIES], -1e38, tl.float32)
    total = tl.zeros([QUERIES], tl.float32)
    acc = tl.zeros([QUERIES, D], tl.float32)
    for begin in range(tl.maximum(first - window + 1, 0), tl.minimum(first + QUERIES, S), KEYS):
        j = begin + tl.arange(0, KEYS)
        at = ((b * S + j[:, None]) * HKV + kept) * D + d[None, :]
        key = tl.load(k + at, mask=j[:, None] < S, other=0.0)
        value = tl.load(v + at, mask=j[:, None] < S, other=0.0)
        scores = tl.dot(query, tl.trans(key), input_precision="ieee") * scale
        seen = (j[None, :] <= i[:, None]) & (j[None, :] > i[:, None] - window)
        scores = tl.where(seen, scores, float("-inf"))
        higher = tl.maximum(top, tl.max(scores, 1))
        p = tl.exp(scores - higher[:, None])
        shrunk = tl.exp(top - higher)
        total = total * shrunk + tl.sum(p, 1)
        acc = acc * shrunk[:, None] + tl.dot(p.to(value.dtype), value, input_precision="ieee")
        top = higher
    acc = acc / total[:, None]
    tl.store(out + places, acc.to(out.dtype.element_ty), mask=i[:, None] < S)


def sliding_window_attention(q, k, v, out, window, scale):
    B, S, HQ, D = q.shape
    grid = (triton.cdiv(S, 64), B * HQ)
    attend[grid](q, k, v, out, S, HQ, k.shape[2], window, scale, D=D, QUERIES=64, KEYS=64)
