"""The judge's record of one candidate: everything measured, and the verdict."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from .job import Job

SCHEMA = 1
VERDICTS = (
    "no_code",
    "compile_error",
    "runtime_error",
    "timeout",
    "incorrect",
    "flagged",
    "correct",
    "infra_error",
)


@dataclass(frozen=True)
class Build:
    """How the candidate was built; `seconds` is the time of the build, 0 from the cache.

    For CUDA, `resources` holds what ptxas says of each kernel, and `tensor_cores` whether the
    machine code has matrix instructions, where a disassembler is at hand.
    """

    command: str
    seconds: float
    cached: bool
    log: str
    binary: str
    resources: tuple[dict[str, Any], ...] = ()
    tensor_cores: bool | None = None


@dataclass(frozen=True)
class ArchBuild:
    """Whether a candidate builds for one arch, with the compiler's log.

    `ok` is None where this compiler does not know the arch, or the build did not end in time: then
    nothing is known of the candidate.
    """

    ok: bool | None
    log: str


@dataclass(frozen=True)
class Step:
    """One step of a kernel repository's way; `passed` is None where it was not reached.

    The steps are manifest, compiled, loaded, correct and, beside them, compat: whether it builds
    for all that its metadata claims, and the metadata agrees with itself.
    """

    name: str
    passed: bool | None
    detail: str = ""


@dataclass(frozen=True)
class Check:
    """One verified call: the largest error in units of the tolerance, and what was wrong."""

    workload: str
    distribution: str
    visible: bool
    status: str
    error: float | None
    detail: str


@dataclass(frozen=True)
class Timing:
    """One timed workload; times in seconds, the speedup with its 95 % interval.

    Bandwidth (bytes/s) and rate (operations/s) are the workload's, by its roofline formulas, over
    the candidate's time.  `baselines` holds the speedup against each of the baselines by name.
    """

    workload: str
    candidate_seconds: float
    baseline_seconds: float
    speedup: float
    speedup_low: float
    speedup_high: float
    pairs: int
    ambiguous: bool
    roofline_seconds: float
    roofline_fraction: float
    bound_seconds: float
    achieved_bandwidth: float
    achieved_rate: float
    baselines: dict[str, float]
    samples: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Launch:
    """One kernel that a call ran on the GPU, and whether it is the candidate's own."""

    kernel: str
    seconds: float
    authored: bool


@dataclass(frozen=True)
class Evidence:
    """The whole record of one candidate, schema version 1.

    `build` is for the hardware that it is judged on; `builds` says of each arch of the job's
    `compile_for`, or that a kernel repository claims, whether the candidate builds for it. `steps`
    are a kernel repository's.
    """

    id: str
    candidate: str
    operation: str
    operation_digest: str
    hardware: str
    language: str
    verdict: str
    reason: str
    compiled: bool = False
    correct: bool = False
    speedup: float | None = None
    speedup_low: float | None = None
    speedup_high: float | None = None
    ambiguous: bool = False
    roofline_fraction: float | None = None
    baseline: str = "eager"
    build: Build | None = None
    builds: dict[str, ArchBuild] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    checks: tuple[Check, ...] = ()
    timings: tuple[Timing, ...] = ()
    launches: tuple[Launch, ...] = ()
    flags: tuple[str, ...] = ()
    isolation: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    output: str = ""
    schema: int = SCHEMA

    @classmethod
    def about(cls, job: Job, verdict: str, reason: str) -> Evidence:
        """The record of a job of which nothing is known but its verdict."""
        return cls(
            id=job.id,
            candidate=job.candidate,
            operation=job.operation.name,
            operation_digest=job.operation.digest,
            hardware=job.hardware,
            language=job.language,
            verdict=verdict,
            reason=reason,
        )

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON-ready values."""
        return dataclasses.asdict(self)
