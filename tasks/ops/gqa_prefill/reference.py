# ruff: noqa: E501
import torch
import torch.nn.functional as F


# fmt: off
def gqa_prefill(q, k, v, scale):
    g = q.shape[2] // k.shape[2]
    q, k, v = (t.transpose(1, 2) for t in (q, k.repeat_interleave(g, 2), v.repeat_interleave(g, 2)))
    return F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale).transpose(1, 2).contiguous()
# fmt: on


def best(q, k, v, scale):
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    out = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale, enable_gqa=True)
    return out.transpose(1, 2).contiguous()


def _heads(q, k, v):
    # A head at a time: the scores of all of them in float64 would fill a GPU.
    g = q.shape[2] // k.shape[2]
    for b in range(q.shape[0]):
        for h in range(q.shape[2]):
            kept = (k[b, :, h // g].double(), v[b, :, h // g].double())
            yield (b, slice(None), h), q[b, :, h].double(), *kept


def _future(q):
    s = q.shape[0]
    return torch.ones(s, s, dtype=torch.bool, device=q.device).triu(1)


def _softmax(q, k, scale):
    return (q @ k.T * scale).masked_fill(_future(q), float("-inf")).softmax(-1)


def oracle(q, k, v, scale):
    out = torch.empty(q.shape, dtype=torch.float64, device=q.device)
    for place, qh, kh, vh in _heads(q, k, v):
        out[place] = _softmax(qh, kh, scale) @ vh
    return out


# A float32 kernel flushes a probability below 1e-38 to zero, as it may: in units of the tolerance.
_UNDERFLOW = 1e-31


def magnitude(q, k, v, scale):
    # The logits' own rounding, in units of their terms, and then that of the products with v.
    out = torch.empty(q.shape, dtype=torch.float64, device=q.device)
    for place, qh, kh, vh in _heads(q, k, v):
        p = _softmax(qh, kh, scale) + _UNDERFLOW
        terms = (qh.abs() @ kh.abs().T * scale).masked_fill(_future(qh), 0).amax(-1, keepdim=True)
        total = p @ vh.abs()
        if q.dtype == torch.float32:
            out[place] = (1 + terms) * total
        else:
            out[place] = torch.sqrt(p.square() @ vh.square()) + 1e-5 * terms * total
    return out
