import torch


def cumsum(x):
    return torch.cumsum(x.float(), -1).to(x.dtype)


def oracle(x):
    return torch.cumsum(x.double(), -1)


def magnitude(x):
    # 3e-8 is 2^-25: what one addition loses at most, on average over a growing sum.
    terms = torch.arange(1, x.shape[-1] + 1, device=x.device).clamp(max=8192)
    return torch.cumsum(x.double().abs(), -1) * (4 + terms)
