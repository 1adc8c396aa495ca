import torch


def add_rms_norm(x, residual, weight, eps):
    v = x.float() + residual.float()
    out = v * torch.rsqrt(v.pow(2).mean(-1, keepdim=True) + eps) * weight.float()
    return out.to(x.dtype), v.to(x.dtype)


def best(x, residual, weight, eps):
    total = x + residual
    return torch.nn.functional.rms_norm(total, (x.shape[-1],), weight, eps), total


def oracle(x, residual, weight, eps):
    v = x.double() + residual.double()
    return v / torch.sqrt(v.square().mean(-1, keepdim=True) + eps) * weight.double(), v
