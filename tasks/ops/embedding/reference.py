import torch


def embedding(table, index):
    return torch.nn.functional.embedding(index, table)


def oracle(table, index):
    return table.double()[index]
