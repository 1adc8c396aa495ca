# ruff: noqa: E501
import torch


# fmt: off
def mla_decode(q_nope, q_pe, ckv, kpe, lengths, scale):
    s = (torch.einsum('bhc,bsc->bhs', q_nope.float(), ckv.float()) + torch.einsum('bhr,bsr->bhs', q_pe.float(), kpe.float())) * scale
    s = s.masked_fill(torch.arange(ckv.shape[1], device=s.device)[None, None] >= lengths[:, None, None], float('-inf'))
    return torch.einsum('bhs,bsc->bhc', s.softmax(-1), ckv.float()).to(q_nope.dtype)
# fmt: on


def best(q_nope, q_pe, ckv, kpe, lengths, scale):
    # The batched products in the dtype of the inputs, which tensor cores take.
    # Scores stay in float32, as softmax of scores that are rounded to bfloat16 is another one.
    q, k = torch.cat([q_nope, q_pe], -1), torch.cat([ckv, kpe], -1)
    s = torch.bmm(q, k.transpose(1, 2), out_dtype=torch.float32)
    hidden = torch.arange(ckv.shape[1], device=s.device)[None, None] >= lengths[:, None, None]
    p = (s * scale).masked_fill(hidden, float("-inf")).softmax(-1)
    return torch.bmm(p.to(ckv.dtype), ckv)


def _softmax(q, k, lengths, scale):
    s = q @ k.transpose(1, 2) * scale
    hidden = torch.arange(k.shape[1], device=s.device)[None, None] >= lengths[:, None, None]
    return s.masked_fill(hidden, float("-inf")).softmax(-1), hidden


def oracle(q_nope, q_pe, ckv, kpe, lengths, scale):
    q, k = (torch.cat(pair, -1).double() for pair in ((q_nope, q_pe), (ckv, kpe)))
    return _softmax(q, k, lengths, scale)[0] @ ckv.double()


# A float32 kernel flushes a probability below 1e-38 to zero, as it may: in units of the tolerance.
_UNDERFLOW = 1e-31


def magnitude(q_nope, q_pe, ckv, kpe, lengths, scale):
    # The logits' own rounding, in units of their terms, and then that of the products with ckv.
    q, k = (torch.cat(pair, -1).double() for pair in ((q_nope, q_pe), (ckv, kpe)))
    p, hidden = _softmax(q, k, lengths, scale)
    terms = q.abs() @ k.abs().transpose(1, 2) * scale
    terms = terms.masked_fill(hidden, 0).amax(-1, keepdim=True)
    p = p + _UNDERFLOW
    total = p @ ckv.double().abs()
    if q_nope.dtype == torch.float32:
        return (1 + terms) * total
    return torch.sqrt(p.square() @ ckv.double().square()) + 1e-5 * terms * total
