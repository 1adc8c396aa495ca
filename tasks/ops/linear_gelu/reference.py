# ruff: noqa: E501
import torch


# fmt: off
def linear_gelu(x, weight, bias):
    return torch.nn.functional.gelu(torch.nn.functional.linear(x.float(), weight.float(), bias.float()), approximate='tanh').to(x.dtype)
# fmt: on


def best(x, weight, bias):
    # The matrix product with the bias and the tanh-GELU as its epilogue.
    return torch._addmm_activation(bias, x, weight.t(), use_gelu=True)


def oracle(x, weight, bias):
    h = x.double() @ weight.double().T + bias.double()
    # 0.5 * (1 + tanh(u)) is sigmoid(2u), which does not cancel for negative u.
    return h * torch.sigmoid(2 * 0.7978845608028654 * (h + 0.044715 * h**3))


def magnitude(x, weight, bias):
    # The size of the sum if its terms had random signs: what rounding of each term scales with.
    squares = x.double().square() @ weight.double().square().T
    return torch.sqrt(squares + bias.double().square())
