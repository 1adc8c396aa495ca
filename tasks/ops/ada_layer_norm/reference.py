import torch


def ada_layer_norm(x, shift, scale, eps):
    h = torch.nn.functional.layer_norm(x.float(), (x.shape[-1],), eps=eps)
    return (h * (1 + scale.float()[:, None]) + shift.float()[:, None]).to(x.dtype)


def oracle(x, shift, scale, eps):
    v = x.double()
    centred = v - v.mean(-1, keepdim=True)
    variance = centred.square().mean(-1, keepdim=True)
    h = centred * torch.rsqrt(variance + eps)
    return h * (1 + scale.double()[:, None]) + shift.double()[:, None]


def magnitude(x, shift, scale, eps):
    # The row's typical output, and what rounding of the mean leaves in the centred values: under
    # an offset, an honest float32 mean is off by tens of units in the last place.
    v = x.double()
    mean = v.mean(-1, keepdim=True)
    variance = (v - mean).square().mean(-1, keepdim=True)
    typical = oracle(x, shift, scale, eps).abs().mean(-1, keepdim=True)
    # 1e-4 * 6e-4 * N is N * 2^-24, the bound on a float32 sum of N terms in any order. A deviation
    # below it is noise, so the whole bound is allowed there.
    bound = 6e-4 * x.shape[-1]
    noise = variance.sqrt() <= 1e-4 * bound * mean.abs()
    rounding = torch.where(noise, max(bound, 0.05), 0.05)
    factor = (1 + scale.double()[:, None]).abs()
    return typical + rounding * mean.abs() * torch.rsqrt(variance + eps) * factor
