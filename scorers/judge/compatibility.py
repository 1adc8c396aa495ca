"""For which archs a CUDA candidate builds: no GPU is needed to know."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from .build import NVCC, build_candidate
from .evidence import ArchBuild
from .extension import builds_for
from .job import Job
from .sandbox import Sandbox

_TARGET_OPTIONS = ("-gencode", "-arch", "--gpu-architecture", "--generate-code")
_UNKNOWN_ARCH = "Unsupported gpu architecture"
_BUILDERS = 2


def build_for_archs(job: Job, sandbox: Sandbox) -> dict[str, ArchBuild]:
    """Build a candidate for each arch that its job names or it claims, and run it on none.

    Raises:
        ToolchainError: there is no nvcc.
    """
    archs = job.extension.claimed_archs if job.extension else job.settings.compile_for
    with ThreadPoolExecutor(_BUILDERS) as builders:
        found = builders.map(lambda arch: _build_for(arch, job, sandbox), archs)
        return dict(zip(archs, found, strict=True))


def _build_for(arch: str, job: Job, sandbox: Sandbox) -> ArchBuild:
    if job.extension is not None:
        return builds_for(arch, job, sandbox)
    kept = [flag for flag in job.flags if not flag.startswith(_TARGET_OPTIONS)]
    # Spelt out: the short form adds code for later archs too, which hides what an arch refuses.
    target = f"-gencode=arch={arch.replace('sm_', 'compute_')},code={arch}"
    built = build_candidate(replace(job, flags=(*kept, target)), sandbox, NVCC)
    if built.library is not None:
        return ArchBuild(True, built.record.log)
    if built.timed_out or _UNKNOWN_ARCH in built.record.log:
        return ArchBuild(None, built.record.log or built.reason)
    return ArchBuild(False, built.record.log or built.reason)
