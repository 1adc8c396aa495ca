import torch


def qk_norm(q, k, q_weight, k_weight, eps):
    a, b = q.float(), k.float()
    a = a * torch.rsqrt(a.pow(2).mean(-1, keepdim=True) + eps) * q_weight.float()
    b = b * torch.rsqrt(b.pow(2).mean(-1, keepdim=True) + eps) * k_weight.float()
    return a.to(q.dtype), b.to(k.dtype)


def best(q, k, q_weight, k_weight, eps):
    extent = (q.shape[-1],)
    return (
        torch.nn.functional.rms_norm(q, extent, q_weight, eps),
        torch.nn.functional.rms_norm(k, extent, k_weight, eps),
    )


def oracle(q, k, q_weight, k_weight, eps):
    a, b = q.double(), k.double()
    return (
        a / torch.sqrt(a.square().mean(-1, keepdim=True) + eps) * q_weight.double(),
        b / torch.sqrt(b.square().mean(-1, keepdim=True) + eps) * k_weight.double(),
    )
