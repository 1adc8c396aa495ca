"""Building a candidate: in the sandbox, with a budget, and never twice."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .errors import MachineError
from .evidence import Build
from .files import read_text
from .job import Job, Operation
from .sandbox import Sandbox, environment

_LOG_KEPT = 6000
_SIZE_BYTES = 256 << 20
_MEMORY_BYTES = 4 << 30
_C_SCALARS = {"float": "float", "double": "double", "int": "int", "int64": "int64_t"}


class ToolchainError(MachineError):
    """The compiler is missing or does not work: no candidate can be built here."""


@dataclass(frozen=True)
class Built:
    """What building gave: the shared library, or the reason why there is none."""

    record: Build
    library: Path | None
    reason: str = ""
    timed_out: bool = False


def cache_folder() -> Path:
    """Where builds are kept, by the XDG base directory specification."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "skilldyno" / "builds"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@lru_cache(maxsize=1)
def compiler_version() -> str:
    """The first line of `g++ --version`.

    Raises:
        ToolchainError: there is no g++ on the PATH.
    """
    if shutil.which("g++") is None:
        raise ToolchainError("there is no g++ on the PATH: install it (apt-get install g++)")
    done = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


@lru_cache(maxsize=1)
def processor() -> str:
    """The model name of the processor, which `-march=native` depends on."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        text = file.read()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    flags = re.search(r"^flags\s*:\s*(.+)$", text, re.M)
    digest = hashlib.sha256((flags.group(1) if flags else "").encode()).hexdigest()[:8]
    return f"{found.group(1) if found else platform.machine()} [{digest}]"


def _key(*parts: str) -> str:
    text = "\0".join((*parts, compiler_version(), processor()))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def build_candidate(job: Job, sandbox: Sandbox) -> Built:
    """Compile a candidate into a shared library, or take it from the cache.

    Raises:
        ToolchainError: there is no compiler.
    """
    command = ["g++", *job.flags, "-shared", "-fPIC", "-o", "candidate.so", "candidate.cpp"]
    key = _key(job.source, job.operation.function, *command)
    library = cache_folder() / f"{key}.so"
    shown = " ".join(command)
    if library.exists():
        return Built(Build(shown, 0.0, True, "", _digest(library)), library)
    with tempfile.TemporaryDirectory(prefix="skilldyno-build-") as name:
        folder = Path(name)
        (folder / "candidate.cpp").write_text(job.source, encoding="utf-8", errors="replace")
        begin = time.monotonic()
        code, log = _run_bounded(command, folder, sandbox, job.settings.build_seconds)
        seconds = time.monotonic() - begin
        product = folder / "candidate.so"
        record = Build(shown, seconds, False, log, "")
        if code is None:
            reason = f"the build did not end within {job.settings.build_seconds:.0f} s"
            return Built(record, None, reason, timed_out=True)
        if code != 0 or not product.is_file() or product.is_symlink():
            return Built(record, None, _first_error(log, code))
        if not _exports(product, job.operation.function):
            name = job.operation.function
            return Built(record, None, f'it builds, but does not export extern "C" {name}')
        _move_into_cache(product, library)
        return Built(Build(shown, seconds, False, log, _digest(library)), library)


def _run_bounded(
    command: list[str], folder: Path, sandbox: Sandbox, seconds: float
) -> tuple[int | None, str]:
    limits = ["prlimit", f"--as={_MEMORY_BYTES}", f"--fsize={_SIZE_BYTES}", "--core=0"]
    walled = sandbox.command([*limits, *command], readable=[], writable=folder)
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            walled,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**environment(), "TMPDIR": str(folder)},
            start_new_session=True,
        )
        try:
            code: int | None = child.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if child.poll() is None:
                os.killpg(child.pid, 9)
                child.wait()
        log = os.pread(output.fileno(), _LOG_KEPT, 0).decode(errors="replace").strip()
    return code, log


def _first_error(log: str, code: int) -> str:
    found = re.search(r"^.*(?:error|undefined reference).*$", log, re.M)
    return found.group(0).strip()[:300] if found else f"g++ ended with exit code {code}"


def _exports(library: Path, function: str) -> bool:
    listing = subprocess.run(
        ["nm", "-D", "--defined-only", str(library)], capture_output=True, text=True, check=False
    )
    return re.search(rf" [TWi] {re.escape(function)}$", listing.stdout, re.M) is not None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _move_into_cache(product: Path, library: Path) -> None:
    partial = library.with_suffix(f".{os.getpid()}.{time.monotonic_ns()}")
    shutil.copyfile(product, partial)
    os.replace(partial, library)


def build_trusted(text: str, *flags: str) -> Path:
    """Compile code of the judge's own into a shared library in the cache."""
    command = ["g++", "-O2", *flags, "-shared", "-fPIC", "-x", "c++", "-"]
    library = cache_folder() / f"{_key(text, *command)}.so"
    if not library.exists():
        partial = library.with_suffix(f".{os.getpid()}.{time.monotonic_ns()}")
        done = subprocess.run(
            [*command, "-o", str(partial)], input=text, text=True, capture_output=True, check=False
        )
        if done.returncode != 0:
            raise ToolchainError(f"g++ cannot build the judge's own code: {done.stderr.strip()}")
        os.replace(partial, library)
    return library


def build_native() -> Path:
    """The judge's own native code: eviction of caches, and the speed of memory."""
    return build_trusted(read_text("native.cpp"), "-O3", "-march=native", "-fopenmp")


def build_trampoline(operation: Operation) -> Path:
    """A loop that calls a kernel of this signature with a clock read before and after each call.

    Its reads take about 20 ns, where a call through ctypes costs a microsecond.
    """
    tensors = len(operation.tensors)
    scalar_types = [_C_SCALARS[s.type] for s in operation.scalars]
    parameters = ["void*"] * tensors + ["int64_t"] * len(operation.dims) + scalar_types
    arguments = [f"base + at[{i}]" for i in range(tensors)]
    arguments += [f"dims[{i}]" for i in range(len(operation.dims))]
    arguments += [f"({kind})scalars[{i}]" for i, kind in enumerate(scalar_types)]
    return build_trusted(
        f"""#include <cstdint>
#include <ctime>
static inline int64_t now() {{
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}}
extern "C" void skilldyno_call(void (*kernel)({", ".join(parameters)}), char* base,
                               const int64_t* offsets, const int64_t* dims, const double* scalars,
                               int64_t calls, int64_t* nanoseconds) {{
    for (int64_t c = 0; c < calls; ++c) {{
        const int64_t* at = offsets + c * {tensors};
        const int64_t begin = now();
        kernel({", ".join(arguments)});
        nanoseconds[c] = now() - begin;
    }}
}}
"""
    )
