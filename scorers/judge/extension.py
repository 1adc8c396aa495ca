"""Building a kernel repository as kernel-builder does: its sources, one library, one package.

The rules are those of kernel-builder's CMake files (https://github.com/huggingface/kernels at
8ac69fc5, kernel-builder/src/pyproject/templates): the limited Python API, a registration header of
the builder's own, include folders of each kernel, no others.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import shutil
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from threading import Lock

import torch

from .build import (
    GXX,
    LOG_KEPT,
    NVCC,
    Built,
    cache_folder,
    digest_of,
    first_error,
    move_into_cache,
    processor,
    run_bounded,
)
from .evidence import ArchBuild, Build
from .files import read_text
from .job import Compilation, Extension, Job
from .ops_module import ops_module
from .resources import ptxas_resources
from .sandbox import Sandbox
from .torch_headers import (
    BRIEF,
    LIBRARY,
    Headers,
    headers,
    link_options,
    precompiled,
    torch_standard,
)

_OPS_PREFIX = "_ops_of_"
_COMPILERS = {"g++": GXX, "nvcc": NVCC}
_BUILDERS = 2
_LINK_SECONDS = 60.0
_INCLUDED = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"]', re.M)
_UNKNOWN_ARCH = "Unsupported gpu architecture"
_locks: defaultdict[str, Lock] = defaultdict(Lock)


@dataclass(frozen=True)
class Compiled:
    """One compilation: the object, or why there is none; `seconds` is 0 from the cache."""

    source: str
    command: str
    log: str
    object: Path | None
    reason: str = ""
    timed_out: bool = False
    seconds: float = 0.0


def build_extension(job: Job, sandbox: Sandbox) -> Built:
    """Build a kernel repository into a package whose library lies in its folder.

    Raises:
        ToolchainError: a compiler or a header of Python or torch is missing here.
    """
    extension = _extension(job)
    begin = time.monotonic()
    deadline = begin + job.settings.build_seconds
    refused = _outside_versions(extension)
    if refused:
        return Built(Build("", 0.0, False, "", ""), None, refused)
    if extension.noarch:
        return _keep_package(job, extension)
    chosen = [c for c in extension.compilations if not _below(c.cuda_minver)]
    with ThreadPoolExecutor(_BUILDERS) as builders:
        done = list(builders.map(lambda c: _compile(c, job, sandbox, deadline), chosen))
    record = Build(
        command="\n".join(each.command for each in done),
        seconds=sum(each.seconds for each in done) and time.monotonic() - begin,
        cached=all(each.seconds == 0 for each in done),
        log="\n".join(each.log for each in done if each.log)[:LOG_KEPT],
        binary="",
        resources=tuple(r for each in done for r in ptxas_resources(each.log)),
    )
    failed = next((each for each in done if each.object is None), None)
    if failed is not None:
        log = failed.log[:LOG_KEPT]
        reason = failed.reason if failed.timed_out else f"{failed.source}: {failed.reason}"
        return Built(replace(record, log=log), None, reason, timed_out=failed.timed_out)
    objects = [each.object for each in done if each.object]
    return replace(_link(job, extension, objects, sandbox, record), parts=tuple(objects))


def _keep_package(job: Job, extension: Extension) -> Built:
    """Keep the package of a repository of which nothing is compiled, if all of it parses."""
    record = Build("ast.parse", 0.0, False, "", job.candidate)
    files = _package_files(extension)
    for path in (path for path in files if path.endswith(".py")):
        try:
            ast.parse(files[path])
        except (SyntaxError, ValueError) as error:
            return Built(record, None, f"{path}: it is not Python: {error}")
    package = cache_folder().parent / "packages" / job.candidate / extension.package
    ops = package / "_ops.py"
    with _locks[job.candidate], tempfile.TemporaryDirectory(prefix="skilldyno-build-") as folder:
        if not ops.exists():
            product = Path(folder) / ops.name
            product.write_text(ops_module(ops_name(extension)), encoding="utf-8")
            _write_package(extension, package)
            move_into_cache(product, ops)
    # The last one says that the others are there.
    return Built(record, ops, parts=(*(package / path for path in files), ops))


def builds_for(arch: str, job: Job, sandbox: Sandbox) -> ArchBuild:
    """Compile a repository's device code for one arch, and run it on none."""
    extension = _extension(job)
    deadline = time.monotonic() + job.settings.build_seconds
    for compilation in extension.compilations:
        if compilation.compiler != "nvcc" or _below(compilation.cuda_minver):
            continue
        alone = replace(compilation, archs=(arch,))
        done = _compile(alone, job, sandbox, deadline, phase="-cubin")
        if done.object is None:
            unknown = done.timed_out or _UNKNOWN_ARCH in done.log
            return ArchBuild(None if unknown else False, (done.log or done.reason)[:LOG_KEPT])
    return ArchBuild(True, "")


