"""Tolerances: honest arithmetic passes with room on every distribution, impostors fail.

The contents and the comparison are the judge's own.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from skilldyno.scorers.judge.check import compare
from skilldyno.scorers.judge.contents import ContentsCache
from skilldyno.scorers.judge.job import Operation, parse_operation
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.language import KIND_OF_LANGUAGE, SourceLanguage

Kernel = Callable[..., Any]
# Those that recordings are of, whose arithmetic is written out below; admission proves every one.
NAMES = (
    "cross_entropy",
    "layer_norm",
    "linear_gelu",
    "quant_int8",
    "rms_norm",
    "rope",
    "silu_mul",
    "softmax",
)
MOST_ELEMENTS = 50_000


@cache
def judged(op: str, language: SourceLanguage) -> Operation:
    return parse_operation(load_operation(op).judge_spec(language, KIND_OF_LANGUAGE[language]))


@cache
def contents_cache(language: SourceLanguage) -> ContentsCache:
    # One a language: contents are kept by the operation's digest, whatever its dtypes.
    return ContentsCache(seed=7)


@cache
def eager(op: str) -> Kernel:
    """Return the reference that prompts show."""
    namespace: dict[str, Any] = {}
    exec(load_operation(op).reference, namespace)
    return namespace[op]


def as_tuple(outputs: Any) -> tuple[Tensor, ...]:
    return outputs if isinstance(outputs, tuple) else (outputs,)


def worst_error(
    op: str,
    language: SourceLanguage,
    kernel: Kernel,
    *,
    seeds: int = 1,
    only: str | None = None,
    most_elements: int = MOST_ELEMENTS,
) -> float:
    """Return a kernel's largest error, in units of the tolerance, over the smaller workloads."""
    operation = judged(op, language)
    scalars = [scalar.value for scalar in operation.scalars]
    errors = []
    for workload in operation.workloads:
        if max(math.prod(shape) for shape in workload.shapes) > most_elements:
            continue
        for distribution in [only] if only else operation.distributions:
            for seed in range(seeds):
                contents = contents_cache(language).get(operation, workload, distribution, seed)
                given = [tensor.clone() for tensor in contents.inputs]
                outputs = as_tuple(kernel(*given, *scalars))
                error = compare(operation, contents, outputs).error
                errors.append(math.inf if math.isnan(error) else error)
    assert errors
    return max(errors)


def room(op: str, limit: float) -> float:
    """Return the limit for an operation: where an output is rounded, half a unit is no error."""
    return 1.0 if any(output.rounding for output in judged(op, "cpp").outputs) else limit


@pytest.mark.parametrize("op", NAMES)
def test_the_reference_passes_with_room_in_float32(op: str):
    assert worst_error(op, "cpp", eager(op), most_elements=250_000) <= room(op, 0.3)


@pytest.mark.parametrize("op", NAMES)
def test_the_reference_passes_in_bfloat16_where_the_final_rounding_is_half(op: str):
    assert worst_error(op, "cuda", eager(op)) <= room(op, 0.51)


def sequential_sum(values: Tensor) -> Tensor:
    """Return the sum over the last dimension in the order of a plain float32 loop."""
    return values.float().cumsum(-1)[..., -1:]


def near_exp(x: Tensor) -> Tensor:
    """Return a float32 exponential as good as a short polynomial: 1e-6 of itself, clamped."""
    clamped = x.clamp(-87.3, 88.3)
    return torch.exp(clamped) * (1 + 1e-6 * torch.cos(1000 * clamped))


def honest_rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    return x * (1 / torch.sqrt(sequential_sum(x * x) / x.shape[-1] + eps)) * weight


def honest_layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    centred = x - sequential_sum(x) * (1 / x.shape[-1])
    variance = sequential_sum(centred * centred) * (1 / x.shape[-1])
    return centred * (1 / torch.sqrt(variance + eps)) * weight + bias


def honest_softmax(x: Tensor) -> Tensor:
    terms = near_exp(x - x.amax(-1, keepdim=True))
    return terms * (1 / sequential_sum(terms))


def honest_silu_mul(gate: Tensor, up: Tensor) -> Tensor:
    return gate / (1 + near_exp(-gate)) * up


