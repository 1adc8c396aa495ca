import torch


def segmented_sum(x, offsets):
    segment = torch.searchsorted(offsets, torch.arange(x.shape[0], device=x.device), right=True) - 1
    out = torch.zeros(offsets.shape[0] - 1, x.shape[1], dtype=torch.float32, device=x.device)
    return out.index_add_(0, segment, x.float()).to(x.dtype)


def best(x, offsets):
    rows = torch.arange(x.shape[0], device=x.device)
    return torch.nn.functional.embedding_bag(rows, x, offsets, mode="sum", include_last_offset=True)


def _sum(x, offsets):
    segment = torch.searchsorted(offsets, torch.arange(x.shape[0], device=x.device), right=True) - 1
    out = torch.zeros(offsets.shape[0] - 1, x.shape[1], dtype=torch.float64, device=x.device)
    return out.index_add_(0, segment, x)


def oracle(x, offsets):
    return _sum(x.double(), offsets)


def magnitude(x, offsets):
    # 3e-8 is 2^-25: what one addition loses at most, on average over a growing sum.
    terms = (offsets[1:] - offsets[:-1]).clamp(max=8192)
    return _sum(x.double().abs(), offsets) * (4 + terms)[:, None]
