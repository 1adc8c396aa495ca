import torch
import torch.nn.functional as F


def attention_decode(q, k, v, scale):
    g = q.shape[1] // k.shape[2]
    k, v = (t.repeat_interleave(g, 2).transpose(1, 2) for t in (k, v))
    return F.scaled_dot_product_attention(q[:, :, None], k, v, scale=scale)[:, :, 0]


def best(q, k, v, scale):
    # The heads of a group as so many queries of one head, which reads each key once.
    grouped = q.unflatten(1, (k.shape[2], -1))
    out = F.scaled_dot_product_attention(grouped, k.transpose(1, 2), v.transpose(1, 2), scale=scale)
    return out.flatten(1, 2)


def _grouped(q, k, v):
    k, v = k.double().transpose(1, 2), v.double().transpose(1, 2)
    return q.double().unflatten(1, (k.shape[1], -1)), k, v


def oracle(q, k, v, scale):
    q, k, v = _grouped(q, k, v)
    return ((q @ k.transpose(-1, -2) * scale).softmax(-1) @ v).flatten(1, 2)


# A float32 kernel flushes a probability below 1e-38 to zero, as it may: in units of the tolerance.
_UNDERFLOW = 1e-31


def magnitude(q, k, v, scale):
    # The logits' own rounding, in units of their terms, and then that of the products with v.
    exact = q.dtype == torch.float32
    q, k, v = _grouped(q, k, v)
    p = (q @ k.transpose(-1, -2) * scale).softmax(-1) + _UNDERFLOW
    terms = (q.abs() @ k.abs().transpose(-1, -2) * scale).amax(-1, keepdim=True)
    total = p @ v.abs()
    if exact:
        return ((1 + terms) * total).flatten(1, 2)
    return (torch.sqrt(p.square() @ v.square()) + 1e-5 * terms * total).flatten(1, 2)
