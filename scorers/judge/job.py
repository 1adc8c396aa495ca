"""What the judge is asked: one candidate, its operation made concrete, and the budgets."""

from __future__ import annotations

import dataclasses
import hashlib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCHEMA = 1
LANGUAGES = ("cpp", "cuda", "triton", "torch", "torch-ext")
BASELINES = ("eager", "compile", "best")
STEPS = ("build", "check", "time")


class JobError(Exception):
    """A job that does not follow the schema: the message names the field."""


@dataclass(frozen=True)
class Scalar:
    """A scalar argument of the operation, passed by value after the dims."""

    name: str
    type: str
    value: float

    def __post_init__(self) -> None:
        """Keep an integer one an integer, which shapes can be made of."""
        if self.type == "int":
            object.__setattr__(self, "value", int(self.value))


@dataclass(frozen=True)
class Tensor:
    """A tensor argument; `relative`, `scaled`, `scale_dims` and `rounding` are for outputs.

    An output is right where |out - oracle| <= relative * |oracle| + scaled * magnitude, the
    magnitude being the mean of |oracle| over `scale_dims` or what the reference's `magnitude`
    returns.  With `rounding` the oracle is real-valued, and the output an integer within
    0.5 + scaled of it.
    """

    name: str
    role: str
    dtype: str
    fill: str | None = None
    relative: float = 0.0
    scaled: float = 0.0
    scale_dims: tuple[int, ...] = ()
    rounding: bool = False


@dataclass(frozen=True)
class Workload:
    """The operation at concrete dims, with one shape a tensor, in the order of the tensors."""

    name: str
    dims: dict[str, int]
    shapes: tuple[tuple[int, ...], ...]
    bytes: int
    operations: int
    visible: bool
    timed: bool


@dataclass(frozen=True)
class Operation:
    """What the kernel must compute, in the terms that the judge needs.

    The functions of the reference take the inputs, the `reference_dims` and the scalars. Where
    `compiles` is false, torch.compile is no baseline of it.  Where `arguments` is given, this is a
    KernelBench problem: the reference is its text, and these are the names of inputs and scalars in
    the order of its `get_inputs`.
    """

    name: str
    function: str
    digest: str
    library: str
    tensors: tuple[Tensor, ...]
    dims: tuple[str, ...]
    scalars: tuple[Scalar, ...]
    reference: str
    rate: str
    distributions: tuple[str, ...]
    workloads: tuple[Workload, ...]
    reference_dims: tuple[str, ...] = ()
    compiles: bool = True
    arguments: tuple[str, ...] | None = None

    @property
    def is_problem(self) -> bool:
        """Whether this is a KernelBench problem."""
        return self.arguments is not None

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The input tensors, in calling order."""
        return tuple(t for t in self.tensors if t.role == "input")

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The output tensors, in calling order."""
        return tuple(t for t in self.tensors if t.role == "output")

    def reference_scalars(self, dims: Mapping[str, int]) -> list[float]:
        """What the reference takes after its inputs, at a workload's dims."""
        return [*(dims[d] for d in self.reference_dims), *(s.value for s in self.scalars)]


@dataclass(frozen=True)
class Settings:
    """Budgets and choices of one judging; times in seconds.

    `baselines` names what the candidate is compared with on a GPU; eager always is. `compile_for`
    names archs, such as sm_90a, that a CUDA candidate is built for besides, and not run. `pairs` is
    the most pairs of a timing, where that shall be less than the device's own. `until` is the last
    of STEPS to take: short of `time`, the verdict correct means that nothing was wrong so far, and
    there is no speedup.
    """

    build_seconds: float = 90.0
    call_seconds: float = 10.0
    total_seconds: float = 120.0
    memory_bytes: int = 4 << 30
    unsafe: bool = False
    baselines: tuple[str, ...] = BASELINES
    seed: int | None = None
    compile_for: tuple[str, ...] = ()
    pairs: int | None = None
    until: str = "time"


@dataclass(frozen=True)
class Compilation:
    """One source of a kernel repository, with the compiler, flags and include folders for it.

    `archs` are the GPU targets, such as sm_90a, and compute_90 for PTX.  Below `cuda_minver` it is
    left out.
    """

    source: str
    compiler: str
    flags: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    archs: tuple[str, ...] = ()
    cuda_minver: str | None = None


