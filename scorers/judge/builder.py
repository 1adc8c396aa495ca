"""What building a candidate is on each device, and building where it will not be measured."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import Any

from .alone import beside_other_builds
from .build import GXX, NVCC, Built, build_candidate, cache_folder, keep_python
from .errors import MachineError
from .job import Job, JobError, parse_job
from .sandbox import Sandbox, require_sandbox

_PYTHON = ("triton", "torch")


def build_job(job: Job, sandbox: Sandbox) -> Built:
    """Build C++ by g++ and CUDA C++ by nvcc, keep Python as its file, or build a repository.

    Raises:
        ToolchainError: a compiler is missing here.
    """
    if job.language in _PYTHON:
        return keep_python(job)
    if job.extension is not None:
        # It imports torch, which takes seconds and which the others do without.
        from .extension import build_extension

        return build_extension(job, sandbox)
    return build_candidate(job, sandbox, GXX if job.device == "cpu" else NVCC)


def build_ahead(data: dict[str, Any]) -> tuple[float, dict[str, bytes]]:
    """Build the candidate of a job for the cache of another machine.

    Returns:
        The seconds that it took, and the files of the cache that came of it, by their paths in it.
        There are none where it does not build, or cannot be built here: whoever judges it builds
        it again and says why.
    """
    try:
        job = parse_job(data)
        sandbox = require_sandbox(job.device, job.settings.unsafe)
        with beside_other_builds() if job.device == "cpu" else nullcontext():
            built = build_job(job, sandbox)
    except (JobError, MachineError):
        return 0.0, {}
    root = cache_folder().parent
    files = {}
    # A repository's package is written around its library, which is linked in a moment.
    for product in built.parts or ([built.library] if built.library is not None else []):
        for file in (product, product.with_suffix(".json")):
            if file.is_file():
                files[str(file.relative_to(root))] = file.read_bytes()
    return built.record.seconds, files


def take_builds(files: dict[str, bytes]) -> None:
    """Put files of another machine's cache into this one's.

    Their names are digests over source, options, compiler and processor, so that a build counts
    only where this machine would have made the same.
    """
    root = cache_folder().parent
    for name, content in files.items():
        place = root / name
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            partial = place.with_name(f"{place.name}.{os.getpid()}.taken")
            partial.write_bytes(content)
            os.replace(partial, place)
