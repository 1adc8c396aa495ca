import torch


def rope(x, cos, sin):
    h = x.shape[-1] // 2
    a, b = x[..., :h].float(), x[..., h:].float()
    c, s = cos[None, :, None, :], sin[None, :, None, :]
    return torch.cat([a * c - b * s, b * c + a * s], -1).to(x.dtype)


def _rotate(x, cos, sin, sign):
    h = x.shape[-1] // 2
    a, b = x[..., :h], x[..., h:]
    c, s = cos[None, :, None, :], sin[None, :, None, :]
    return torch.cat([a * c + sign * b * s, b * c + a * s], -1)


def oracle(x, cos, sin):
    return _rotate(x.double(), cos.double(), sin.double(), -1)


def magnitude(x, cos, sin):
    # The two products before they cancel.
    return _rotate(x.double().abs(), cos.double().abs(), sin.double().abs(), 1)
