import torch


def depthwise_conv(x, weight, bias):
    h = torch.nn.functional.conv1d(
        x.float(), weight.float()[:, None], bias.float(), padding=3, groups=x.shape[1]
    )
    return torch.nn.functional.silu(h[..., : x.shape[2]]).to(x.dtype)


def _causal(x, weight, bias):
    length = x.shape[2]
    padded = torch.nn.functional.pad(x, (3, 0))
    terms = [weight[:, j, None] * padded[..., j : j + length] for j in range(4)]
    return terms[0] + terms[1] + terms[2] + terms[3] + bias[:, None]


def oracle(x, weight, bias):
    h = _causal(x.double(), weight.double(), bias.double())
    return h * torch.sigmoid(h)


def magnitude(x, weight, bias):
    # The size of the sum if its terms had random signs: what rounding of each term scales with.
    squares = (t.double().square() for t in (x, weight, bias))
    return torch.sqrt(_causal(*squares))