def _compile(
    compilation: Compilation, job: Job, sandbox: Sandbox, deadline: float, phase: str = "-c"
) -> Compiled:
    extension = _extension(job)
    found = headers(extension.backend)
    done = None
    if _includes_of(compilation.source, extension) & {*BRIEF, LIBRARY}:
        options = _options(compilation, job, replace(found, brief=True))
        done = _attempt(compilation, extension, [phase, *options], sandbox, deadline)
    if done is None or (done.object is None and not done.timed_out):
        options = _options(compilation, job, found)
        done = _attempt(compilation, extension, [phase, *options], sandbox, deadline)
    return done


def _extension(job: Job) -> Extension:
    assert job.extension is not None, "a job in torch-ext has an extension"
    return job.extension


def _attempt(
    compilation: Compilation,
    extension: Extension,
    options: list[str],
    sandbox: Sandbox,
    deadline: float,
) -> Compiled:
    key = _object_key(compilation, extension, options)
    kept = cache_folder().parent / "objects" / f"{key}.o"
    kept.parent.mkdir(exist_ok=True)
    described = kept.with_suffix(".json")
    command = " ".join([compilation.compiler, *options, compilation.source])
    with _locks[key]:
        if kept.exists() and described.exists():
            log = json.loads(described.read_text(encoding="utf-8"))["log"]
            return Compiled(compilation.source, command, log, kept)
        with tempfile.TemporaryDirectory(prefix="skilldyno-build-") as name:
            folder = Path(name)
            _write_sources(extension, folder)
            seconds = deadline - time.monotonic()
            begin = time.monotonic()
            code, log = run_bounded(
                [_path_of(compilation.compiler), *options, compilation.source, "-o", "o.o"],
                folder,
                sandbox,
                max(0.1, seconds),
                headers(extension.backend).readable,
            )
            took = time.monotonic() - begin
            product = folder / "o.o"
            if code is None:
                late = "the build did not end within its time"
                return Compiled(compilation.source, command, log, None, late, True, took)
            if code != 0 or not product.is_file() or product.is_symlink():
                reason = first_error(log, code)
                return Compiled(compilation.source, command, log, None, reason, False, took)
            written = folder / "o.json"
            written.write_text(json.dumps({"log": log}), encoding="utf-8")
            move_into_cache(product, kept)
            move_into_cache(written, described)
            return Compiled(compilation.source, command, log, kept, seconds=took)


def _options(compilation: Compilation, job: Job, found: Headers) -> list[str]:
    extension = _extension(job)
    name = ops_name(extension)
    defined = [f"-DTORCH_EXTENSION_NAME={name}", "-DPy_LIMITED_API=0x03000000"]
    if "stable-abi" in extension.versions:
        major, minor = (*_numbers(extension.versions["stable-abi"]), 0)[:2]
        defined.append(f"-DTORCH_TARGET_VERSION={(major << 56) | (minor << 48):#x}")
    if extension.backend == "cpu":
        defined.append("-DCPU_KERNEL")
    else:
        defined += ["-DUSE_CUDA=1", "-DCUDA_KERNEL"]
    standard = [torch_standard()]
    folders = [f"-I{folder}" for folder in ("csrc", *compilation.include)]
    if compilation.compiler == "nvcc":
        targets = [_gencode(arch) for arch in compilation.archs]
        own = ["--expt-relaxed-constexpr", "-DENABLE_FP8", "-Xptxas", "-v"]
        own += ["-Xcompiler", "-fPIC,-fno-gnu-unique"]
        flags = [*job.flags, *own, *targets, *compilation.flags]
        return [*standard, *flags, *defined, *folders, *found.options()]
    flags = [*standard, "-fPIC", "-fno-gnu-unique", *job.flags]
    ready: list[str] = []
    # Not with flags of the candidate's: what is compiled ahead is compiled outside the sandbox.
    alike = found.brief and not compilation.flags
    if alike and LIBRARY in _includes_of(compilation.source, extension):
        ready = ["-include", str(precompiled(tuple(flags), found))]
    return [*flags, *compilation.flags, *ready, *defined, *folders, *found.options()]


def _gencode(arch: str) -> str:
    number = arch.partition("_")[2]
    return f"-gencode=arch=compute_{number},code={arch}"


def ops_name(extension: Extension) -> str:
    """The name under which the operators are registered, and of the library."""
    return f"{_OPS_PREFIX}{extension.package}_{extension.backend}"


