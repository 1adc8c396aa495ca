import torch


def rms_norm(x, weight, eps):
    v = x.float()
    return (v * torch.rsqrt(v.pow(2).mean(-1, keepdim=True) + eps) * weight.float()).to(x.dtype)


def oracle(x, weight, eps):
    v = x.double()
    return v / torch.sqrt(v.square().mean(-1, keepdim=True) + eps) * weight.double()
