# A DDIM step with guidance: a program takes a part of one sample.
import triton
import triton.language as tl


@triton.jit
def _part(sample, cond, uncond, alpha, alpha_next, out, count, guidance, BLOCK: tl.constexpr):
    image = tl.program_id(0).to(tl.int64)
    within = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    at = image * count + within
    held = within < count
    now = tl.load(alpha + image)
    later = tl.load(alpha_next + image)
    base = tl.load(uncond + at, mask=held, other=0.0).to(tl.float32)
    towards = tl.load(cond + at, mask=held, other=0.0).to(tl.float32)
    noise = base + guidance * (towards - base)
    noisy = tl.load(sample + at, mask=held, other=0.0).to(tl.float32)
    clean = (noisy - tl.sqrt(1 - now) * noise) / tl.sqrt(now)
    given = tl.sqrt(later) * clean + tl.sqrt(1 - later) * noise
    tl.store(out + at, given.to(tl.bfloat16), mask=held)


def scheduler_step(sample, cond, uncond, alpha, alpha_next, out, guidance):
    B = sample.shape[0]
    count = sample.numel() // B
    grid = (B, triton.cdiv(count, 2048))
    _part[grid](sample, cond, uncond, alpha, alpha_next, out, count, guidance, BLOCK=2048)
