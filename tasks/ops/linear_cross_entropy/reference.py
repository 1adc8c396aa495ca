import torch


def linear_cross_entropy(x, weight, target):
    logits = torch.nn.functional.linear(x.float(), weight.float())
    return torch.nn.functional.cross_entropy(logits, target, reduction="none")


def best(x, weight, target):
    # Tensor cores, and float32 logits: a product of bfloat16 tensors alone would round them.
    if x.is_cuda:
        logits = torch.mm(x, weight.t(), out_dtype=torch.float32)
    else:
        logits = x.float() @ weight.float().t()
    return torch.nn.functional.cross_entropy(logits, target, reduction="none")


def oracle(x, weight, target):
    v = x.double() @ weight.double().t()
    top = v.amax(-1)
    # From the maximum: logsumexp and the target's logit cancel where logits are large.
    picked = v.gather(-1, target[:, None])[:, 0]
    return (top - picked) + (v - top[:, None]).exp().sum(-1).log()


def magnitude(x, weight, target):
    # What rounding of each term of a logit scales with bounds the logit's error; 1 is for the log.
    # The largest of the roots of sum_k x^2 w^2 stands for all: a row's logits have like ones.
    sizes = torch.sqrt(x.double().square() @ weight.double().square().t()).amax(-1)
    # 1e-5 * 6e-3 * N is N * 2^-24, the bound on a float32 sum of N terms in any order, and the
    # largest logit is within five of those sizes.
    return 6 * sizes + 1 + 6e-3 * weight.shape[0]
