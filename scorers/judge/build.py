"""Building a candidate: in the sandbox, with a budget, and never twice."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from .epitaph import KILLED, epitaph
from .errors import MachineError
from .evidence import ArchBuild, Build
from .files import read_text
from .job import Job, Operation
from .resources import TENSOR_CORE_INSTRUCTIONS, ptxas_resources
from .sandbox import Sandbox, environment

_building: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
LOG_KEPT = 6000
_LOG_READ = 1 << 20
_DISASSEMBLY_SECONDS = 20.0
_SIZE_BYTES = 256 << 20
_MEMORY_BYTES = 16 << 30
# What g++, ld and nvcc say of a program of theirs that was killed.
_PROGRAM_KILLED = re.compile(r"Killed signal terminated program|signal 9 [\[(]")
C_SCALARS = {"float": "float", "int": "int64_t"}


class ToolchainError(MachineError):
    """The compiler is missing or does not work: no candidate can be built here."""


@dataclass(frozen=True)
class Built:
    """What building gave: the shared library, or the reason why there is none.

    `archs` says for which other archs the candidate builds; `parts` are files of the cache that the
    library was made of, and that would spare another machine most of the work.
    """

    record: Build
    library: Path | None
    reason: str = ""
    timed_out: bool = False
    archs: dict[str, ArchBuild] = field(default_factory=dict)
    parts: tuple[Path, ...] = ()


def cache_folder() -> Path:
    """Where builds are kept, by the XDG base directory specification."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "skilldyno" / "builds"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True)
class Compiler:
    """A compiler, the ending of its sources, and the options that make a shared library."""

    name: str
    suffix: str
    options: tuple[str, ...]

    def version(self) -> str:
        """The compiler's own word on its version.

        Raises:
            ToolchainError: it is not on the PATH.
        """
        return _version_of(self.name)


GXX = Compiler("g++", ".cpp", ("-shared", "-fPIC"))
NVCC = Compiler(
    "nvcc",
    ".cu",
    ("-shared", "-Xcompiler", "-fPIC", "-cudart", "shared", "-Xptxas", "-v"),
)


def require_compiler(device: str) -> None:
    """Find the compiler that kernels need; Triton brings its own, but the gate needs nvcc.

    Args:
        device: `cpu` or `gpu`.

    Raises:
        ToolchainError: it is not on the PATH.
    """
    (GXX if device == "cpu" else NVCC).version()


@lru_cache(maxsize=4)
def _version_of(name: str) -> str:
    if shutil.which(name) is None:
        raise ToolchainError(f"there is no {name} on the PATH: install it (apt-get install {name})")
    done = subprocess.run([name, "--version"], capture_output=True, text=True, check=True)
    # The first line of g++, the last of nvcc.
    lines = [line for line in done.stdout.splitlines() if name in line or "Build" in line]
    return lines[-1] if lines else done.stdout.splitlines()[0]


@lru_cache(maxsize=1)
def cuda_toolkit() -> Path:
    """The folder of the CUDA toolkit, from where nvcc really lies."""
    listing = subprocess.run(
        ["nvcc", "-dryrun", "-E", "-x", "cu", "/dev/null"],
        capture_output=True,
        text=True,
        check=False,
    )
    top = re.search(r"^#\$ TOP=(.+)$", listing.stderr, re.M)
    return Path(top.group(1)) if top else Path("/usr/local/cuda")