def _object_key(compilation: Compilation, extension: Extension, options: list[str]) -> str:
    # What the preprocessor could read, which is less than the repository: an edit of the Python
    # part compiles nothing anew.
    sources = {p: t for p, t in extension.files.items() if not p.endswith((".py", ".md", ".toml"))}
    compiler = _COMPILERS[compilation.compiler]
    known = [compiler.version(), processor(), torch.__version__, read_text("registration.h")]
    text = json.dumps([compilation.source, options, sources, known, read_text("brief_torch.h")])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _includes_of(source: str, extension: Extension) -> set[str]:
    """What a source includes, and what the repository's own headers do that it includes."""
    seen: set[str] = set()
    waiting, read = [source], set()
    while waiting:
        path = waiting.pop()
        read.add(path)
        for name in _INCLUDED.findall(extension.files.get(path, "")):
            seen.add(name)
            last = PurePosixPath(name).name
            waiting += [
                p for p in extension.files if PurePosixPath(p).name == last and p not in read
            ]
    return seen


def _write_sources(extension: Extension, folder: Path) -> None:
    for path, text in extension.files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", errors="replace")
    own = folder / "torch-ext" / "registration.h"
    own.parent.mkdir(exist_ok=True)
    own.write_text(read_text("registration.h"), encoding="utf-8")


def _link(
    job: Job, extension: Extension, objects: list[Path], sandbox: Sandbox, record: Build
) -> Built:
    name = ops_name(extension)
    key = hashlib.sha256(
        json.dumps([job.candidate, [o.name for o in objects], torch.__version__]).encode()
    ).hexdigest()
    package = cache_folder().parent / "packages" / key / extension.package
    library = package / f"{name}.abi3.so"
    with _locks[key]:
        if library.exists():
            return Built(replace(record, binary=digest_of(library)), library)
        with tempfile.TemporaryDirectory(prefix="skilldyno-build-") as folder:
            options = ["-shared", "-o", library.name, *map(str, objects)]
            options += link_options(extension.backend)
            readable = [*headers(extension.backend).readable, *{o.parent for o in objects}]
            code, log = run_bounded(
                [_path_of("g++"), *options], Path(folder), sandbox, _LINK_SECONDS, readable
            )
            product = Path(folder) / library.name
            if code != 0 or not product.is_file() or product.is_symlink():
                reason = "it did not link in time" if code is None else first_error(log, code)
                return Built(replace(record, log=log[:LOG_KEPT]), None, reason, code is None)
            _write_package(extension, package)
            (package / "_ops.py").write_text(ops_module(name, library=name), encoding="utf-8")
            move_into_cache(product, library)
    return Built(replace(record, binary=digest_of(library)), library)


def _package_files(extension: Extension) -> dict[str, str]:
    """The files of the package by their paths in it; the builder writes _ops.py itself."""
    inside = f"torch-ext/{extension.package}/"
    files = {p.removeprefix(inside): t for p, t in extension.files.items() if p.startswith(inside)}
    return {path: text for path, text in files.items() if path != "_ops.py"}


def _write_package(extension: Extension, package: Path) -> None:
    """Write the files of the package where `kernels` would find them."""
    for path, text in _package_files(extension).items():
        file = package / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", errors="replace")
    package.mkdir(parents=True, exist_ok=True)


def _outside_versions(extension: Extension) -> str:
    """Why a repository is not built for this machine's torch or CUDA at all; empty if it is."""
    here = {"torch": torch.__version__.partition("+")[0]}
    if extension.backend == "cuda":
        here["cuda"] = torch.version.cuda or "0"
    for name, version in here.items():
        least = extension.versions.get(f"{name}-minver")
        most = extension.versions.get(f"{name}-maxver")
        if least is not None and _numbers(version) < _numbers(least):
            return f"build.toml: {name} is {version} here, and its minver is {least}"
        if most is not None and _numbers(version) > _numbers(most):
            return f"build.toml: {name} is {version} here, and its maxver is {most}"
    stable = extension.versions.get("stable-abi")
    if stable is not None and _numbers(here["torch"]) < _numbers(stable):
        return f"build.toml: torch is {here['torch']} here, and its stable-abi is {stable}"
    return ""


def _below(cuda_minver: str | None) -> bool:
    return cuda_minver is not None and _numbers(torch.version.cuda or "0") < _numbers(cuda_minver)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in re.findall(r"\d+", version)]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _path_of(compiler: str) -> str:
    # By its path, since the sandbox's PATH holds the system's folders alone.
    return shutil.which(compiler) or compiler
