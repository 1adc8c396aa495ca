import torch
import torch.nn.functional as F


def int4_kv_decode(q, k_packed, k_scale, v_packed, v_scale, lengths, scale):
    def unpack(packed, scales):
        x = torch.stack([packed & 15, packed >> 4], -1).flatten(-2).float() - 8
        x = (x.unflatten(-1, (-1, 64)) * scales[..., None]).flatten(-2)
        return x.transpose(1, 2).repeat_interleave(q.shape[1] // packed.shape[2], 1)

    k, v = unpack(k_packed, k_scale), unpack(v_packed, v_scale)
    seen = torch.arange(k.shape[2], device=q.device) < lengths[:, None, None, None]
    out = F.scaled_dot_product_attention(q[:, :, None].float(), k, v, attn_mask=seen, scale=scale)
    return out[:, :, 0].to(q.dtype)


def _unpacked(packed, scales):
    x = torch.stack([packed & 15, packed >> 4], -1).flatten(-2).double() - 8
    return (x.unflatten(-1, (-1, 64)) * scales.double()[..., None]).flatten(-2).transpose(1, 2)


def _attend(q, k, v, lengths, scale):
    # q is [B,Hkv,G,D], k and v are [B,Hkv,S,D].
    hidden = torch.arange(k.shape[2], device=k.device) >= lengths[:, None, None, None]
    p = (q @ k.transpose(-1, -2) * scale).masked_fill(hidden, float("-inf")).softmax(-1)
    terms = (q.abs() @ k.abs().transpose(-1, -2) * scale).masked_fill(hidden, 0)
    return p, terms.amax(-1, keepdim=True)


def oracle(q, k_packed, k_scale, v_packed, v_scale, lengths, scale):
    k, v = _unpacked(k_packed, k_scale), _unpacked(v_packed, v_scale)
    q = q.double().unflatten(1, (k.shape[1], -1))
    return (_attend(q, k, v, lengths, scale)[0] @ v).flatten(1, 2)


# A float32 kernel flushes a probability below 1e-38 to zero, as it may: in units of the tolerance.
_UNDERFLOW = 1e-31


def magnitude(q, k_packed, k_scale, v_packed, v_scale, lengths, scale):
    # The logits' own rounding, in units of their terms, and then that of the products with v.
    exact = q.dtype == torch.float32
    k, v = _unpacked(k_packed, k_scale), _unpacked(v_packed, v_scale)
    q = q.double().unflatten(1, (k.shape[1], -1))
    p, terms = _attend(q, k, v, lengths, scale)
    p = p + _UNDERFLOW
    total = p @ v.abs()
    if exact:
        return ((1 + terms) * total).flatten(1, 2)
    return (torch.sqrt(p.square() @ v.square()) + 1e-5 * terms * total).flatten(1, 2)
