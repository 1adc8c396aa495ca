"""Admission of one operation: honest kernels pass, impostors fail, all on the CPU."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import torch

from ...tasks.expression import names_in
from ...tasks.operation import Operation
from .case import Case, Outputs, ReferenceFailed, Setting, settings_of
from .impostors import Impostor, impostors

_SAME: Final = 0.01


@dataclass(frozen=True)
class Finding:
    """What became of one kernel.

    `error` is in units of the tolerance: the largest of an honest kernel, and that by which an
    impostor was told, or its largest where it was not.
    """

    language: str
    kernel: str
    honest: bool
    holds: bool
    error: float
    detail: str

    def sentence(self) -> str:
        """What is wrong and where to mend it, or that nothing is."""
        if self.holds:
            verb = "passes" if self.honest else "fails"
            return f"{self.language}: {self.kernel} {verb}, as it must ({self.detail})."
        if self.honest:
            return (
                f"{self.language}: {self.kernel} fails ({self.detail}): mend reference.py, or give"
                " the tolerance or magnitude the room that honest rounding needs."
            )
        return (
            f"{self.language}: an impostor passes, {self.kernel} ({self.detail}): tighten the"
            " tolerance, or choose fills, distributions or workloads that tell it."
        )


@dataclass(frozen=True)
class Admission:
    """All that was found of an operation; `notes` are what could not be proven here."""

    operation: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def admitted(self) -> bool:
        """Whether every honest kernel passes and every impostor fails."""
        return all(finding.holds for finding in self.findings)

    @property
    def problems(self) -> list[str]:
        """One sentence for each finding that does not hold."""
        return [finding.sentence() for finding in self.findings if not finding.holds]


def admit(operation: Operation) -> Admission:
    """Prove on this CPU that honest kernels pass the judge's check and that impostors fail it."""
    findings: list[Finding] = []
    notes: list[str] = []
    for setting in settings_of(operation):
        if not setting.workloads:
            notes.append(
                f"{setting.language}: no workload is small enough for a CPU: nothing is proven of"
                f" these dtypes; add smaller ones to workloads.{setting.kind}."
            )
            continue
        findings += _honest_findings(setting, notes)
        for impostor in impostors(operation):
            found = _impostor_finding(setting, impostor)
            if found is not None:
                findings.append(found)
    return Admission(operation.name, tuple(findings), tuple(notes))


def _honest_findings(setting: Setting, notes: list[str]) -> Iterator[Finding]:
    reference = setting.reference
    yield _honest_finding(setting, "the eager reference", lambda case: case.run(reference.eager))
    yield _honest_finding(setting, "the rounded oracle", lambda case: case.run(reference.oracle))
    # The judge runs it on GPUs alone, and a library may compute another thing on a CPU.
    if (best := reference.best) is not None and setting.language != "cpp":
        found = _honest_finding(setting, "the function best", lambda case: case.run(best))
        if found.error < math.inf:
            yield found
        else:
            notes.append(
                f"{setting.language}: the function best does not run here ({found.detail})."
            )
    for dim in setting.operation.dims:
        kernel = _in_another_order(setting, dim)
        if kernel is not None:
            yield _honest_finding(setting, f"a reduction over {dim} in another order", kernel)


def _honest_finding(setting: Setting, name: str, outputs: Callable[[Case], Outputs]) -> Finding:
    worst, place = 0.0, "nowhere"
    for case in setting.cases():
        try:
            error = case.error(outputs(case))
        except ReferenceFailed as failed:
            return Finding(
                setting.language, name, True, False, math.inf, f"{failed} on {case.place}"
            )
        if error >= worst:
            worst, place = error, case.place
    detail = f"{_units(worst)} of the tolerance on {place}"
    return Finding(setting.language, name, True, worst <= 1, worst, detail)


def _impostor_finding(setting: Setting, impostor: Impostor) -> Finding | None:
    """What the judge finds of an impostor, or None where it differs from nothing right."""
    nearest: tuple[float, str] | None = None
    for case in setting.cases(None if impostor.anywhere else ["normal"]):
        try:
            outputs = impostor.outputs(case)
        except ReferenceFailed as error:
            # What cannot be computed with is not the same.
            reason = f"{error} on {case.place}"
            return Finding(setting.language, impostor.name, False, True, math.inf, reason)
        if outputs is None:
            continue
        error = case.error(outputs)
        detail = f"{_units(error)} of the tolerance on {case.place}"
        if error > 1:
            return Finding(setting.language, impostor.name, False, True, error, detail)
        if nearest is None or error >= nearest[0]:
            nearest = (error, detail)
    if nearest is None:
        return None
    return Finding(setting.language, impostor.name, False, False, *nearest)


def _in_another_order(setting: Setting, dim: str) -> Callable[[Case], Outputs] | None:
    """The eager reference with one reduced dimension shuffled, where the oracle does not mind."""
    operation = setting.operation
    axes = [
        [axis for axis, extent in enumerate(t.shape) if extent == dim] for t in operation.inputs
    ]
    elsewhere = any(
        extent != dim and dim in names_in(extent) for t in operation.inputs for extent in t.shape
    )
    kept = any(dim in names_in(extent) for t in operation.outputs for extent in t.shape)
    bound = any(t.index_dim == dim for t in operation.inputs)
    if elsewhere or kept or bound or not any(axes):
        return None

    def shuffled(case: Case) -> Outputs:
        generator = torch.Generator().manual_seed(1)
        order = torch.randperm(case.workload.dims[dim], generator=generator)
        inputs = []
        for tensor, reduced in zip(case.contents.inputs, axes, strict=True):
            whole = tensor.view(torch.uint8) if tensor.dtype.itemsize == 1 else tensor
            for axis in reduced:
                whole = whole.index_select(axis, order)
            inputs.append(whole.view(tensor.dtype))
        return tuple(inputs)

    for case in setting.cases(["normal"]):
        outputs = case.run(setting.reference.oracle, inputs=shuffled(case))
        exact = case.run(setting.reference.oracle)
        if any(not _near(a, b) for a, b in zip(outputs, exact, strict=True)):
            return None
    return lambda case: case.run(setting.reference.eager, inputs=shuffled(case))


def _near(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.shape != other.shape:
        return False
    a, b = one.to(torch.float64), other.to(torch.float64)
    return bool(((a - b).abs() <= _SAME * b.abs().mean()).all())


def _units(error: float) -> str:
    return f"{error:.3g}" if math.isfinite(error) else "more than any multiple"
