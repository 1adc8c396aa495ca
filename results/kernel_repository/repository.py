"""The files of a kernel repository, made from a judged candidate."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...tasks.build_toml import read_build_toml
from .builds import noarch_build
from .card import card_values
from .kernel import ExportError, JudgedKernel
from .native import native_values
from .package import package_values
from .render import render
from .signature import signature_of
from .trials import trial_values

_NAME: Final = re.compile(r"[a-z][-a-z0-9]*[a-z0-9]")
_ARCH: Final = re.compile(r"sm_(\d+)(\d)([af]?)")


@dataclass(frozen=True)
class KernelRepository:
    """A kernel repository before it is written: its files by path.

    `backend` is the builder's name for what it runs on, `capabilities` the CUDA capabilities or
    ROCm archs that its candidate was built for when it was judged.
    """

    name: str
    license_id: str
    backend: str
    capabilities: tuple[str, ...]
    files: dict[str, str]


def kernel_repository(
    kernel: JudgedKernel,
    *,
    name: str | None = None,
    license_id: str = "Apache-2.0",
    repo_id: str | None = None,
) -> KernelRepository:
    """Make the files of a kernel repository around a candidate, whose source is not altered.

    A candidate that is a kernel repository itself gets its evidence, and nothing else.

    Source of the layout: docs/source/builder/writing-kernels.md and kernel-requirements.md of
    https://github.com/huggingface/kernels at 8ac69fc5.

    Args:
        kernel: the candidate and its evidence.
        name: of the kernel; by default `dyno-OP` with dashes.
        license_id: for build.toml and the card.
        repo_id: where on the Hub it is to be, OWNER/NAME.

    Raises:
        ExportError: the builder would not take the name, or no shape of the operation tells a dim.
    """
    if kernel.files is not None:
        return _as_it_is(kernel, kernel.files, name, repo_id)
    operation, language = kernel.operation, kernel.spoken
    name = name or f"dyno-{operation.name.replace('_', '-').lower()}"
    if not _NAME.fullmatch(name):
        raise ExportError(
            f"'{name}' cannot be the name of a kernel; take small letters, digits and dashes,"
            " a letter first and no dash at the end."
        )
    values = _values(kernel, name, license_id, repo_id)
    templates = {
        "build.toml": "build.toml",
        "flake.nix": "flake.nix",
        "README.md": "README.md",
        f"tests/test_{values['module']}.py": "test.py",
        "benchmarks/benchmark.py": "benchmark.py",
        f"torch-ext/{values['module']}/__init__.py": values["package"],
    }
    if language != "triton":
        templates["torch-ext/torch_binding.cpp"] = "torch_binding.cpp"
        templates["torch-ext/torch_binding.h"] = "torch_binding.h"
    files = {path: render(template, values) for path, template in templates.items()}
    files[values["source_path"]] = kernel.source
    files["tests/__init__.py"] = ""
    files["tests/reference.py"] = operation.reference
    files["evidence.json"] = json.dumps(kernel.evidence, indent=1) + "\n"
    # The builder takes the card by this name.
    files["CARD.md"] = files["README.md"]
    backend, capabilities = values["backend"], values["archs"]
    if language == "triton":
        folder = f"torch-ext/{values['module']}/"
        files |= noarch_build(
            name=name,
            backend=backend,
            capabilities=capabilities,
            license_id=license_id,
            digest=kernel.digest,
            package={
                path.removeprefix(folder): text
                for path, text in files.items()
                if path.startswith(folder)
            },
        )
    read_build_toml(files["build.toml"])
    return KernelRepository(name, license_id, backend, capabilities, dict(sorted(files.items())))


def _as_it_is(
    kernel: JudgedKernel, files: dict[str, str], name: str | None, repo_id: str | None
) -> KernelRepository:
    general = read_build_toml(files["build.toml"]).general
    if name not in (None, general.name):
        raise ExportError(
            f"The candidate is a kernel repository by the name of {general.name}: leave out --name."
        )
    module = general.name.replace("-", "_")
    signature = signature_of(kernel.operation, kernel.spoken)
    values = {
        "name": general.name,
        "module": module,
        "license": general.license,
        "repo_id": repo_id,
        "backend": _backend(kernel),
        "archs": (),
        "source_path": None,
        **card_values(kernel, signature, module),
    }
    card = "EVIDENCE.md" if "README.md" in files else "README.md"
    added = {
        card: render("README.md", values),
        "evidence.json": json.dumps(kernel.evidence, indent=1) + "\n",
    }
    return KernelRepository(
        name=general.name,
        license_id=general.license,
        backend=_backend(kernel),
        capabilities=_archs(kernel),
        files=dict(sorted((files | added).items())),
    )


def write_repository(repository: KernelRepository, folder: Path) -> None:
    """Write a kernel repository into a folder, which may hold the same repository already.

    Raises:
        ExportError: there is something else in it.
    """
    if folder.exists() and not _is_part(folder, repository):
        raise ExportError(f"{folder} holds something else: remove it, or name another by -o.")
    for path, text in repository.files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode("utf-8", "surrogatepass"))


def _is_part(folder: Path, repository: KernelRepository) -> bool:
    """Whether a folder holds nothing but files of the repository, and builds."""
    if not folder.is_dir():
        return False
    for file in folder.rglob("*"):
        path = file.relative_to(folder).as_posix()
        if file.is_dir() or path.startswith("build/"):
            continue
        text = repository.files.get(path)
        if text is None or text.encode("utf-8", "surrogatepass") != file.read_bytes():
            return False
    return True


def _values(
    kernel: JudgedKernel, name: str, license_id: str, repo_id: str | None
) -> dict[str, Any]:
    operation, language = kernel.operation, kernel.spoken
    signature = signature_of(operation, language)
    module, archs = name.replace("-", "_"), _archs(kernel)
    shared = {
        "name": name,
        "module": module,
        "license": license_id,
        "repo_id": repo_id,
        "backend": _backend(kernel),
        "archs": archs,
        "capabilities": ", ".join(json.dumps(each) for each in archs),
        "language": language,
        "function": operation.name,
        "operation": operation,
        "signature": signature,
        "first": signature.arguments[0].name,
        "source_path": {
            "cpp": f"{operation.name}_cpu/{operation.name}.cpp",
            "cuda": f"{operation.name}_cuda/{operation.name}.cu",
            "triton": f"torch-ext/{module}/kernel.py",
        }[language],
        "package": "package_triton.py" if language == "triton" else "package_native.py",
    }
    shared |= package_values(operation, signature) | trial_values(kernel, signature)
    if language != "triton":
        shared |= native_values(kernel, signature)
    return shared | card_values(kernel, signature, module)


def _backend(kernel: JudgedKernel) -> str:
    if kernel.eval_task.hardware.kind == "cpu":
        return "cpu"
    return "cuda" if _ARCH.fullmatch(kernel.eval_task.hardware.arch) else "rocm"


def _archs(kernel: JudgedKernel) -> tuple[str, ...]:
    """What the candidate was built for when it was judged, as the builder names it."""
    hardware = kernel.eval_task.hardware
    if hardware.kind == "cpu":
        return ()
    built = [arch for arch, said in kernel.evidence["builds"].items() if said["ok"]]
    named = dict.fromkeys(_capability(arch) for arch in (hardware.arch, *built))
    if kernel.eval_task.language == "triton":
        # Its builds are made where it runs, which has no capability of a letter.
        named = dict.fromkeys(each.rstrip("af") for each in named)
    return tuple(sorted(named, key=lambda each: (len(each.partition(".")[0]), each)))


def _capability(arch: str) -> str:
    found = _ARCH.fullmatch(arch)
    return f"{found[1]}.{found[2]}{found[3]}" if found else arch
