"""Where torch's and Python's headers and libraries are, and how their cost is kept small.

Torch's headers take a compiler ten to ninety seconds a source.  So a source that includes one of
the largest is first compiled with `brief_torch.h` in its place, and the binding besides with a
precompiled header; what fails so is compiled with torch's own.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sysconfig
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

import torch

from .build import GXX, ToolchainError, cache_folder, cuda_toolkit
from .files import read_text

BRIEF = ("torch/all.h", "torch/torch.h", "torch/types.h", "ATen/ATen.h")
LIBRARY = "torch/library.h"
_CXX20_SINCE = (2, 12)
_locks: defaultdict[str, Lock] = defaultdict(Lock)


@dataclass(frozen=True)
class Headers:
    """Folders of headers for a backend; with `brief`, the short header comes first."""

    include: tuple[Path, ...]
    readable: tuple[Path, ...]
    brief: bool = False

    def options(self) -> list[str]:
        """The compiler's options."""
        folders = ([brief_folder()] if self.brief else []) + list(self.include)
        return [word for folder in folders for word in ("-isystem", str(folder))]


@lru_cache(maxsize=2)
def headers(backend: str) -> Headers:
    """The headers of torch and Python, and of CUDA for its backend.

    Raises:
        ToolchainError: Python's are missing.
    """
    own = Path(torch.__file__).resolve().parent
    python = Path(sysconfig.get_path("include"))
    if not (python / "Python.h").is_file():
        raise ToolchainError(
            f"there is no Python.h in {python}: install Python's headers (apt-get install"
            " python3-dev)"
        )
    include = [own / "include", own / "include" / "torch" / "csrc" / "api" / "include", python]
    if backend == "cuda":
        include.append(cuda_toolkit() / "include")
    readable = [own / "include", own / "lib", python.resolve(), python, cache_folder().parent]
    return Headers(tuple(include), tuple(dict.fromkeys(readable)))


def torch_standard() -> str:
    """The C++ standard that kernel-builder asks for with this version of torch."""
    version = tuple(int(part) for part in re.findall(r"\d+", torch.__version__)[:2])
    return "-std=c++20" if version >= _CXX20_SINCE else "-std=c++17"


def link_options(backend: str) -> list[str]:
    """The libraries that an extension is linked with."""
    own = Path(torch.__file__).resolve().parent / "lib"
    options = [f"-L{own}", "-ltorch", "-ltorch_cpu", "-lc10"]
    if backend == "cuda":
        options += ["-lc10_cuda", "-ltorch_cuda", f"-L{cuda_toolkit() / 'lib64'}", "-lcudart"]
    return options


def brief_folder() -> Path:
    """A folder in which the largest headers' names lead to the short one."""
    text = read_text("brief_torch.h")
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    folder = cache_folder().parent / "headers" / digest
    with _locks[digest]:
        if not folder.exists():
            folder.parent.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent) as name:
                for header in BRIEF:
                    path = Path(name) / "brief" / header
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text, encoding="utf-8")
                os.replace(Path(name) / "brief", folder)
    return folder


def precompiled(flags: tuple[str, ...], found: Headers) -> Path:
    """A header with torch/library.h, compiled ahead for these flags.

    Raises:
        ToolchainError: it does not compile.
    """
    text = "#include <torch/all.h>\n#include <torch/library.h>\n"
    options = [*flags, *found.options()]
    parts = [*options, torch.__version__, GXX.version(), text]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    header = cache_folder().parent / "headers" / key / "library.h"
    with _locks[key]:
        if not header.with_suffix(".h.gch").exists():
            header.parent.mkdir(parents=True, exist_ok=True)
            header.write_text(text, encoding="utf-8")
            partial = header.with_suffix(f".{os.getpid()}")
            done = subprocess.run(
                [GXX.name, *options, "-x", "c++-header", str(header), "-o", str(partial)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise ToolchainError(f"torch's headers do not compile here: {done.stderr[-300:]}")
            os.replace(partial, header.with_suffix(".h.gch"))
    return header
