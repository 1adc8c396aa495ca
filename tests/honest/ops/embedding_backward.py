# Gradient of an embedding: a copy of the earlier one, then an atomic addition a gradient.
import triton
import triton.language as tl


@triton.jit
def _copy(earlier, grad_table, count, BLOCK: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    tl.store(grad_table + at, tl.load(earlier + at, mask=at < count), mask=at < count)


@triton.jit
def _add(grad, index, grad_table, D, BLOCK: tl.constexpr):
    token = tl.program_id(0).to(tl.int64)
    at = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    row = tl.load(index + token)
    value = tl.load(grad + token * D + at, mask=at < D, other=0.0).to(tl.float32)
    tl.atomic_add(grad_table + row * D + at, value, mask=at < D, sem="relaxed")


def embedding_backward(grad, index, earlier, grad_table):
    T, D = grad.shape
    count = earlier.numel()
    _copy[(triton.cdiv(count, 4096),)](earlier, grad_table, count, BLOCK=4096, num_warps=8)
    _add[(T, triton.cdiv(D, 1024))](grad, index, grad_table, D, BLOCK=1024, num_warps=4)
