"""Row sums: one program for each part of a row, and one a row that adds the parts."""

import torch
import triton
import triton.language as tl


@triton.jit
def add(x, out, columns, length, parts, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    begin = tl.program_id(1) * length
    end = tl.minimum(begin + length, columns)
    sums = tl.zeros((BLOCK,), tl.float32)
    for start in range(begin, end, BLOCK):
        places = start + tl.arange(0, BLOCK)
        values = tl.load(x + row * columns + places, mask=places < end, other=0.0)
        sums += values.to(tl.float32)
    tl.store(out + row * parts + tl.program_id(1), tl.sum(sums))


def row_sum(x, out):
    rows, columns = x.shape
    block = min(4096, triton.next_power_of_2(columns))
    warps = max(1, block // 512)
    parts = triton.cdiv(columns, 65536)
    if parts == 1:
        add[(rows, 1)](x, out, columns, columns, 1, BLOCK=block, num_warps=warps)
        return
    partial = torch.empty((rows, parts), dtype=torch.float32, device=x.device)
    add[(rows, parts)](x, partial, columns, 65536, parts, BLOCK=block, num_warps=warps)
    add[(rows, 1)](partial, out, parts, parts, 1, BLOCK=triton.next_power_of_2(parts))
