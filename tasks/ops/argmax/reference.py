import torch


def argmax(x):
    return torch.argmax(x, -1)


def oracle(x):
    return torch.argmax(x.double(), -1)
