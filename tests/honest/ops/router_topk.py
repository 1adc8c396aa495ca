# Router: a program takes the largest of one row eight times, then normalises them.
import triton
import triton.language as tl


@triton.jit
def _row(logits, weights, indices, E, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    at = tl.arange(0, BLOCK)
    eighth = tl.arange(0, 8)
    left = tl.load(logits + row * E + at, mask=at < E, other=float("-inf")).to(tl.float32)
    values = tl.zeros([8], tl.float32)
    places = tl.zeros([8], tl.int32)
    for i in range(8):
        top = tl.max(left, 0)
        place = tl.min(tl.where(left == top, at, BLOCK), 0)
        values = tl.where(eighth == i, top, values)
        places = tl.where(eighth == i, place, places)
        left = tl.where(at == place, float("-inf"), left)
    terms = tl.exp(values - tl.max(values, 0))
    tl.store(weights + row * 8 + eighth, terms / tl.sum(terms, 0))
    tl.store(indices + row * 8 + eighth, places.to(tl.int64))


def router_topk(logits, weights, indices):
    M, E = logits.shape
    _row[(M,)](logits, weights, indices, E, BLOCK=triton.next_power_of_2(E), num_warps=1)
