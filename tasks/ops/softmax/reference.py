import torch


def softmax(x):
    return torch.softmax(x.float(), -1).to(x.dtype)


def best(x):
    return torch.softmax(x, -1)


def oracle(x):
    return torch.softmax(x.double(), -1)


def magnitude(x):
    # The row's mean; and the sum: 1e-5 * 6e-3 * N is N * 2^-24, the bound on a float32 sum of N
    # terms in any order, so that a plain loop over 32000 small terms passes.
    n = x.shape[-1]
    return 1 / n + 6e-3 * n * oracle(x)
