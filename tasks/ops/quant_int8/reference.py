import torch


def quant_int8(x):
    v = x.float()
    s = v.abs().amax(-1) / 127
    s = torch.where(s == 0, torch.ones_like(s), s)
    return torch.clamp(torch.round(v / s[:, None]), -127, 127).to(torch.int8), s


def oracle(x):
    v = x.double()
    s = v.abs().amax(-1) / 127
    s = torch.where(s == 0, torch.ones_like(s), s)
    return torch.clamp(v / s[:, None], -127, 127), s
