import torch


def gemv_decode(x, weight):
    return torch.nn.functional.linear(x, weight)


def oracle(x, weight):
    return x.double() @ weight.double().T


def magnitude(x, weight):
    # The size of the sum if its terms had random signs: what rounding of each term scales with.
    return torch.sqrt(x.double().square() @ weight.double().square().T)
