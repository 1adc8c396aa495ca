import torch


def conv_3x3(x, weight):
    return torch.nn.functional.conv2d(x, weight, padding=1)


def best(x, weight):
    # The layout that the library's tensor-core kernels are made for.
    nhwc = torch.channels_last
    out = torch.nn.functional.conv2d(
        x.contiguous(memory_format=nhwc), weight.contiguous(memory_format=nhwc), padding=1
    )
    return out.contiguous()


def oracle(x, weight):
    return torch.nn.functional.conv2d(x.double(), weight.double(), padding=1)


def magnitude(x, weight):
    # The size of the sum if its terms had random signs: what rounding of each term scales with.
    squares = torch.nn.functional.conv2d(x.double().square(), weight.double().square(), padding=1)
    return torch.sqrt(squares.clamp(min=0))
