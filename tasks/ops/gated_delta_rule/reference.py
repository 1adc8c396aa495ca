import torch


# fmt: off
def gated_delta_rule(q, k, v, g, beta):
    B, T, H, D = q.shape
    S = torch.zeros(B, H, D, D, device=q.device); out = []
    for t in range(T):
        S = S * g[:, t].exp()[..., None, None]
        kt, vt, qt = k[:, t].float(), v[:, t].float(), q[:, t].float()
        u = beta[:, t, :, None] * (vt - torch.einsum('bhkv,bhk->bhv', S, kt))
        S = S + kt[..., None] * u[..., None, :]
        out.append(torch.einsum('bhkv,bhk->bhv', S, qt))
    return torch.stack(out, 1).to(q.dtype)
# fmt: on


def oracle(q, k, v, g, beta):
    out = torch.empty(q.shape, dtype=torch.float64, device=q.device)
    k, v, g, beta = (x.double() for x in (k, v, g, beta))
    b, t, h, d = k.shape
    state = torch.zeros(b, h, d, d, dtype=torch.float64, device=k.device)
    for i in range(t):
        state = state * g[:, i].exp()[..., None, None]
        u = beta[:, i, :, None] * (v[:, i] - torch.einsum("bhkv,bhk->bhv", state, k[:, i]))
        state = state + k[:, i, ..., None] * u[..., None, :]
        out[:, i] = torch.einsum("bhkv,bhk->bhv", state, q[:, i].double())
    return out


def magnitude(q, k, v, g, beta):
    # The state's error may lie along q as well as across it, and is of the size of the largest
    # update that has not decayed.
    out = torch.empty(q.shape, dtype=torch.float64, device=q.device)
    size = torch.zeros_like(v[:, 0], dtype=torch.float64)
    for i in range(q.shape[1]):
        decay = g[:, i].double().exp()[..., None]
        size = torch.maximum(size * decay, v[:, i].double().abs() * beta[:, i, :, None].double())
        out[:, i] = q[:, i].double().norm(dim=-1, keepdim=True) * size
    return out
