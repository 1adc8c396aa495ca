"""Linear layer and cross-entropy: each tile of the logits leaves its maxima and sums alone."""

import torch
import triton
import triton.language as tl


@triton.jit
def reduce_tile(
    x,
    weight,
    target,
    tops,
    sums,
    picked,
    rows,
    classes,
    depth,
    tiles,
    ROWS: tl.constexpr,
    CLASSES: tl.constexpr,
    DEPTH: tl.constexpr,
):
    m = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    n = tl.program_id(1) * CLASSES + tl.arange(0, CLASSES)
    k = tl.arange(0, DEPTH)
    x_rows = x + m.to(tl.int64)[:, None] * depth
    weight_rows = weight + n.to(tl.int64)[None, :] * depth
    logits = tl.zeros((ROWS, CLASSES), tl.float32)
    for start in range(0, depth, DEPTH):
        places = start + k
        left = tl.load(
            x_rows + places[None, :],
            mask=(m < rows)[:, None] & (places < depth)[None, :],
            other=0.0,
        )
        right = tl.load(
            weight_rows + places[:, None],
            mask=(n < classes)[None, :] & (places < depth)[:, None],
            other=0.0,
        )
        logits = tl.dot(left, right, logits)
    logits = tl.where((n < classes)[None, :], logits, float("-inf"))
    top = tl.max(logits, axis=1)
    total = tl.sum(tl.exp(logits - top[:, None]), axis=1)
    place = m.to(tl.int64) * tiles + tl.program_id(1)
    tl.store(tops + place, top, mask=m < rows)
    tl.store(sums + place, total, mask=m < rows)
    wanted = tl.load(target + m, mask=m < rows, other=-1)
    found = wanted[:, None] == n[None, :]
    hit = tl.sum(tl.where(found, 1, 0), axis=1) > 0
    value = tl.sum(tl.where(found, logits, 0.0), axis=1)
    tl.store(picked + m, value, mask=(m < rows) & hit)


@triton.jit
def combine(tops, sums, picked, loss, tiles, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    places = tl.arange(0, BLOCK)
    inside = places < tiles
    each = tl.load(tops + row * tiles + places, mask=inside, other=float("-inf"))
    top = tl.max(each)
    parts = tl.load(sums + row * tiles + places, mask=inside, other=0.0)
    total = tl.sum(parts * tl.exp(each - top))
    tl.store(loss + row, top - tl.load(picked + row) + tl.log(total))


def linear_cross_entropy(x, weight, target, loss):
    rows, depth = x.shape
    classes = weight.shape[0]
    tiles = triton.cdiv(classes, 128)
    tops = torch.empty((rows, tiles), dtype=torch.float32, device=x.device)
    sums = torch.empty_like(tops)
    picked = torch.empty(rows, dtype=torch.float32, device=x.device)
    # Neighbouring programs share a tile of the weight, which is the larger matrix.
    grid = (triton.cdiv(rows, 128), tiles)
    reduce_tile[grid](
        x,
        weight,
        target,
        tops,
        sums,
        picked,
        rows,
        classes,
        depth,
        tiles,
        ROWS=128,
        CLASSES=128,
        DEPTH=64,
        num_warps=8,
        num_stages=3,
    )
    combine[(rows,)](tops, sums, picked, loss, tiles, BLOCK=triton.next_power_of_2(tiles))
