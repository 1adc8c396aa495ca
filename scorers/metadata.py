"""What a kernel repository's metadata claims: GPU targets and versions, and whether they agree.

Capabilities are written as in build.toml, such as 9.0a; archs as nvcc has them, such as sm_90a.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ..tasks.build_toml_schema import BuildToml, CpuKernel, CudaKernel
from ..tasks.hardware import HardwareProfile, load_profiles
from .repository import MANIFEST, RepositoryError

# Those of kernel-builder with CUDA 13 (preamble.cmake, huggingface/kernels at 8ac69fc5).
DEFAULT_CAPABILITIES: Final = (
    *("7.5", "8.0", "8.6", "8.7", "8.9", "9.0", "10.0", "11.0", "12.0", "12.1"),
)
_CAPABILITY: Final = re.compile(r"(\d+)\.(\d)([af]?)(\+PTX)?")


def targets_on(
    hardware: HardwareProfile, capabilities: list[str] | None, where: str
) -> tuple[str, ...]:
    """The archs that a CUDA kernel is compiled for, to run on this hardware.

    Without capabilities that is the hardware's own, without the features of one GPU alone (sm_90,
    not sm_90a), as kernel-builder has it. With some, it is the closest of them below, or with the
    letter; where none would run here, the first, whose call then says so.

    Raises:
        RepositoryError: a capability is none that kernel-builder builds for.
    """
    here = re.fullmatch(r"sm_(\d+)(\d)[af]?", hardware.arch)
    assert here is not None, "a GPU's profile has an arch such as sm_90a"
    major, minor = int(here.group(1)), int(here.group(2))
    if not capabilities:
        return (f"sm_{major}{minor}",)
    parsed = [_parse(each, where) for each in capabilities]
    lettered = [p for p in parsed if p[2] and p[:2] == (major, minor)]
    below = [p for p in parsed if not p[2] and p[0] == major and p[1] <= minor]
    portable = [p for p in parsed if p[3] and p[:2] <= (major, minor)]
    if lettered or below:
        best = [max(lettered)] if lettered else [max(below)]
        return tuple(_arch(each) for each in best)
    if portable:
        return (_arch(max(portable)).replace("sm_", "compute_"),)
    return (_arch(parsed[0]),)


def claimed_archs(kernels: Iterable[CpuKernel | CudaKernel]) -> tuple[str, ...]:
    """The archs that CUDA kernels claim to build for.

    Those that declare none claim kernel-builder's default ones, of which the oldest and the newest
    stand for all.
    """
    found: dict[str, None] = {}
    for kernel in kernels:
        if isinstance(kernel, CudaKernel):
            ends = [DEFAULT_CAPABILITIES[0], DEFAULT_CAPABILITIES[-1]]
            for each in kernel.cuda_capabilities or ends:
                found[_arch(_parse(each, "kernel"))] = None
    return tuple(found)


def metadata_problems(manifest: BuildToml) -> list[str]:
    """What the metadata says that does not agree with itself: sentences, none where it agrees."""
    problems: list[str] = []
    torch, cuda = manifest.torch, manifest.general.cuda
    if torch is not None:
        stable = torch.stable_abi
        needed = max(stable.values(), key=_numbers) if isinstance(stable, dict) else stable
        if needed and torch.minver and _numbers(torch.minver) < _numbers(needed):
            problems.append(
                f"torch.minver is {torch.minver}, but stable-abi needs {needed}: raise it"
            )
        problems += _crossed("torch", torch.minver, torch.maxver)
    if cuda is not None:
        problems += _crossed("general.cuda", cuda.minver, cuda.maxver)
    first = {p.arch: p.cuda for p in load_profiles() if p.cuda}
    for name, kernel in manifest.kernel.items():
        if isinstance(kernel, CudaKernel):
            said = kernel.cuda_minver or (cuda.minver if cuda else None)
            for each in kernel.cuda_capabilities or []:
                needs = first.get(_arch(_parse(each, f"kernel.{name}")))
                if said and needs and _numbers(said) < _numbers(needs):
                    problems.append(
                        f"kernel.{name} is for {each}, which CUDA has since {needs}, but minver is"
                        f" {said}: raise it"
                    )
    return problems


def _crossed(where: str, least: str | None, most: str | None) -> list[str]:
    if least and most and _numbers(least) > _numbers(most):
        return [f"{where}.minver is {least} and its maxver {most}: no version is both"]
    return []


def _parse(capability: str, where: str) -> tuple[int, int, str, bool]:
    found = _CAPABILITY.fullmatch(capability)
    known = ", ".join(DEFAULT_CAPABILITIES)
    if found is None or not any(
        (int(found.group(1)), int(found.group(2))) <= _pair(each) for each in DEFAULT_CAPABILITIES
    ):
        raise RepositoryError(
            f"{MANIFEST}: {where}.cuda-capabilities has '{capability}', for which kernel-builder"
            f" builds nothing: write some of {known}, with 'a' or 'f' behind where its features are"
            " used"
        )
    return int(found.group(1)), int(found.group(2)), found.group(3), found.group(4) is not None


def _pair(capability: str) -> tuple[int, int]:
    major, _, minor = capability.partition(".")
    return int(major), int(minor)


def _arch(parsed: tuple[int, int, str, bool]) -> str:
    return f"sm_{parsed[0]}{parsed[1]}{parsed[2]}"


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
