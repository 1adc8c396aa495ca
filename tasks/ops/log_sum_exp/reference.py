import torch


def log_sum_exp(x):
    return torch.logsumexp(x.float(), -1)


def oracle(x):
    v = x.double()
    top = v.amax(-1)
    return top + (v - top[:, None]).exp().sum(-1).log()


def magnitude(x):
    # The largest finite element; 1 is for the log.
    # 1e-5 * 6e-3 * N is N * 2^-24, the bound on a float32 sum of N terms in any order.
    v = x.double()
    return v.amax(-1).abs() + 1 + 6e-3 * x.shape[-1]
