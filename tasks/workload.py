"""The work of an operation: the dims that it is asked at, and the least that each could need."""

from typing import Annotated

from pydantic import Field, PositiveInt

from .definition import Definition
from .language import DType, SourceLanguage
from .tensor import Identifier

Dims = dict[Identifier, PositiveInt]


class Roofline(Definition):
    """The least work that the operation could need, as expressions over the dims.

    `bytes` reads each input and writes each output once; `size_x` is the bytes of one element of
    the tensor x in the language at hand. `operations` counts additions, multiplications,
    comparisons, divisions and transcendental functions as one each, and runs at the peak `rate`
    of that dtype.
    """

    bytes: str
    operations: str
    rate: dict[SourceLanguage, DType]


class WorkloadTable(Definition):
    """The workloads of one kind of hardware.

    `visible` ones are named in the prompt and timed, `hidden_timed` ones are timed but not named,
    and `hidden` ones are only checked.
    """

    visible: Annotated[tuple[Dims, ...], Field(min_length=1)]
    hidden_timed: tuple[Dims, ...] = ()
    hidden: Annotated[tuple[Dims, ...], Field(min_length=1)]


class Workload(Definition):
    """One operation with concrete dims."""

    dims: dict[str, int]
    visible: bool
    timed: bool

    @property
    def name(self) -> str:
        """The dims in the operation's order, such as `M=512,N=4096`."""
        return ",".join(f"{dim}={extent}" for dim, extent in self.dims.items())
