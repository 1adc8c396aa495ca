"""What the judge is told of a kernel repository: its manifest resolved into compilations.

The judge runs where nothing but Python and torch may be, so it reads no TOML: everything in
build.toml that decides how the repository is built is decided here, by kernel-builder's rules
(https://github.com/huggingface/kernels at 8ac69fc5, kernel-builder/src/pyproject/templates).
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any, Final

from ..tasks.build_toml import read_build_toml
from ..tasks.build_toml_schema import Backend, BuildToml, CpuKernel, CudaKernel, Torch
from ..tasks.hardware import HardwareProfile
from ..tasks.language import Kind
from .metadata import claimed_archs, metadata_problems, targets_on
from .repository import MANIFEST, Repository, RepositoryError

_COMPILED: Final = {".cpp": "g++", ".cc": "g++", ".cxx": "g++", ".c": "g++", ".cu": "nvcc"}
_BACKEND: Final[dict[Kind, Backend]] = {"cpu": "cpu", "gpu": "cuda"}
# Flags run in a compiler on a user's machine: those that load, write or run something stay out.
_FLAG: Final = re.compile(
    r"-(O[0-3sgz]?|Ofast|g\d?|pthread|w|m[a-z0-9][\w=.,+-]*|std=[\w+]+|[DU]\w+(=[\w.\"\\]*)?"
    r"|W(no-)?[a-z][\w=+-]*|pedantic|f(?!plugin|dump|profile|compare|save|diag|opt-info)[\w=.,+-]+"
    r"|-?(use_fast_math|expt-[\w-]+|extended-lambda|extra-device-vectorization|fmad=\w+|ftz=\w+"
    r"|prec-div=\w+|prec-sqrt=\w+|maxrregcount=?\d*|restrict|threads=?\d*|split-compile=?\d*"
    r"|static-global-template-stub=\w+|ptxas-options=[\w,=-]+|generate-line-info|lineinfo)"
    r"|lineinfo|(Xptxas|Xcompiler|gencode)(=[\w,=.-]+)?|Xptxas=[\w,=-]+|gencode=[\w,=.-]+)"
)
_ARGUMENT: Final = re.compile(r"-?[\w][\w=.,-]*")
_TAKES_ARGUMENT: Final = frozenset({"-Xptxas", "-Xcompiler", "-gencode", "--ptxas-options"})


def extension_of(repository: Repository, hardware: HardwareProfile) -> dict[str, Any]:
    """Return the repository as the judge's schema has it, JSON-ready.

    Raises:
        RepositoryError: there is no build.toml, or it is not of this repository or hardware.
        BuildTomlError: kernel-builder would refuse it.
    """
    text = repository.text_of(MANIFEST)
    if text is None:
        raise RepositoryError(f"there is no {MANIFEST}: add one at the root of the repository")
    manifest = read_build_toml(text)
    backend = _BACKEND[hardware.kind]
    _require_fitting(manifest, repository, backend)
    noarch = manifest.torch is None
    torch = manifest.torch or Torch()
    kernels = {
        name: kernel
        for name, kernel in manifest.kernel.items()
        if kernel.backend == backend and isinstance(kernel, CpuKernel | CudaKernel) and not noarch
    }
    compilations = _compilations(torch.src, "torch", torch.cxx_flags, torch.include, repository)
    for name, kernel in kernels.items():
        compilations += _kernel(name, kernel, repository, hardware)
    cuda = manifest.general.cuda
    stable = torch.stable_abi
    versions = {
        "torch-minver": torch.minver,
        "torch-maxver": torch.maxver,
        "cuda-minver": cuda.minver if cuda else None,
        "cuda-maxver": cuda.maxver if cuda else None,
        "stable-abi": stable.get(backend) if isinstance(stable, dict) else stable,
    }
    return {
        "package": python_name(manifest),
        "backend": backend,
        "files": {file.path: file.text for file in repository.files},
        "compilations": compilations,
        "claimed_archs": list(claimed_archs(kernels.values())),
        "versions": {name: version for name, version in versions.items() if version is not None},
        "problems": metadata_problems(manifest),
        "noarch": noarch,
    }


def python_name(manifest: BuildToml) -> str:
    """The name of the Python package: the kernel's, with underscores."""
    return manifest.general.name.replace("-", "_")


