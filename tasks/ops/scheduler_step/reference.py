def scheduler_step(sample, cond, uncond, alpha, alpha_next, guidance):
    a, b = alpha[:, None, None, None], alpha_next[:, None, None, None]
    u = uncond.float()
    e = u + guidance * (cond.float() - u)
    x0 = (sample.float() - (1 - a).sqrt() * e) / a.sqrt()
    return (b.sqrt() * x0 + (1 - b).sqrt() * e).to(sample.dtype)


def oracle(sample, cond, uncond, alpha, alpha_next, guidance):
    a, b = (t.double()[:, None, None, None] for t in (alpha, alpha_next))
    u = uncond.double()
    e = u + guidance * (cond.double() - u)
    x0 = (sample.double() - (1 - a).sqrt() * e) / a.sqrt()
    return b.sqrt() * x0 + (1 - b).sqrt() * e


def magnitude(sample, cond, uncond, alpha, alpha_next, guidance):
    # The terms before they cancel.
    a, b = (t.double()[:, None, None, None] for t in (alpha, alpha_next))
    u = uncond.double().abs()
    e = u + abs(guidance) * (cond.double().abs() + u)
    x0 = (sample.double().abs() + (1 - a).sqrt() * e) / a.sqrt()
    return b.sqrt() * x0 + (1 - b).sqrt() * e
