import torch


def scaled_residual(x, weight, residual, scale):
    # What prompts show, and what a kernel's speed is measured against.
    return (x.float() * weight.float() + scale * residual.float()).to(x.dtype)


def oracle(x, weight, residual, scale):
    # The truth, in float64 from the inputs as they are given.
    return torch.addcmul(scale * residual.double(), x.double(), weight.double())


def magnitude(x, weight, residual, scale):
    # What rounding scales with: here the two terms before they cancel.
    return (x.double() * weight.double()).abs() + (scale * residual.double()).abs()
