import torch


def row_sum(x):
    return x.float().sum(-1)


def best(x):
    return x.sum(-1, dtype=torch.float32)


def oracle(x):
    return x.double().sum(-1)


def magnitude(x):
    # 3e-8 is 2^-25: what one addition loses at most, on average over a growing sum.
    return x.double().abs().sum(-1) * (4 + min(x.shape[-1], 8192))
