"""The arguments of an operation: tensors with shapes, dtypes and tolerances, and scalars."""

from typing import Annotated, Final, Literal, Self, get_args

from pydantic import Field, NonNegativeFloat, StringConstraints, model_validator

from .definition import Definition
from .expression import evaluate
from .language import DType, SourceLanguage

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
FloatFill = Literal[
    "data",
    "weight",
    "bias",
    "cosine",
    "sine",
    "positive",
    "log_uniform",
    "decay",
    "log_decay",
    "unit",
    "probability",
]
IndexFill = Literal["index", "sorted_index", "lengths", "offsets", "permutation"]

C_TYPES: Final[dict[SourceLanguage, dict[DType, str]]] = {
    "cpp": {
        "float32": "float",
        "uint8": "uint8_t",
        "int8": "int8_t",
        "int32": "int32_t",
        "int64": "int64_t",
    },
    "cuda": {
        "float32": "float",
        "bfloat16": "__nv_bfloat16",
        "float16": "__half",
        "float8_e4m3fn": "__nv_fp8_e4m3",
        "uint8": "uint8_t",
        "int8": "int8_t",
        "int32": "int32_t",
        "int64": "int64_t",
    },
}
"""The element types that each language with a C signature can name."""


class Tolerance(Definition):
    """How far an output may be from the oracle: |error| ≤ relative·|oracle| + scaled·magnitude."""

    relative: NonNegativeFloat
    scaled: NonNegativeFloat


class Tensor(Definition):
    """One tensor of the signature; its shape is written in expressions over the dims."""

    name: Identifier
    shape: Annotated[tuple[str, ...], Field(min_length=1)]
    dtype: Annotated[dict[SourceLanguage, DType], Field(min_length=1)]

    def shape_for(self, dims: dict[str, int]) -> list[int]:
        """Return the concrete shape for concrete dims."""
        return [evaluate(extent, dims) for extent in self.shape]

    @model_validator(mode="after")
    def _check_c_types(self) -> Self:
        for language, dtype in self.dtype.items():
            if language in C_TYPES and dtype not in C_TYPES[language]:
                raise ValueError(
                    f"the tensor '{self.name}' is {dtype} in {language},"
                    f" which allows {', '.join(C_TYPES[language])}"
                )
        return self


class Input(Tensor):
    """A tensor that the kernel reads, and what the judge fills it with.

    A float tensor's `fill` is `data` (the distribution under test), `weight` (random: an affine
    scale, or a matrix of variance 1/K where there are two dims), `bias` (random), `cosine` or
    `sine` (of random angles), `positive` (uniform from 0.1 to 1), `log_uniform` (log-uniform from
    1e-4 to 1), `decay` (uniform from 0.8 to 1), `log_decay` (the logarithm of such), `unit` (of
    norm 1 along the last dimension), or `probability` (uniform from 0 to 1).

    An int32 or int64 tensor's is `index:N` (uniform from 0 to below the dim N), `sorted_index:N`
    (the same, sorted along the last dimension), `lengths:N` (uniform from 1 to N, one of them N),
    `offsets:N` (one dimension: from 0 to N, not decreasing) or `permutation:N` (distinct numbers
    from 0 to below N, or to below as many as there are elements).

    `bytes` is uniform over the values of uint8 or int8, or over the finite ones of float8_e4m3fn;
    `float8_bits` is uniform over the uint8 bit patterns of the latter.
    """

    fill: str

    @property
    def index_dim(self) -> str | None:
        """The dim that bounds an index tensor, or None where the tensor holds no indices."""
        return self.fill.partition(":")[2] or None

    @model_validator(mode="after")
    def _check_fill(self) -> Self:
        kind, colon, _ = self.fill.partition(":")
        if colon and kind in get_args(IndexFill):
            allowed = ("int32", "int64")
        elif not colon and kind in get_args(FloatFill):
            allowed = tuple(dtype for dtype in get_args(DType) if "float" in dtype)
        elif self.fill == "bytes":
            allowed = ("uint8", "int8", "float8_e4m3fn")
        elif self.fill == "float8_bits":
            allowed = ("uint8",)
        else:
            known = [
                *get_args(FloatFill),
                "bytes",
                "float8_bits",
                *(f"{name}:DIM" for name in get_args(IndexFill)),
            ]
            raise ValueError(
                f"the fill of the tensor '{self.name}' is '{self.fill}',"
                f" but it should be {', '.join(known[:-1])} or {known[-1]}"
            )
        for dtype in self.dtype.values():
            if dtype not in allowed:
                raise ValueError(
                    f"the tensor '{self.name}' has fill '{self.fill}', which needs"
                    f" {' or '.join(allowed)}, not {dtype}"
                )
        if kind == "offsets" and len(self.shape) != 1:
            raise ValueError(
                f"the tensor '{self.name}' has fill '{self.fill}', which needs one dimension"
            )
        return self


class Output(Tensor):
    """A tensor that the kernel writes, and how near to the oracle it must be.

    `scale_dims` are the dims over which the mean of |oracle| is the error's scale, where
    reference.py has no `magnitude`; none means each element by itself. `rounding` says that the
    oracle is the real value of which this integer output is the rounding.
    """

    tolerance: Annotated[dict[DType, Tolerance], Field(min_length=1)]
    scale_dims: tuple[int, ...] = ()
    rounding: bool = False

    @model_validator(mode="after")
    def _check_tolerance(self) -> Self:
        where = f"the output '{self.name}'"
        for dtype in self.dtype.values():
            if dtype not in self.tolerance:
                raise ValueError(f"{where} has no tolerance for {dtype}; add tolerance.{dtype}")
            if self.rounding and "int" not in dtype:
                raise ValueError(f"{where} has rounding = true, which is for integers, not {dtype}")
        if any(not 0 <= dim < len(self.shape) for dim in self.scale_dims):
            raise ValueError(f"{where} has scale_dims outside 0 to {len(self.shape) - 1}")
        return self


class Scalar(Definition):
    """A scalar argument and the value that it is judged with."""

    name: Identifier
    type: Literal["float", "int"]
    value: int | float

    @property
    def c_type(self) -> str:
        """The type in a C signature."""
        return "float" if self.type == "float" else "int64_t"