def honest_rope(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    a, b = x.chunk(2, -1)
    c, s = cos[None, :, None], sin[None, :, None]
    # As a fused multiply-add rounds: one product exactly, then once.
    first = (a.double() * c.double() - (b * s).double()).float()
    second = (b.double() * c.double() + (a * s).double()).float()
    return torch.cat([first, second], -1)


def honest_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    top = logits.amax(-1, keepdim=True)
    log = torch.log(sequential_sum(near_exp(logits - top)))
    return (log + top - logits.gather(-1, target[:, None]))[:, 0]


def honest_quant_int8(x: Tensor) -> tuple[Tensor, Tensor]:
    top = x.abs().amax(-1)
    scale = torch.where(top == 0, 1, top * torch.tensor(1 / 127, dtype=torch.float32))
    inverse = torch.where(top == 0, 1, 127 / top)
    return torch.round(x * inverse[:, None]).to(torch.int8), scale


def honest_linear_gelu(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    total = torch.zeros(x.shape[0], weight.shape[0])
    for k in range(x.shape[1]):
        total += x[:, k, None] * weight[None, :, k]
    h = total + bias
    return h / (1 + near_exp(-1.5957691216 * h * (1 + 0.044715 * h * h)))


HONEST: dict[str, Kernel] = {
    "rms_norm": honest_rms_norm,
    "layer_norm": honest_layer_norm,
    "softmax": honest_softmax,
    "silu_mul": honest_silu_mul,
    "rope": honest_rope,
    "cross_entropy": honest_cross_entropy,
    "quant_int8": honest_quant_int8,
    "linear_gelu": honest_linear_gelu,
}


@pytest.mark.parametrize("op", NAMES)
def test_plain_loops_reciprocals_and_polynomials_pass_in_float32(op: str):
    assert worst_error(op, "cpp", HONEST[op], seeds=5) <= room(op, 0.6)


def kept_bits(x: Tensor, bits: int) -> Tensor:
    """Round float32 to a mantissa of some explicit bits: 10 as TF32, 7 as bfloat16."""
    if x.dtype != torch.float32:
        return x
    mantissa, exponent = torch.frexp(x)
    return torch.ldexp(torch.round(mantissa * 2 ** (bits + 1)) / 2 ** (bits + 1), exponent)


def as_fp16(x: Tensor) -> Tensor:
    return x.half().float() if x.dtype == torch.float32 else x


def as_fp8(x: Tensor) -> Tensor:
    return x.to(torch.float8_e4m3fn).to(x.dtype) if x.dtype == torch.bfloat16 else x


def stored(op: str, rounding: Kernel) -> Kernel:
    """Return the reference on inputs stored in less precision."""
    return lambda *given: eager(op)(*(rounding(x) if isinstance(x, Tensor) else x for x in given))


@pytest.mark.parametrize("precision", ["tf32", "bf16", "fp16"])
@pytest.mark.parametrize("op", NAMES)
def test_lower_precision_fails_in_float32(op: str, precision: str):
    rounding: Kernel = {
        "tf32": lambda x: kept_bits(x, 10),
        "bf16": lambda x: kept_bits(x, 7),
        "fp16": as_fp16,
    }[precision]
    assert worst_error(op, "cpp", stored(op, rounding), only="normal") > 2


@pytest.mark.parametrize("op", NAMES)
def test_fp8_fails_in_bfloat16(op: str):
    assert worst_error(op, "cuda", stored(op, as_fp8), only="normal") > 2


def bfloat16_silu_mul(gate: Tensor, up: Tensor) -> Tensor:
    return gate * torch.sigmoid(gate) * up


def bfloat16_rope(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    a, b = x.chunk(2, -1)
    c, s = cos.bfloat16()[None, :, None], sin.bfloat16()[None, :, None]
    return torch.cat([a * c - b * s, b * c + a * s], -1)


@pytest.mark.parametrize(
    ("op", "kernel"), [("silu_mul", bfloat16_silu_mul), ("rope", bfloat16_rope)]
)
def test_bfloat16_arithmetic_fails_where_float32_is_asked_for(op: str, kernel: Kernel):
    assert worst_error(op, "cuda", kernel) > 1


def reference_of(op: str, **changed: Callable[[Any], Any]) -> Kernel:
    """Return the reference with some of its arguments changed."""
    operation = load_operation(op)
    names = [*(t.name for t in operation.inputs), *(s.name for s in operation.scalars)]

    def kernel(*given: Any) -> Any:
        arguments = dict(zip(names, given, strict=True))
        arguments |= {name: change(arguments[name]) for name, change in changed.items()}
        return eager(op)(**arguments)

    return kernel


def truncated(x: Tensor) -> Tensor:
    """Zero the last element of each row, as a reduction that misses its tail sees it."""
    shortened = x.clone()
    shortened[..., -1] = 0
    return shortened


def single_pass_layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    mean = x.mean(-1, keepdim=True)
    variance = (x * x).mean(-1, keepdim=True) - mean * mean
    return (x - mean) * torch.rsqrt(variance + eps) * weight + bias


def unbiased_layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred * torch.rsqrt(x.var(-1, keepdim=True) + eps) * weight + bias


def interleaved_rope(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    a, b = x[..., ::2], x[..., 1::2]
    c, s = cos[None, :, None], sin[None, :, None]
    return torch.stack([a * c - b * s, b * c + a * s], -1).flatten(-2)


def truncating_quant_int8(x: Tensor) -> tuple[Tensor, Tensor]:
    scale = eager("quant_int8")(x)[1]
    return torch.trunc(x / scale[:, None]).to(torch.int8), scale


def erf_linear_gelu(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.nn.functional.gelu(x @ weight.T + bias)


IMPOSTORS: list[tuple[str, str, Kernel]] = [
    ("rms_norm", "no eps", reference_of("rms_norm", eps=lambda _: 0.0)),
    ("rms_norm", "no weight", reference_of("rms_norm", weight=torch.ones_like)),
    (
        "rms_norm",
        "truncated",
        lambda x, w, eps: x * torch.rsqrt(truncated(x).square().mean(-1, keepdim=True) + eps) * w,
    ),
    ("layer_norm", "no eps", reference_of("layer_norm", eps=lambda _: 0.0)),
    ("layer_norm", "no weight", reference_of("layer_norm", weight=torch.ones_like)),
    ("layer_norm", "no bias", reference_of("layer_norm", bias=torch.zeros_like)),
    ("layer_norm", "single pass", single_pass_layer_norm),
    ("layer_norm", "unbiased", unbiased_layer_norm),
    ("softmax", "no maximum", lambda x: torch.exp(x) / torch.exp(x).sum(-1, keepdim=True)),
    (
        "softmax",
        "truncated",
        lambda x: honest_softmax(x) / (1 - truncated(honest_softmax(x) / 2).sum(-1, keepdim=True)),
    ),
    ("silu_mul", "no up", reference_of("silu_mul", up=torch.ones_like)),
    ("silu_mul", "no sigmoid", lambda gate, up: gate.relu() * up),
    ("rope", "no sine", reference_of("rope", sin=torch.zeros_like)),
    ("rope", "sign of the sine", reference_of("rope", sin=torch.neg)),
    ("rope", "interleaved", interleaved_rope),
    ("rope", "one position", reference_of("rope", cos=lambda c: c[:1].expand_as(c))),
    ("cross_entropy", "no target", reference_of("cross_entropy", target=torch.zeros_like)),
    (
        "cross_entropy",
        "no maximum",
        lambda x, t: torch.exp(x).sum(-1).log() - x.gather(-1, t[:, None])[:, 0],
    ),
    ("cross_entropy", "maximum alone", lambda x, t: x.amax(-1) - x.gather(-1, t[:, None])[:, 0]),
    ("quant_int8", "truncates", truncating_quant_int8),
    ("quant_int8", "misses the tail", reference_of("quant_int8", x=truncated)),
    ("linear_gelu", "no bias", reference_of("linear_gelu", bias=torch.zeros_like)),
    ("linear_gelu", "erf", erf_linear_gelu),
    ("linear_gelu", "no gelu", lambda x, w, b: x @ w.T + b),
    ("linear_gelu", "truncated", reference_of("linear_gelu", x=truncated)),
]


@pytest.mark.parametrize(
    ("op", "name", "kernel"), IMPOSTORS, ids=lambda v: v if isinstance(v, str) else "kernel"
)
def test_impostors_fail_in_float32(op: str, name: str, kernel: Kernel):
    assert worst_error(op, "cpp", kernel) > 1.5, name


def filled(op: str, value: float | None) -> Kernel:
    """Return a kernel that computes nothing: a constant, or what uninitialised memory held."""

    def kernel(*given: Any) -> Any:
        return tuple(
            torch.full_like(
                out, 77 if out.dtype == torch.int8 else 1e30 if value is None else value
            )
            for out in as_tuple(eager(op)(*given))
        )

    return kernel


@pytest.mark.parametrize("value", [0.0, 1.0, None])
@pytest.mark.parametrize("op", NAMES)
def test_nothing_computed_fails_on_normal_data(op: str, value: float | None):
    for language in ("cpp", "cuda"):
        assert worst_error(op, language, filled(op, value), only="normal") > 10