def _require_fitting(manifest: BuildToml, repository: Repository, backend: Backend) -> None:
    """Check that the manifest is of this repository and backend.

    Raises:
        RepositoryError: it is not; the sentence says how to mend it.
    """
    # On a GPU one of Python alone brings kernels in Triton; on a CPU it could only call a library.
    if manifest.torch is None and (manifest.torch_noarch is None or backend == "cpu"):
        raise RepositoryError(
            f"{MANIFEST}: there is no [torch]: a compiled extension is asked for, so add it with"
            ' `src = ["torch-ext/torch_binding.cpp"]`'
        )
    declared = manifest.general.backends
    for name, kernel in manifest.kernel.items():
        if kernel.backend not in declared:
            raise RepositoryError(
                f"{MANIFEST}: kernel.{name} is for {kernel.backend}, which general.backends does"
                f' not have: add "{kernel.backend}" to it'
            )
    if backend not in declared:
        raise RepositoryError(
            f"{MANIFEST}: general.backends is {', '.join(declared) or 'empty'}, and {backend} is"
            f' asked for: add "{backend}" to it'
        )
    package = f"torch-ext/{python_name(manifest)}/__init__.py"
    if repository.text_of(package) is None:
        raise RepositoryError(
            f"there is no {package}, the Python package of the kernel {manifest.general.name}:"
            " add it"
        )


def _kernel(
    name: str, kernel: CpuKernel | CudaKernel, repository: Repository, hardware: HardwareProfile
) -> list[dict[str, Any]]:
    if missing := [each for each in kernel.depends if each != "torch"]:
        raise RepositoryError(
            f"{MANIFEST}: kernel.{name} depends on {missing[0]}, which this judge does not have:"
            " depend on torch alone"
        )
    where = f"kernel.{name}"
    made = _compilations(kernel.src, where, kernel.cxx_flags, kernel.include, repository)
    if not isinstance(kernel, CudaKernel):
        return made
    for each in made:
        if each["compiler"] == "nvcc":
            each["flags"] = _flags(f"{where}.cuda-flags", kernel.cuda_flags)
            each["archs"] = list(targets_on(hardware, kernel.cuda_capabilities, where))
        each["cuda_minver"] = kernel.cuda_minver
    return made


def _compilations(
    sources: list[str],
    where: str,
    cxx_flags: list[str] | None,
    include: list[str] | None,
    repository: Repository,
) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for source in sources:
        path = str(PurePosixPath(source))
        # The builder writes this one itself.
        if repository.text_of(path) is None and path != "torch-ext/registration.h":
            known = ", ".join(p for p in repository.paths if PurePosixPath(p).suffix in _COMPILED)
            raise RepositoryError(
                f"{MANIFEST}: {where}.src has {source!r}, which is not in the repository: write one"
                f" of {known or 'its sources'}"
            )
        compiler = _COMPILED.get(PurePosixPath(path).suffix)
        if compiler is None:
            continue
        made.append(
            {
                "source": path,
                "compiler": compiler,
                "flags": _flags(f"{where}.cxx-flags", cxx_flags),
                "include": _folders(f"{where}.include", include),
            }
        )
    return made


def _folders(where: str, include: list[str] | None) -> list[str]:
    for folder in include or []:
        path = PurePosixPath(folder)
        if path.is_absolute() or ".." in path.parts:
            raise RepositoryError(
                f"{MANIFEST}: {where} has {folder!r}, which is outside the repository: write a"
                " folder of it"
            )
    return list(include or [])


def _flags(where: str, flags: list[str] | None) -> list[str]:
    words = iter(flags or [])
    kept: list[str] = []
    for flag in words:
        option, *argument = flag.split(maxsplit=1)
        kept.append(option)
        if option in _TAKES_ARGUMENT and not argument:
            argument = [next(words, "")]
        if not _FLAG.fullmatch(option) or not all(_is_argument(option, a) for a in argument):
            raise RepositoryError(
                f"{MANIFEST}: {where} has {flag!r}, which this judge passes to no compiler: leave"
                " it out"
            )
        kept += argument
    return kept


def _is_argument(option: str, argument: str) -> bool:
    if option == "-Xcompiler":
        return all(_FLAG.fullmatch(part.strip("\"'")) for part in argument.split(","))
    return option in _TAKES_ARGUMENT and _ARGUMENT.fullmatch(argument) is not None
