import torch


def moe_permute(x, expert):
    order = torch.argsort(expert.flatten(), stable=True)
    position = torch.argsort(order).to(torch.int32).view_as(expert)
    return x[order // expert.shape[1]], position


def oracle(x, expert):
    order = torch.argsort(expert.flatten(), stable=True)
    position = torch.empty_like(order)
    position[order] = torch.arange(order.numel(), device=order.device)
    return x.double()[order // expert.shape[1]], position.view_as(expert)
