"""The languages that a candidate can be written in, and the kind of hardware that runs each."""

from typing import Final, Literal

Language = Literal["cpp", "cuda", "triton", "torch-ext"]
Kind = Literal["cpu", "gpu"]
DType = Literal[
    "float32", "bfloat16", "float16", "float8_e4m3fn", "uint8", "int8", "int32", "int64"
]

KIND_OF_LANGUAGE: Final[dict[Language, Kind]] = {"cpp": "cpu", "cuda": "gpu", "triton": "gpu"}
"""The kind of hardware of each language that runs on one alone."""

_LANGUAGE_WITHIN: Final[dict[Kind, Language]] = {"cpu": "cpp", "gpu": "cuda"}


def language_within(language: Language, kind: Kind) -> Language:
    """Return the language whose element types and rates another has on one kind of hardware.

    A kernel repository (`torch-ext`) holds C++ for a CPU and CUDA for a GPU; every other language
    is its own.
    """
    return _LANGUAGE_WITHIN[kind] if language == "torch-ext" else language


def runs_on(language: Language, kind: Kind) -> bool:
    """Tell whether candidates in a language can run on a kind of hardware."""
    return KIND_OF_LANGUAGE[language_within(language, kind)] == kind


SIZE_OF_DTYPE: Final[dict[DType, int]] = {
    "float32": 4,
    "bfloat16": 2,
    "float16": 2,
    "float8_e4m3fn": 1,
    "uint8": 1,
    "int8": 1,
    "int32": 4,
    "int64": 8,
}
"""Bytes of one element."""

RATES_OF_KIND: Final[dict[Kind, tuple[DType, ...]]] = {
    "cpu": ("float32",),
    "gpu": ("float32", "bfloat16", "float16", "float8_e4m3fn", "int8"),
}
"""The dtypes whose arithmetic a roofline can count at, for which the judge measures a rate."""
