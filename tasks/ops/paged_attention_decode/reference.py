import torch
import torch.nn.functional as F


def paged_attention_decode(q, k_cache, v_cache, block_table, lengths, scale):
    g = q.shape[1] // k_cache.shape[2]
    k, v = (c[block_table.long()].flatten(1, 2).transpose(1, 2) for c in (k_cache, v_cache))
    k, v = (t.repeat_interleave(g, 1) for t in (k, v))
    seen = torch.arange(k.shape[2], device=q.device) < lengths[:, None, None, None]
    out = F.scaled_dot_product_attention(q[:, :, None], k, v, attn_mask=seen, scale=scale)
    return out[:, :, 0]


def best(q, k_cache, v_cache, block_table, lengths, scale):
    # The heads of a group as so many queries of one head, which reads each key once.
    k, v = (c[block_table.long()].flatten(1, 2).transpose(1, 2) for c in (k_cache, v_cache))
    grouped = q.unflatten(1, (k.shape[1], -1))
    seen = torch.arange(k.shape[2], device=q.device) < lengths[:, None, None, None]
    out = F.scaled_dot_product_attention(grouped, k, v, attn_mask=seen, scale=scale)
    return out.flatten(1, 2)


def _gathered(q, k_cache, v_cache, block_table):
    table = block_table.long()
    k, v = (c[table].flatten(1, 2).transpose(1, 2).double() for c in (k_cache, v_cache))
    return q.double().unflatten(1, (k.shape[1], -1)), k, v


def _attend(q, k, v, lengths, scale):
    # q is [B,Hkv,G,D], k and v are [B,Hkv,S,D].
    hidden = torch.arange(k.shape[2], device=k.device) >= lengths[:, None, None, None]
    p = (q @ k.transpose(-1, -2) * scale).masked_fill(hidden, float("-inf")).softmax(-1)
    terms = (q.abs() @ k.abs().transpose(-1, -2) * scale).masked_fill(hidden, 0)
    return p, terms.amax(-1, keepdim=True)


def oracle(q, k_cache, v_cache, block_table, lengths, scale):
    q, k, v = _gathered(q, k_cache, v_cache, block_table)
    return (_attend(q, k, v, lengths, scale)[0] @ v).flatten(1, 2)


# A float32 kernel flushes a probability below 1e-38 to zero, as it may: in units of the tolerance.
_UNDERFLOW = 1e-31


def magnitude(q, k_cache, v_cache, block_table, lengths, scale):
    # The logits' own rounding, in units of their terms, and then that of the products with v.
    exact = q.dtype == torch.float32
    q, k, v = _gathered(q, k_cache, v_cache, block_table)
    p, terms = _attend(q, k, v, lengths, scale)
    p = p + _UNDERFLOW
    total = p @ v.abs()
    if exact:
        return ((1 + terms) * total).flatten(1, 2)
    return (torch.sqrt(p.square() @ v.square()) + 1e-5 * terms * total).flatten(1, 2)
