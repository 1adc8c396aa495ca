"""Small problems in KernelBench's format, and ModelNew candidates for them."""

LINEAR = '''\
import torch
import torch.nn as nn


class Model(nn.Module):
    """Two layers, one after the other, scaled."""

    def __init__(self, features, hidden):
        super().__init__()
        self.first = nn.Linear(features, hidden)
        self.second = nn.Linear(hidden, hidden)

    def forward(self, x, scale):
        return self.second(torch.relu(self.first(x))) * scale


def get_inputs():
    print("inputs")
    return [torch.rand(16, 64), 1.5]


def get_init_inputs():
    return [64, 32]
'''

SORTED = '''\
import torch


class Model(torch.nn.Module):
    """Rows sorted, with their order and their sums."""

    def forward(self, x, mask):
        values, order = torch.sort(torch.where(mask, x, 0.0), dim=1, stable=True)
        return (values, order), values.sum()


def get_inputs():
    return [torch.randn(8, 33), torch.rand(8, 33) > 0.2]


def get_init_inputs():
    return []
'''


def model_new(body: str, made: str = "", returned: str = "y") -> str:
    """A ModelNew for LINEAR with statements at the end of both functions."""
    return f"""\
import torch
import torch.nn as nn


class ModelNew(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.first = nn.Linear(features, hidden)
        self.second = nn.Linear(hidden, hidden)
        {made}

    def forward(self, x, scale):
        y = self.second(torch.relu(self.first(x))) * scale
        {body}
        return {returned}
"""