@lru_cache(maxsize=1)
def processor() -> str:
    """The model name of the processor, which `-march=native` depends on."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        text = file.read()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    flags = re.search(r"^flags\s*:\s*(.+)$", text, re.M)
    digest = hashlib.sha256((flags.group(1) if flags else "").encode()).hexdigest()[:8]
    return f"{found.group(1) if found else platform.machine()} [{digest}]"


def _key(compiler: Compiler, *parts: str) -> str:
    text = "\0".join((*parts, compiler.version(), processor()))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def build_candidate(job: Job, sandbox: Sandbox, compiler: Compiler = GXX) -> Built:
    """Compile a candidate into a shared library, or take it from the cache.

    Raises:
        ToolchainError: there is no compiler.
    """
    source = f"candidate{compiler.suffix}"
    command = [compiler.name, *job.flags, *compiler.options, "-o", "candidate.so", source]
    key = _key(compiler, job.source, job.operation.function, *command)
    library = cache_folder() / f"{key}.so"
    # Of two jobs with the same source one builds, so that both are judged by the same binary.
    with _building[key]:
        kept = _kept_build(library)
        if kept is not None:
            return kept
        return _build(job, sandbox, command, library)


def _kept_build(library: Path) -> Built | None:
    described = library.with_suffix(".json")
    if not (library.exists() and described.exists()):
        return None
    record = json.loads(described.read_text(encoding="utf-8"))
    kept = Build(**{**record, "resources": tuple(record["resources"])})
    return Built(replace(kept, seconds=0.0, cached=True), library)


def _build(job: Job, sandbox: Sandbox, command: list[str], library: Path) -> Built:
    source = command[-1]
    with tempfile.TemporaryDirectory(prefix="skilldyno-build-") as name:
        folder = Path(name)
        (folder / source).write_text(job.source, encoding="utf-8", errors="replace")
        begin = time.monotonic()
        # By its path, since the sandbox's PATH holds the system's folders alone.
        found = shutil.which(command[0]) or command[0]
        walled = [found, *command[1:]]
        code, log = run_bounded(walled, folder, sandbox, job.settings.build_seconds)
        seconds = time.monotonic() - begin
        product = folder / "candidate.so"
        record = Build(" ".join(command), seconds, False, log[:LOG_KEPT], "")
        if code is None:
            reason = f"the build did not end within {job.settings.build_seconds:.0f} s"
            return Built(record, None, reason, timed_out=True)
        if code != 0 or not product.is_file() or product.is_symlink():
            return Built(record, None, first_error(log, code))
        if not _exports(product, job.operation.function):
            name = job.operation.function
            return Built(record, None, f'it builds, but does not export extern "C" {name}')
        record = replace(
            record,
            binary=digest_of(product),
            resources=ptxas_resources(log),
            tensor_cores=_uses_tensor_cores(folder, sandbox) if source.endswith(".cu") else None,
        )
        written = folder / "candidate.json"
        written.write_text(json.dumps(asdict(record)), encoding="utf-8")
        move_into_cache(written, library.with_suffix(".json"))
        move_into_cache(product, library)
        return Built(record, library)


def keep_python(job: Job) -> Built:
    """Keep a candidate in Python as a file in the cache, if it parses and has what is called."""
    digest = job.candidate
    record = Build("ast.parse", 0.0, False, "", digest)
    try:
        tree = ast.parse(job.source)
    except (SyntaxError, ValueError) as error:
        return Built(record, None, f"it is not Python: {error}")
    name = job.operation.function
    kind, node = (
        ("class", ast.ClassDef) if job.language == "torch" else ("function", ast.FunctionDef)
    )
    if not any(isinstance(each, node) and each.name == name for each in tree.body):
        return Built(record, None, f"it is Python, but defines no {kind} {name}")
    file = cache_folder() / f"{digest}.py"
    if not file.exists():
        with tempfile.TemporaryDirectory(prefix="skilldyno-build-") as folder:
            product = Path(folder) / "candidate.py"
            product.write_text(job.source, encoding="utf-8")
            move_into_cache(product, file)
    return Built(record, file)


def _uses_tensor_cores(folder: Path, sandbox: Sandbox) -> bool | None:
    tool = shutil.which("cuobjdump")
    if tool is None:
        return None
    count = f"{tool} --dump-sass candidate.so | grep -c -m 1 -E '{TENSOR_CORE_INSTRUCTIONS}'"
    code, _ = run_bounded(["sh", "-c", count], folder, sandbox, _DISASSEMBLY_SECONDS)
    return None if code is None else code == 0


def run_bounded(
    command: list[str],
    folder: Path,
    sandbox: Sandbox,
    seconds: float,
    readable: Sequence[Path] = (),
) -> tuple[int | None, str]:
    """Run a compiler in the sandbox, with limits; its exit code, None if it took too long."""
    code, log = _run(command, folder, sandbox, seconds, readable)
    if code and (epitaph(code, log) == KILLED or _PROGRAM_KILLED.search(log)):
        # Maybe by something else on the machine: what a source makes a compiler do it does again.
        code, log = _run(command, folder, sandbox, seconds, readable)
    return code, log


def _run(
    command: list[str], folder: Path, sandbox: Sandbox, seconds: float, readable: Sequence[Path]
) -> tuple[int | None, str]:
    limits = ["prlimit", f"--as={_MEMORY_BYTES}", f"--fsize={_SIZE_BYTES}", "--core=0"]
    walled = sandbox.command([*limits, *command], readable=[*readable], writable=folder)
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
        log = os.pread(output.fileno(), _LOG_READ, 0).decode(errors="replace").strip()
    return code, log


def first_error(log: str, code: int) -> str:
    """The compiler's first error, or its exit code."""
    found = re.search(r"^.*(?:error|undefined reference).*$", log, re.M)
    return found.group(0).strip()[:300] if found else f"the compiler ended with exit code {code}"


def _exports(library: Path, function: str) -> bool:
    listing = subprocess.run(
        ["nm", "-D", "--defined-only", str(library)], capture_output=True, text=True, check=False
    )
    if listing.returncode == -signal.SIGKILL:
        return _exports(library, function)
    return re.search(rf" [TWi] {re.escape(function)}$", listing.stdout, re.M) is not None


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def move_into_cache(product: Path, library: Path) -> None:
    """Copy a file to its place in the cache, at once."""
    partial = library.with_name(library.name + f".{os.getpid()}.{time.monotonic_ns()}")
    shutil.copyfile(product, partial)
    os.replace(partial, library)


def build_trusted(text: str, compiler: Compiler, *flags: str) -> Path:
    """Compile code of the judge's own into a shared library in the cache."""
    command = [compiler.name, *flags, *compiler.options]
    library = cache_folder() / f"{_key(compiler, text, *command)}.so"
    if not library.exists():
        with tempfile.TemporaryDirectory(prefix="skilldyno-build-") as name:
            source, product = Path(name) / f"own{compiler.suffix}", Path(name) / "own.so"
            source.write_text(text, encoding="utf-8")
            done = subprocess.run(
                [*command, "-o", str(product), str(source)],
                text=True,
                capture_output=True,
                check=False,
            )
            if done.returncode != 0:
                reason = done.stderr.strip()
                raise ToolchainError(f"{compiler.name} cannot build the judge's own code: {reason}")
            move_into_cache(product, library)
    return library


def build_native() -> Path:
    """The judge's own native code: eviction of caches, and the speed of memory."""
    return build_trusted(read_text("native.cpp"), GXX, "-O3", "-march=native", "-fopenmp")


def build_trampoline(operation: Operation) -> Path:
    """A loop that calls a kernel of this signature with a clock read before and after each call.

    Its reads take about 20 ns, where a call through ctypes costs a microsecond.
    """
    tensors = len(operation.tensors)
    scalar_types = [C_SCALARS[s.type] for s in operation.scalars]
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
""",
        GXX,
        "-O2",
    )
