import torch


def rms_norm(x, weight, eps):
    v = x.float()
    return (v * torch.rsqrt(v.pow(2).mean(-1, keepdim=True) + eps) * weight.float()).to(x.dtype)


def best(x, weight, eps):
    return torch.nn.functional.rms_norm(x, (x.shape[-1],), weight, eps)


def oracle(x, weight, eps):
    v = x.double()
    return v / torch.sqrt(v.square().mean(-1, keepdim=True) + eps) * weight.double()
