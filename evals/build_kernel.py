"""`skilldyno kernel export --build`: the build of an exported repository for this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

from rich.console import Console

from ..results.kernel_repository import JudgedKernel, KernelRepository
from ..results.kernel_repository.builds import build_metadata
from ..results.kernel_repository.variants import Target
from ..scorers.job import make_job
from ..scorers.judge.build import require_compiler
from ..scorers.judge.extension import build_extension
from ..scorers.judge.job import parse_job
from ..scorers.judge.sandbox import require_sandbox
from ..scorers.repository import repository_of
from ..tasks.errors import RunError


class BuildFailedError(RunError):
    """An exported repository that does not build on this machine."""


def build_kernel(
    repository: KernelRepository, folder: Path, kernel: JudgedKernel, *, unsafe: bool
) -> Path:
    """Build a repository for the torch of this machine, into its folder `build`.

    Args:
        repository: what was written.
        folder: where to.
        kernel: the candidate in it.
        unsafe: compile without a sandbox where none works.

    Returns:
        The folder of the build, which `kernels` loads.

    Raises:
        BuildFailedError: it does not build.
        MachineError: there is no compiler or no sandbox.
    """
    hardware = kernel.eval_task.hardware
    require_compiler(hardware.kind)
    sandbox = require_sandbox(hardware.kind, unsafe)
    job = make_job(
        id=repository.name,
        source=repository_of(folder).text,
        operation=kernel.eval_task.operation,
        hardware=hardware,
        language="torch-ext",
        unsafe=unsafe,
    )
    with Console(stderr=True).status(f"building {repository.name}"):
        built = build_extension(parse_job(job), sandbox)
    if built.library is None:
        raise BuildFailedError(f"{folder} is written, and does not build here: {built.reason}.")
    ignored = shutil.ignore_patterns("__pycache__")
    target = folder / "build" / Target.here().variant
    shutil.copytree(built.library.parent, target, ignore=ignored, dirs_exist_ok=True)
    metadata = build_metadata(
        name=repository.name,
        unique=built.library.name.partition(".")[0],
        backend=repository.backend,
        capabilities=repository.capabilities,
        license_id=repository.license_id,
    )
    (target / "metadata.json").write_text(metadata, encoding="utf-8")
    return target
