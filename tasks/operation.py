"""Operations: what a kernel must compute."""

import itertools
from collections import Counter
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from .definition import Definition
from .errors import UsageError
from .expression import ExpressionError, evaluate, names_in
from .language import (
    KIND_OF_LANGUAGE,
    RATES_OF_KIND,
    SIZE_OF_DTYPE,
    Kind,
    Language,
    SourceLanguage,
    language_within,
)
from .reference_text import check_reference, function_source
from .tensor import C_TYPES, Identifier, Input, Output, Scalar
from .workload import Roofline, Workload, WorkloadTable

Distribution = Literal[
    "normal",
    "heavy_tail",
    "ties",
    "sorted",
    "constant",
    "zeros",
    "huge",
    "tiny",
    "offset",
    "masked",
    "alternating",
]
Family = Literal[
    "normalisation",
    "activation",
    "softmax",
    "loss",
    "reduction",
    "selection",
    "scan",
    "position",
    "gemm",
    "quantisation",
    "attention",
    "moe",
    "gather_scatter",
    "convolution",
    "optimiser",
    "backward",
    "elementwise",
]
Tier = Literal["plain", "hard"]
_LEAST_WORKLOADS: Final = 3


class OperationError(UsageError):
    """An operation that does not exist, is not well defined, or is not asked for like this."""


