"""The arguments of an operation: tensors with shapes, dtypes and tolerances, and scalars."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, NonNegativeFloat, StringConstraints, model_validator

from .definition import Definition
from .expression import evaluate
from .language import DType, Language

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Fill = Annotated[
    str, StringConstraints(pattern=r"^(data|weight|bias|cosine|sine|index:[A-Za-z][A-Za-z0-9_]*)$")
]

C_TYPES: Final[dict[Language, dict[DType, str]]] = {
    "cpp": {"float32": "float", "int8": "int8_t", "int32": "int32_t", "int64": "int64_t"},
    "cuda": {
        "float32": "float",
        "bfloat16": "__nv_bfloat16",
        "float16": "__half",
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
    dtype: Annotated[dict[Language, DType], Field(min_length=1)]

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

    `fill` is `data` (the distribution under test), `weight` (random: an affine scale, or a matrix
    of variance 1/K where there are two dims), `bias` (random), `cosine` or `sine` (of random
    angles), or `index:N` (uniform from 0 to below the dim N).
    """

    fill: Fill

    @property
    def index_dim(self) -> str | None:
        """The dim that bounds an index tensor, or None where the tensor holds no indices."""
        return self.fill.partition(":")[2] or None

    @model_validator(mode="after")
    def _check_fill(self) -> Self:
        if self.index_dim and set(self.dtype.values()) != {"int64"}:
            raise ValueError(f"the tensor '{self.name}' has fill '{self.fill}', which needs int64")
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
            if self.rounding and not dtype.startswith("int"):
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
