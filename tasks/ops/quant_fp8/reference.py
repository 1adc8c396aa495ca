import torch


def quant_fp8(x):
    v = x.float()
    s = v.abs().amax(-1) / 448
    s = torch.where(s == 0, torch.ones_like(s), s)
    return (v / s[:, None]).clamp(-448, 448).to(torch.float8_e4m3fn), s


def _scaled(x):
    v = x.double()
    s = v.abs().amax(-1) / 448
    s = torch.where(s == 0, torch.ones_like(s), s)
    v = v / s[:, None]
    # The spacing of e4m3 values: 8 to each power of two, and none closer than 2^-9.
    step = torch.exp2((torch.frexp(v).exponent.double() - 4).clamp(min=-9))
    return v / step, step, s


def oracle(x):
    v, step, s = _scaled(x)
    return v.round() * step, s


def magnitude(x):
    v, step, s = _scaled(x)
    beside = (v - v.floor() - 0.5).abs() <= 2e-6 * v.abs()
    return torch.where(beside, step, torch.zeros_like(step)), s
