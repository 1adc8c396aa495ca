# ruff: noqa: E501
import torch


# fmt: off
def group_norm_silu(x, weight, bias, eps, groups):
    return torch.nn.functional.silu(torch.nn.functional.group_norm(x.float(), groups, weight.float(), bias.float(), eps)).to(x.dtype)
# fmt: on


def _normalised(x, weight, bias, eps, groups):
    v = x.double().reshape(x.shape[0], groups, -1)
    mean = v.mean(-1, keepdim=True)
    variance = (v - mean).square().mean(-1, keepdim=True)
    scale = torch.rsqrt(variance + eps)
    h = ((v - mean) * scale).reshape(x.shape) * weight.double()[:, None] + bias.double()[:, None]
    return h, mean, variance, scale


def oracle(x, weight, bias, eps, groups):
    h = _normalised(x, weight, bias, eps, groups)[0]
    return h * torch.sigmoid(h)


def magnitude(x, weight, bias, eps, groups):
    # The terms of a channel's typical h before they cancel, and what rounding of the mean leaves in
    # the centred values.
    h, mean, variance, scale = _normalised(x, weight, bias, eps, groups)
    size = x.double().abs().reshape(x.shape[0], groups, -1).mean(-1, keepdim=True)
    terms = x.numel() // (x.shape[0] * groups)
    # 2e-4 * 7.5e-5 * N is N * 2^-26, the error of a plain float32 sum of N equal terms; no more
    # than 8192 of them, since a quick kernel sums in many parts. A deviation below the bound on any
    # sum, N * 2^-24, is noise, so the whole bound is allowed there.
    bound = 3e-4 * terms
    noise = variance.sqrt() <= 2e-4 * bound * mean.abs()
    rounding = torch.where(noise, max(bound, 0.025), max(0.025, 7.5e-5 * min(terms, 8192)))
    share = (rounding * size * scale).expand(-1, -1, x.shape[1] // groups)
    b = bias.double()[:, None]
    typical = ((h - b).abs() + b.abs()).mean(-1, keepdim=True)
    return typical + share.reshape(x.shape[0], -1, 1) * weight.double().abs()[:, None]
