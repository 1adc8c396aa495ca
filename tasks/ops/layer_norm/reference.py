# ruff: noqa: E501
import torch


# fmt: off
def layer_norm(x, weight, bias, eps):
    return torch.nn.functional.layer_norm(x.float(), (x.shape[-1],), weight.float(), bias.float(), eps).to(x.dtype)
# fmt: on


def best(x, weight, bias, eps):
    return torch.nn.functional.layer_norm(x, (x.shape[-1],), weight, bias, eps)


def oracle(x, weight, bias, eps):
    v = x.double()
    centred = v - v.mean(-1, keepdim=True)
    variance = centred.square().mean(-1, keepdim=True)
    return centred * torch.rsqrt(variance + eps) * weight.double() + bias.double()


def magnitude(x, weight, bias, eps):
    # The row's typical output, and what rounding of the mean leaves in the centred values: under
    # an offset, an honest float32 mean is off by tens of units in the last place.
    v = x.double()
    mean = v.mean(-1, keepdim=True)
    variance = (v - mean).square().mean(-1, keepdim=True)
    typical = oracle(x, weight, bias, eps).abs().mean(-1, keepdim=True)
    # 1e-4 * 6e-4 * N is N * 2^-24, the bound on a float32 sum of N terms in any order. A deviation
    # below it is noise, so the whole bound is allowed there.
    bound = 6e-4 * x.shape[-1]
    noise = variance.sqrt() <= 1e-4 * bound * mean.abs()
    rounding = torch.where(noise, max(bound, 0.05), 0.05)
    return typical + rounding * mean.abs() * torch.rsqrt(variance + eps) * weight.double().abs()