@dataclass(frozen=True)
class Extension:
    """A kernel repository made concrete: its files by path, and what is to be compiled of them.

    `backend` is cpu or cuda.  `claimed_archs` are those that its metadata says it builds for, and
    `problems` what its metadata says wrongly of it.  `versions` bounds what it is built with: the
    keys are torch-minver, torch-maxver, cuda-minver, cuda-maxver and stable-abi.  One that is
    `noarch` is Python alone, with kernels in Triton.
    """

    package: str
    backend: str
    files: dict[str, str]
    compilations: tuple[Compilation, ...]
    claimed_archs: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    noarch: bool = False


@dataclass(frozen=True)
class Job:
    """One candidate to judge; in torch-ext with an `extension`.

    `kind` (cpu or gpu) says where, if the language does not.
    """

    id: str
    source: str
    language: str
    hardware: str
    flags: tuple[str, ...]
    operation: Operation
    settings: Settings = field(default_factory=Settings)
    extension: Extension | None = None
    kind: str | None = None
    schema: int = SCHEMA

    @property
    def device(self) -> str:
        """The device that it runs on: cpu or gpu."""
        if self.extension is not None:
            return "cpu" if self.extension.backend == "cpu" else "gpu"
        return self.kind or ("cpu" if self.language == "cpp" else "gpu")

    @property
    def is_triton(self) -> bool:
        """Whether its kernels are Triton's: as a file, or in a repository of Python alone."""
        return self.language == "triton" or (self.extension is not None and self.extension.noarch)

    @property
    def timed(self) -> tuple[Workload, ...]:
        """The workloads that it is timed on."""
        if self.settings.until != "time":
            return ()
        return tuple(w for w in self.operation.workloads if w.timed)

    @property
    def candidate(self) -> str:
        """The SHA-256 of the source."""
        # A completion may hold half of a surrogate pair, which strict UTF-8 refuses.
        return hashlib.sha256(self.source.encode("utf-8", "surrogatepass")).hexdigest()


def _convert(annotation: Any, value: Any, path: str) -> Any:
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if dataclasses.is_dataclass(annotation):
        return _parse(annotation, value, path)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise JobError(f"{path} must be a list, not {type(value).__name__}")
        return tuple(_convert(arguments[0], v, f"{path}[{i}]") for i, v in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict):
            raise JobError(f"{path} must be an object, not {type(value).__name__}")
        return {str(k): _convert(arguments[1], v, f"{path}.{k}") for k, v in value.items()}
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        return _convert(next(a for a in arguments if a is not type(None)), value, path)
    if annotation is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, annotation) or (annotation is int and isinstance(value, bool)):
        raise JobError(f"{path} must be {annotation.__name__}, not {type(value).__name__}")
    return value


def _parse(cls: Any, data: Any, path: str) -> Any:
    if not isinstance(data, dict):
        raise JobError(f"{path} must be an object, not {type(data).__name__}")
    hints = typing.get_type_hints(cls)
    known = {f.name: f for f in dataclasses.fields(cls)}
    for name in data:
        if name not in known:
            raise JobError(f"{path} has an unknown field {name!r}")
    values = {}
    for name, member in known.items():
        if name in data:
            values[name] = _convert(hints[name], data[name], f"{path}.{name}")
        elif (
            member.default is dataclasses.MISSING and member.default_factory is dataclasses.MISSING
        ):
            raise JobError(f"{path} lacks the field {name!r}")
    return cls(**values)


def parse_operation(data: Any) -> Operation:
    """Read an operation from parsed JSON.

    Raises:
        JobError: a field is missing, unknown or of the wrong type.
    """
    return _parse(Operation, data, "operation")


def parse_job(data: Any) -> Job:
    """Read a job from parsed JSON.

    Raises:
        JobError: a field is missing, unknown or of the wrong type, or the language or schema is
            not one that this judge knows.
    """
    job: Job = _parse(Job, data, "job")
    if job.language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise JobError(f"job.language is {job.language!r}, and this judge knows {known}")
    if (job.language == "torch-ext") != (job.extension is not None):
        raise JobError("job.extension is for torch-ext, which cannot be judged without it")
    if job.settings.compile_for and job.language != "cuda":
        raise JobError(
            f"job.settings.compile_for is for cuda, and job.language is {job.language!r}"
        )
    if job.operation.is_problem != (job.language == "torch"):
        raise JobError(
            f"job.language is {job.language!r}: a KernelBench problem is solved in torch, and "
            "nothing else is"
        )
    if job.settings.until not in STEPS:
        known = ", ".join(STEPS)
        raise JobError(f"job.settings.until is {job.settings.until!r}: give one of {known}")
    if job.schema != SCHEMA:
        raise JobError(f"job.schema is {job.schema}, and this judge reads {SCHEMA}")
    return job
