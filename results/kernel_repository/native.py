"""The C++ binding of a candidate in C++ or CUDA."""

import re
from typing import Any, Final

from .kernel import JudgedKernel
from .signature import Signature

_ALIGNMENT: Final = {"cpp": 64, "cuda": 16}
"""Bytes that the judge's memory is aligned by at least, and that vector accesses need at most."""


def native_values(kernel: JudgedKernel, signature: Signature) -> dict[str, Any]:
    """Return what the templates of the binding need beside what all templates do."""
    operation, language = kernel.operation, kernel.spoken
    return {
        "alignment": _ALIGNMENT[language],
        "declaration": _hidden(operation.signature(language)),
        "parameters": _parameters(signature),
        "call": _call(signature, operation.dims, language),
        "schema": _schema(signature),
        "device_name": "CPU" if language == "cpp" else "GPU",
        "march": _march(kernel.source),
    }


def _hidden(declaration: str) -> str:
    external = 'extern "C" '
    return declaration.replace(external, f'{external}__attribute__((visibility("hidden"))) ', 1)


def _parameters(signature: Signature) -> str:
    tensors = [
        f"at::Tensor &{each.name}" if each.output else f"const at::Tensor &{each.name}"
        for each in signature.arguments
    ]
    scalars = [
        f"{'double' if each.type == 'float' else 'int64_t'} {each.name}"
        for each in signature.scalars
    ]
    scalars += [f"int64_t {each.name}" for each in signature.untold]
    return ", ".join(tensors + scalars)


def _call(signature: Signature, dims: tuple[str, ...], language: str) -> str:
    arguments = [
        f"static_cast<{each.c_type} *>({each.name}.mutable_data_ptr())"
        if each.output
        else f"static_cast<const {each.c_type} *>({each.name}.const_data_ptr())"
        for each in signature.called
    ]
    arguments += dims
    arguments += [f"static_cast<{each.c_type}>({each.name})" for each in signature.scalars]
    if language == "cuda":
        arguments.append("c10::cuda::getCurrentCUDAStream()")
    return ",\n      ".join(["", *arguments]).removeprefix(",")


def _schema(signature: Signature) -> str:
    tensors = [f"Tensor{'!' if each.output else ''} {each.name}" for each in signature.arguments]
    scalars = [f"{each.type} {each.name}" for each in signature.scalars]
    scalars += [f"int {each.name}" for each in signature.untold]
    return f"{signature.function}({', '.join(tensors + scalars)}) -> ()"


def _march(source: str) -> str:
    """The least x86-64 level that the source asks for by its intrinsics, from the third on.

    It was judged with `-march=native`, which binds a build to one machine. Levels by the x86-64
    psABI: the third has AVX2 and FMA, the fourth AVX-512.
    """
    guarded = re.search(r"__AVX512|target\s*\(.*avx512", source) is not None
    wide = re.search(r"\b_mm512_|\b__m512", source) is not None
    return "-march=x86-64-v4" if wide and not guarded else "-march=x86-64-v3"
