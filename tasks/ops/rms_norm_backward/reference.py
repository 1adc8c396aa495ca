import torch


def rms_norm_backward(dy, x, weight, eps):
    v = x.float()
    r = torch.rsqrt(v.square().mean(-1, keepdim=True) + eps)
    h = v * r
    g = dy.float() * weight.float()
    dx = r * (g - h * (g * h).mean(-1, keepdim=True))
    return dx.to(x.dtype), (dy.float() * h).sum(0)


def _factors(dy, x, weight, eps):
    v = x.double()
    r = torch.rsqrt(v.square().mean(-1, keepdim=True) + eps)
    return r, v * r, dy.double() * weight.double()


def oracle(dy, x, weight, eps):
    r, h, g = _factors(dy, x, weight, eps)
    return r * (g - h * (g * h).mean(-1, keepdim=True)), (dy.double() * h).sum(0)


def magnitude(dy, x, weight, eps):
    r, h, g = _factors(dy, x, weight, eps)
    # The terms before they cancel.
    dx = r * (g.abs() + h.abs() * (g * h).abs().mean(-1, keepdim=True))
    # 3e-8 * 1000 is the error of r; 3e-8 is 2^-25: what one addition loses at most, on average over
    # a growing sum.
    dweight = (dy.double() * h).abs().sum(0) * (1000 + min(x.shape[0], 8192))
    return dx, dweight
