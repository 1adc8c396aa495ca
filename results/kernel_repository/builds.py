"""Builds of a kernel as `kernels` loads them: a folder of the package with its metadata.

Source: docs/source/kernel-requirements.md of https://github.com/huggingface/kernels at 8ac69fc5.
"""

import json
from typing import Any

from ...scorers.judge.ops_module import ops_module


def noarch_build(
    *,
    name: str,
    backend: str,
    capabilities: tuple[str, ...],
    license_id: str,
    digest: str,
    package: dict[str, str],
) -> dict[str, str]:
    """Return the files of the build of a kernel that nothing has to be compiled for.

    Args:
        name: of the kernel.
        backend: the builder's name for what it runs on.
        capabilities: of CUDA, or archs of ROCm.
        license_id: as build.toml has it.
        digest: of the candidate, which makes the build's name unique.
        package: files of the Python package, by their names in it.
    """
    variant = f"build/torch-{backend}"
    unique = f"_{name.replace('-', '_')}_{backend}_{digest[:7]}"
    return {
        **{f"{variant}/{path}": text for path, text in package.items()},
        f"{variant}/_ops.py": ops_module(unique),
        f"{variant}/metadata.json": build_metadata(
            name=name,
            unique=unique,
            backend=backend,
            capabilities=capabilities,
            license_id=license_id,
        ),
    }


def build_metadata(
    *, name: str, unique: str, backend: str, capabilities: tuple[str, ...], license_id: str
) -> str:
    """Return the metadata.json of a build; `unique` is the namespace of its ops."""
    said: dict[str, Any] = {"type": backend}
    if backend != "cpu":
        said["archs"] = list(capabilities)
    metadata = {
        "name": name,
        "id": unique,
        "version": 1,
        "license": license_id,
        "python-depends": [],
        "backend": said,
    }
    return json.dumps(metadata, indent=2) + "\n"
