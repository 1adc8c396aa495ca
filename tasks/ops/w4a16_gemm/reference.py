# ruff: noqa: E501
import torch


# fmt: off
def w4a16_gemm(x, weight, scale, zero):
    code = torch.stack([weight & 15, weight >> 4], -1).flatten(-2)
    w = (code.unflatten(-1, (-1, 128)).float() - 8) * scale.float()[..., None] + zero.float()[..., None]
    return torch.nn.functional.linear(x, w.flatten(-2).to(x.dtype))
# fmt: on


def _weights(weight, scale, zero):
    code = torch.stack([weight & 15, weight >> 4], -1).flatten(-2).unflatten(-1, (-1, 128))
    return ((code.double() - 8) * scale.double()[..., None] + zero.double()[..., None]).flatten(-2)


def oracle(x, weight, scale, zero):
    return x.double() @ _weights(weight, scale, zero).t()


def magnitude(x, weight, scale, zero):
    # The size of the sum if its terms had random signs: what rounding of each term scales with.
    return torch.sqrt(x.double().square() @ _weights(weight, scale, zero).square().t())
