import torch


def selective_scan(x, delta, a_log, b_t, c_t, skip):
    B, L, D = x.shape
    h, out = torch.zeros(B, D, a_log.shape[1], device=x.device), []
    a = -torch.exp(a_log)
    for t in range(L):
        d, xt = delta[:, t, :, None], x[:, t].float()
        h = torch.exp(d * a) * h + d * b_t[:, t, None].float() * xt[..., None]
        out.append((h * c_t[:, t, None].float()).sum(-1) + skip * xt)
    return torch.stack(out, 1).to(x.dtype)


def _scan(x, delta, a, b_t, c_t, skip):
    h = torch.zeros(x.shape[0], *a.shape, dtype=torch.float64, device=x.device)
    out = torch.empty_like(x)
    for t in range(x.shape[1]):
        d = delta[:, t, :, None]
        h = torch.exp(d * a) * h + d * b_t[:, t, None] * x[:, t, :, None]
        out[:, t] = (h @ c_t[:, t, :, None])[..., 0] + skip * x[:, t]
    return out


def oracle(x, delta, a_log, b_t, c_t, skip):
    a = -torch.exp(a_log.double())
    return _scan(x.double(), delta.double(), a, b_t.double(), c_t.double(), skip.double())


def magnitude(x, delta, a_log, b_t, c_t, skip):
    # The same scan over absolute values: what all its roundings scale with.
    a = -torch.exp(a_log.double())
    sizes = [each.double().abs() for each in (b_t, c_t, skip)]
    return _scan(x.double().abs(), delta.double(), a, *sizes)
