# Experts over routed tokens: a program takes rows of the pairs sorted by expert, one expert each.
import torch
import triton
import triton.language as tl


@triton.jit
def _hidden(
    x, up, order, tile_expert, tile_first, tile_last, h, K, H, N, BM: tl.constexpr, BN: tl.constexpr
):
    tile = tl.program_id(0)
    expert = tl.load(tile_expert + tile)
    place = tl.load(tile_first + tile) + tl.arange(0, BM)
    held = place < tl.load(tile_last + tile)
    token = tl.load(order + place, mask=held, other=0) // K
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    weights = up + expert * 2 * N * H
    gate = tl.zeros([BM, BN], tl.float32)
    value = tl.zeros([BM, BN], tl.float32)
    for start in range(0, H, 64):
        at = start + tl.arange(0, 64)
        rows = tl.load(
            x + token[:, None] * H + at[None, :], mask=held[:, None] & (at[None, :] < H), other=0.0
        )
        mask = (n[None, :] < N) & (at[:, None] < H)
        left = tl.load(weights + n[None, :] * H + at[:, None], mask=mask, other=0.0)
        right = tl.load(weights + (N + n[None, :]) * H + at[:, None], mask=mask, other=0.0)
        gate = tl.dot(rows, left, gate)
        value = tl.dot(rows, right, value)
    given = gate / (1 + tl.exp(-gate)) * value
    mask = held[:, None] & (n[None, :] < N)
    tl.store(h + place[:, None] * N + n[None, :], given.to(tl.bfloat16), mask=mask)


@triton.jit
def _output(
    h, down, order, weight, tile_expert, tile_first, tile_last, y, H, N, BM: tl.constexpr,
    BN: tl.constexpr,
):  # fmt: skip
    tile = tl.program_id(0)
    expert = tl.load(tile_expert + tile)
    place = tl.load(tile_first + tile) + tl.arange(0, BM)
    held = place < tl.load(tile_last + tile)
    pair = tl.load(order + place, mask=held, other=0)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    total = tl.zeros([BM, BN], tl.float32)
    for start in range(0, N, 64):
        at = start + tl.arange(0, 64)
        rows = tl.load(
            h + place[:, None] * N + at[None, :], mask=held[:, None] & (at[None, :] < N), other=0.0
        )
        right = tl.load(
            down + expert * H * N + n[None, :] * N + at[:, None],
            mask=(n[None, :] < H) & (at[:, None] < N),
            other=0.0,
        )
        total = tl.dot(rows, right, total)
    given = total * tl.load(weight + pair, mask=held, other=0.0)[:, None]
    mask = held[:, None] & (n[None, :] < H)
    tl.store(y + pair[:, None] * H + n[None, :], given, mask=mask)


@triton.jit
def _add(y, out, K, H, BLOCK: tl.constexpr):
    token = tl.program_id(0).to(tl.int64)
    at = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    total = tl.zeros([BLOCK], tl.float32)
    for k in range(K):
        total += tl.load(y + (token * K + k) * H + at, mask=at < H, other=0.0)
    tl.store(out + token * H + at, total.to(tl.bfloat16), mask=at < H)


def fused_moe(x, up, down, expert, weight, out):
    T, H = x.shape
    K = expert.shape[1]
    E, N = down.shape[0], down.shape[2]
    BM = 64
    ranked, order = torch.sort(expert.flatten(), stable=True)
    # As many tiles as there could be: the last ones may hold no pair.
    tiles = T * K // BM + E
    edges = torch.arange(E + 1, device=x.device)
    starts = torch.searchsorted(ranked, edges)
    ends = ((starts[1:] - starts[:-1] + BM - 1) // BM).cumsum(0)
    number = torch.arange(tiles, device=x.device)
    tile_expert = torch.searchsorted(ends, number, right=True).clamp(max=E - 1)
    earlier = torch.cat([ends.new_zeros(1), ends])[tile_expert]
    tile_first = starts[tile_expert] + (number - earlier) * BM
    tile_last = starts[tile_expert + 1]
    h = torch.empty(T * K, N, dtype=x.dtype, device=x.device)
    y = torch.empty(T * K, H, dtype=torch.float32, device=x.device)
    grid = (tiles, triton.cdiv(N, 64))
    _hidden[grid](x, up, order, tile_expert, tile_first, tile_last, h, K, H, N, BM=BM, BN=64)
    grid = (tiles, triton.cdiv(H, 64))
    _output[grid](h, down, order, weight, tile_expert, tile_first, tile_last, y, H, N, BM=BM, BN=64)
    _add[(T, triton.cdiv(H, 1024))](y, out, K, H, BLOCK=1024)