class Operation(Definition):
    """What a kernel must compute: signature, reference, tolerance, roofline and workloads.

    `source` names the model configurations that the shapes come from, or says that there is none.
    `tier` is what was expected of its difficulty when it was written. `reference_dims` are the dims
    that no input's shape tells, by the names that the functions of reference.py take them under.
    `compiles` is false where torch.compile does not take the reference in useful time, so that it
    is no baseline.
    """

    name: Identifier
    family: Family
    tier: Tier
    source: Annotated[str, Field(min_length=1)]
    description: str
    library: Literal["allowed", "forbidden"]
    dims: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    distributions: Annotated[tuple[Distribution, ...], Field(min_length=1)]
    inputs: Annotated[tuple[Input, ...], Field(min_length=1)]
    outputs: Annotated[tuple[Output, ...], Field(min_length=1)]
    scalars: tuple[Scalar, ...] = ()
    reference_dims: dict[Identifier, Identifier] = Field(default_factory=dict)
    compiles: bool = True
    roofline: Roofline
    workloads: Annotated[dict[Kind, WorkloadTable], Field(min_length=1)]
    reference: str
    digest: str

    @property
    def tensors(self) -> tuple[Input | Output, ...]:
        """The inputs and then the outputs: the order of the signature."""
        return (*self.inputs, *self.outputs)

    @property
    def languages(self) -> tuple[SourceLanguage, ...]:
        """The languages that the operation has dtypes for."""
        return tuple(self.inputs[0].dtype)

    def comes_in(self, language: Language, kind: Kind) -> bool:
        """Tell whether the operation can be asked for in a language on a kind of hardware."""
        within = language_within(language, kind)
        return language != "torch" and within in self.languages and kind in self.workloads

    @cached_property
    def shown_reference(self) -> str:
        """The source of the eager reference function, as prompts show it, without the oracle."""
        return function_source(self.reference, self.name)

    def signature(self, language: Language) -> str:
        """Return the declaration of the function that a candidate must define.

        Raises:
            OperationError: the operation is not asked for in that language.
        """
        if language in ("torch", "torch-ext"):
            named = [*self.outputs, *self.inputs, *self.scalars]
            return f"{self.name}({', '.join(each.name for each in named)})"
        self._require(language)
        if language == "triton":
            names = [t.name for t in self.tensors] + [s.name for s in self.scalars]
            return f"def {self.name}({', '.join(names)}):"
        types = C_TYPES[language]
        arguments = [f"const {types[t.dtype[language]]}* {t.name}" for t in self.inputs]
        arguments += [f"{types[t.dtype[language]]}* {t.name}" for t in self.outputs]
        arguments += [f"int64_t {dim}" for dim in self.dims]
        arguments += [f"{s.c_type} {s.name}" for s in self.scalars]
        if language == "cuda":
            arguments.append("cudaStream_t stream")
        return f'extern "C" void {self.name}({", ".join(arguments)});'

    def shapes(self) -> str:
        """Return the tensors with their symbolic shapes, such as `x[M,N], weight[N]`."""
        return ", ".join(f"{t.name}[{','.join(t.shape)}]" for t in self.tensors)

    def workloads_on(self, kind: Kind) -> tuple[Workload, ...]:
        """Return the workloads of one kind of hardware: visible, then timed, then the others.

        Raises:
            OperationError: the operation has none for that kind.
        """
        if kind not in self.workloads:
            raise OperationError(
                f"Operation '{self.name}' has no workloads for '{kind}' hardware;"
                f" it has them for {', '.join(sorted(self.workloads))}."
            )
        table = self.workloads[kind]
        return tuple(
            Workload(dims={d: dims[d] for d in self.dims}, visible=visible, timed=timed)
            for group, visible, timed in (
                (table.visible, True, True),
                (table.hidden_timed, False, True),
                (table.hidden, False, False),
            )
            for dims in group
        )

    def judge_spec(self, language: Language, kind: Kind) -> dict[str, Any]:
        """Return everything that the judge needs, concrete and JSON-able.

        Args:
            language: the language of the candidate.
            kind: the kind of hardware that it runs on.

        Raises:
            OperationError: the operation is not asked for in that language on that kind.
        """
        spoken = language_within(language, kind)
        if KIND_OF_LANGUAGE[spoken] != kind:
            raise OperationError(
                f"Language '{language}' runs on '{KIND_OF_LANGUAGE[spoken]}' hardware,"
                f" not on '{kind}'; name another language or hardware."
            )
        self._require(spoken)
        return {
            "name": self.name,
            "function": self.name,
            "digest": self.digest,
            "library": self.library,
            "tensors": [self._tensor_spec(t, spoken) for t in self.tensors],
            "dims": list(self.dims),
            "scalars": [s.model_dump() for s in self.scalars],
            "compiles": self.compiles,
            "reference_dims": list(self.reference_dims.values()),
            "reference": self.reference,
            "rate": self.roofline.rate[spoken],
            "distributions": list(self.distributions),
            "workloads": [self._workload_spec(w, spoken) for w in self.workloads_on(kind)],
        }

    def _require(self, language: Language) -> None:
        if language not in self.languages:
            raise OperationError(
                f"Operation '{self.name}' is not asked for in '{language}';"
                f" it is in {', '.join(self.languages)}."
            )

    def _tensor_spec(self, tensor: Input | Output, language: SourceLanguage) -> dict[str, Any]:
        dtype = tensor.dtype[language]
        if isinstance(tensor, Input):
            return {"name": tensor.name, "role": "input", "dtype": dtype, "fill": tensor.fill}
        return {
            "name": tensor.name,
            "role": "output",
            "dtype": dtype,
            **tensor.tolerance[dtype].model_dump(),
            "scale_dims": list(tensor.scale_dims),
            "rounding": tensor.rounding,
        }

    def _workload_spec(self, workload: Workload, language: SourceLanguage) -> dict[str, Any]:
        names = workload.dims | {
            f"size_{t.name}": SIZE_OF_DTYPE[t.dtype[language]] for t in self.tensors
        }
        return {
            "name": workload.name,
            "dims": workload.dims,
            "shapes": [t.shape_for(workload.dims) for t in self.tensors],
            "bytes": evaluate(self.roofline.bytes, names),
            "operations": evaluate(self.roofline.operations, names),
            "visible": workload.visible,
            "timed": workload.timed,
        }

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        names = [*self.dims, *(t.name for t in self.tensors), *(s.name for s in self.scalars)]
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            raise ValueError(f"the name '{twice[0]}' is used twice among tensors, dims and scalars")
        for tensor in self.inputs:
            if tensor.index_dim and tensor.index_dim not in self.dims:
                raise ValueError(
                    f"the tensor '{tensor.name}' has fill '{tensor.fill}', which must name one of"
                    f" the dims {', '.join(self.dims)}"
                )
        if unknown := sorted(set(self.reference_dims.values()) - set(self.dims)):
            raise ValueError(
                f"reference_dims names '{unknown[0]}', which is none of the dims"
                f" {', '.join(self.dims)}"
            )
        check_reference(
            self.reference,
            self.name,
            [
                *(t.name for t in self.inputs),
                *self.reference_dims,
                *(s.name for s in self.scalars),
            ],
        )
        return self

    @model_validator(mode="after")
    def _check_languages(self) -> Self:
        for where, given in (
            *((f"the dtype of the tensor '{t.name}'", t.dtype) for t in self.tensors),
            ("roofline.rate", self.roofline.rate),
        ):
            if unknown := sorted(set(given) - set(KIND_OF_LANGUAGE)):
                raise ValueError(
                    f"{where} is given for {unknown[0]}, but operations are asked for in"
                    f" {', '.join(KIND_OF_LANGUAGE)}"
                )
            if set(given) != set(self.languages):
                raise ValueError(
                    f"{where} is given for {', '.join(given)},"
                    f" but the dtype of '{self.inputs[0].name}' for {', '.join(self.languages)}"
                )
        for language, rate in self.roofline.rate.items():
            rates = RATES_OF_KIND[KIND_OF_LANGUAGE[language]]
            if rate not in rates:
                raise ValueError(
                    f"the field 'roofline.rate.{language}' is '{rate}',"
                    f" but it should be {' or '.join(rates)}"
                )
        for kind in sorted({KIND_OF_LANGUAGE[language] for language in self.languages}):
            if kind not in self.workloads:
                raise ValueError(f"the field 'workloads.{kind}' is missing; add it")
        return self

    @model_validator(mode="after")
    def _check_workloads(self) -> Self:
        # Checked by name first: a workload would say only that some name is unknown.
        sizes = {f"size_{t.name}" for t in self.tensors}
        for field, allowed in (("bytes", {*self.dims, *sizes}), ("operations", {*self.dims})):
            if unknown := sorted(names_in(getattr(self.roofline, field)) - allowed):
                raise ValueError(
                    f"roofline.{field} uses '{unknown[0]}'; allowed: {', '.join(sorted(allowed))}"
                )
        for kind, table in self.workloads.items():
            given = [*table.visible, *table.hidden_timed, *table.hidden]
            if surprise := [dims for dims in given if set(dims) != set(self.dims)]:
                raise ValueError(
                    f"workloads.{kind} has {surprise[0]}, which must give exactly the dims"
                    f" {', '.join(self.dims)}"
                )
            if len(given) < _LEAST_WORKLOADS:
                raise ValueError(
                    f"workloads.{kind} has {len(given)} workloads; give at least {_LEAST_WORKLOADS}"
                )
            if len({tuple(sorted(dims.items())) for dims in given}) != len(given):
                raise ValueError(f"workloads.{kind} has the same dims twice")
            for workload in self.workloads_on(kind):
                self._check_workload(kind, workload)
        return self

    def _check_workload(self, kind: Kind, workload: Workload) -> None:
        for language in self.languages:
            try:
                spec = self._workload_spec(workload, language)
            except ExpressionError as error:
                raise ValueError(f"workloads.{kind} has {workload.name}, but {error}") from error
            if min(itertools.chain(*spec["shapes"])) < 1:
                raise ValueError(
                    f"workloads.{kind} has {workload.name}, which makes a tensor empty"
                )
