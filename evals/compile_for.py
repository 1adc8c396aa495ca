"""`skilldyno judge --compile-for`: for which archs one CUDA file builds, with or without a GPU."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console

from ..scorers.job import ArchError, make_job, parse_archs
from ..scorers.judge.build import require_compiler
from ..scorers.judge.evidence import Evidence
from ..scorers.judge.job import parse_job
from ..scorers.judge.sandbox import require_sandbox
from ..tasks.catalogue import load_operation
from ..tasks.hardware import (
    HardwareError,
    HardwareProfile,
    detect_hardware,
    load_profile,
    load_profiles,
)
from .judge_file import describe_builds, judge_file, language_of, read_source


def compile_for_archs(
    file: Path,
    op: str,
    language: str | None,
    archs: str,
    *,
    hardware: str,
    as_json: bool,
    unsafe: bool,
) -> bool:
    """Build one file for several archs; judge it too where this machine has the GPU.

    Returns:
        Whether the verdict is correct; where it was built only, whether every arch builds.

    Raises:
        UsageError: the file, op, language, archs or profile is not usable.
        MachineError: there is no nvcc or no sandbox.
    """
    chosen = language_of(file, language)
    wanted = parse_archs(archs, chosen)
    if _judged_here(hardware):
        verdict = judge_file(
            file, op, chosen, hardware, as_json=as_json, unsafe=unsafe, compile_for=wanted
        )
        return verdict == "correct"
    evidence = _built_only(file, op, wanted, hardware, unsafe=unsafe)
    unknown = [arch for arch, build in evidence.builds.items() if build.ok is None]
    if unknown:
        raise ArchError(
            f"nvcc does not tell whether {file} builds for {unknown[0]}:"
            f" {evidence.builds[unknown[0]].log.strip().splitlines()[-1]}"
        )
    if as_json:
        # No check was made, so there is no verdict.
        click.echo(json.dumps({**evidence.to_dict(), "verdict": None}))
    else:
        click.echo(f"{evidence.reason}\n\n{describe_builds(evidence.builds)}")
    return all(build.ok for build in evidence.builds.values())


def _judged_here(hardware: str) -> bool:
    try:
        here = detect_hardware("cuda")
    except HardwareError:
        return False
    return hardware in ("auto", here.name)


def _built_only(
    file: Path, op: str, archs: tuple[str, ...], hardware: str, *, unsafe: bool
) -> Evidence:
    operation = load_operation(op)
    job = parse_job(
        make_job(
            id=file.name,
            source=read_source(file, "cuda"),
            operation=operation,
            hardware=_profile(hardware, archs),
            language="cuda",
            unsafe=unsafe,
            compile_for=archs,
        )
    )
    # It imports torch, for whose second nobody waits to read of a bad request.
    from ..scorers.judge.compatibility import build_for_archs

    require_compiler("gpu")
    sandbox = require_sandbox("gpu", unsafe)
    with Console(stderr=True).status(f"building {file.name} for {', '.join(archs)}"):
        builds = build_for_archs(job, sandbox)
    built = sum(1 for build in builds.values() if build.ok)
    reason = f"built for {built} of {len(builds)} archs, and not judged: this machine has no GPU"
    return Evidence(
        **{
            **vars(Evidence.about(job, "", f"{reason} with a profile")),
            "compiled": built > 0,
            "builds": builds,
        }
    )


def _profile(hardware: str, archs: tuple[str, ...]) -> HardwareProfile:
    """The profile that is named, or one of an arch that is wanted, for its compiler's flags."""
    if hardware != "auto":
        named = load_profile(hardware)
        if "cuda" not in named.toolchain:
            raise HardwareError(f"Hardware '{hardware}' has no toolchain for 'cuda'; name another.")
        return named
    with_cuda = [profile for profile in load_profiles() if "cuda" in profile.toolchain]
    return next((p for p in with_cuda if p.arch in archs), with_cuda[0])
