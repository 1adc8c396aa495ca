"""From a candidate to the job that a judge is given."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any, Literal

from ..tasks.build_toml import BuildTomlError
from ..tasks.errors import UsageError
from ..tasks.hardware import HardwareProfile
from ..tasks.language import Language
from ..tasks.operation import Operation
from ..tasks.problem import Problem
from .candidate import read_repository
from .extension import extension_of
from .repository import RepositoryError

_ARCH = re.compile(r"sm_\d{2,3}[af]?")
# Torch's own headers, where its short stand-in is not enough, take a minute and a half a source.
_REPOSITORY_SECONDS = 300.0


class RefusedError(Exception):
    """A candidate that kernel-builder or this package refuses before anything is compiled."""


class ArchError(UsageError):
    """Archs that no candidate can be built for."""


def parse_archs(text: str, language: str) -> tuple[str, ...]:
    """Read the archs that a candidate is to be built for, such as `sm_80,sm_90a`.

    Raises:
        ArchError: one is no arch, or the language is not CUDA; one sentence.
    """
    archs = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    wrong = next((arch for arch in archs if not _ARCH.fullmatch(arch)), None)
    if wrong is not None:
        raise ArchError(
            f"compile-for has {wrong!r}, which is no arch: give names such as sm_80,sm_90a,sm_100a"
        )
    if language != "cuda":
        raise ArchError(f"compile-for builds CUDA candidates, and these are in {language!r}")
    return archs


def make_job(
    *,
    id: str,
    source: str,
    operation: Operation | Problem,
    hardware: HardwareProfile,
    language: Language,
    unsafe: bool = False,
    compile_for: Sequence[str] = (),
    until: Literal["build", "check", "time"] = "time",
    visible_only: bool = False,
) -> dict[str, Any]:
    """The job in the judge's schema, as JSON-ready values; see `parse_archs` for `compile_for`.

    With `visible_only` it is judged on the workloads that the prompt names, on contents that no
    other job is judged on; `until` is the last step to take.

    Raises:
        RefusedError: a kernel repository that no judge needs to see, which is its own fault.
    """
    settings: dict[str, Any] = {"unsafe": unsafe, "compile_for": list(compile_for), "until": until}
    extension = None
    if language == "torch-ext":
        settings["build_seconds"] = _REPOSITORY_SECONDS
        try:
            extension = extension_of(read_repository(source), hardware)
        except (RepositoryError, BuildTomlError) as error:
            raise RefusedError(str(error)) from error
    spec = operation.judge_spec(language, hardware.kind)
    return {
        "id": id,
        "source": source,
        "language": language,
        "hardware": hardware.name,
        "kind": hardware.kind,
        "flags": list(hardware.toolchain[language].flags) if language in hardware.toolchain else [],
        "operation": _visible(spec) if visible_only else spec,
        "settings": settings,
        **({"extension": extension} if extension is not None else {}),
    }


def _visible(spec: dict[str, Any]) -> dict[str, Any]:
    # Contents follow the digest: what a kernel prints of these must say nothing of the others.
    digest = hashlib.sha256(f"{spec['digest']} visible".encode()).hexdigest()
    workloads = [workload for workload in spec["workloads"] if workload["visible"]]
    return {**spec, "digest": digest, "workloads": workloads}
