import torch


# fmt: off
def cross_entropy(logits, target):
    return torch.nn.functional.cross_entropy(logits.float(), target, reduction='none')
# fmt: on


def oracle(logits, target):
    v = logits.double()
    top = v.amax(-1)
    # From the maximum: logsumexp and the target's logit cancel where logits are large.
    picked = v.gather(-1, target[:, None])[:, 0]
    return (top - picked) + (v - top[:, None]).exp().sum(-1).log()


def magnitude(logits, target):
    # The loss is a difference of numbers as large as the largest finite logit; 1 is for the log.
    # 1e-5 * 6e-3 * N is N * 2^-24, the bound on a float32 sum of N terms in any order.
    v = logits.double()
    top = torch.where(v.isfinite(), v, torch.zeros_like(v)).abs().amax(-1)
    return top + 1 + 6e-3 * logits.shape[-1]
