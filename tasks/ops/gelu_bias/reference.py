import torch


def gelu_bias(x, bias):
    h = x.float() + bias.float()
    return torch.nn.functional.gelu(h, approximate="tanh").to(x.dtype)


def best(x, bias):
    return torch.nn.functional.gelu(x + bias, approximate="tanh")


def oracle(x, bias):
    h = x.double() + bias.double()
    # 0.5 * (1 + tanh(u)) is sigmoid(2u), which does not cancel for negative u.
    return h * torch.sigmoid(2 * 0.7978845608028654 * (h + 0.044715 * h**3))


def magnitude(x, bias):
    # What (1 + tanh) / 2 multiplies: where it is nearly zero, its absolute error is what remains.
    return (x.double() + bias.double()).abs()
