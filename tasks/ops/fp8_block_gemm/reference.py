# ruff: noqa: E501
import torch


# fmt: off
def fp8_block_gemm(a, a_scale, b, b_scale):
    A = a.view(torch.float8_e4m3fn).float() * a_scale.repeat_interleave(128, 1)
    B = b.view(torch.float8_e4m3fn).float() * b_scale.repeat_interleave(128, 0).repeat_interleave(128, 1)
    return (A @ B.T).to(torch.bfloat16 if a.is_cuda else torch.float32)
# fmt: on


def _dequantised(a, a_scale, b, b_scale):
    left = a.view(torch.float8_e4m3fn).double() * a_scale.double().repeat_interleave(128, 1)
    scale = b_scale.double().repeat_interleave(128, 0).repeat_interleave(128, 1)
    return left, b.view(torch.float8_e4m3fn).double() * scale


def oracle(a, a_scale, b, b_scale):
    left, right = _dequantised(a, a_scale, b, b_scale)
    return left @ right.T


def magnitude(a, a_scale, b, b_scale):
    # The size of the sum if its terms had random signs: what rounding of each term scales with.
    left, right = _dequantised(a, a_scale, b, b_scale)
    return torch.sqrt(left.square() @ right.square().T)
