"""AdamW: one program for each block of parameters; the bias corrections are taken on the host."""

import triton
import triton.language as tl


@triton.jit
def update(
    param,
    grad,
    m,
    v,
    new_param,
    new_m,
    new_v,
    count,
    lr,
    beta1,
    beta2,
    eps,
    kept,
    correction1,
    correction2,
    BLOCK: tl.constexpr,
):
    places = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = places < count
    g = tl.load(grad + places, mask=inside, other=0.0).to(tl.float32)
    first = beta1 * tl.load(m + places, mask=inside, other=0.0) + (1 - beta1) * g
    second = beta2 * tl.load(v + places, mask=inside, other=0.0) + (1 - beta2) * g * g
    step = first / correction1 / (tl.sqrt_rn(second / correction2) + eps)
    values = tl.load(param + places, mask=inside, other=0.0)
    tl.store(new_param + places, values * kept - lr * step, mask=inside)
    tl.store(new_m + places, first, mask=inside)
    tl.store(new_v + places, second, mask=inside)


def adamw_step(
    param, grad, m, v, new_param, new_m, new_v, lr, beta1, beta2, eps, weight_decay, step
):
    count = param.numel()
    update[(triton.cdiv(count, 1024),)](
        param,
        grad,
        m,
        v,
        new_param,
        new_m,
        new_v,
        count,
        lr,
        beta1,
        beta2,
        eps,
        1 - lr * weight_decay,
        1 - beta1**step,
        1 - beta2**step,
        BLOCK=1024,
    )
