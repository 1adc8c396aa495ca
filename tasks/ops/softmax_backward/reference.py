import torch


def softmax_backward(dy, x):
    p = torch.softmax(x.float(), -1)
    g = dy.float()
    return (p * (g - (p * g).sum(-1, keepdim=True))).to(x.dtype)


def oracle(dy, x):
    p = torch.softmax(x.double(), -1)
    g = dy.double()
    return p * (g - (p * g).sum(-1, keepdim=True))


def magnitude(dy, x):
    p = torch.softmax(x.double(), -1)
    g = dy.double().abs()
    n = x.shape[-1]
    # 1e-5 * 10 is room for a quick exponential, and 1e-5 * 6e-3 * N is N * 2^-24, the bound on a
    # float32 sum of N terms in any order.
    return (1 / n + (10 + 6e-3 * n) * p) * (g + (p * g).sum(-1, keepdim=True))
