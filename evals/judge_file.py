"""`skilldyno judge`: one kernel file, one verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import click
from rich.console import Console

from ..scorers.candidate import read_repository
from ..scorers.evidence import refused_before
from ..scorers.executors.local import local_executor
from ..scorers.job import RefusedError, make_job
from ..scorers.judge.build import require_compiler
from ..scorers.judge.evidence import ArchBuild, Evidence
from ..scorers.judge.sandbox import require_sandbox
from ..scorers.repository import MANIFEST, repository_of
from ..tasks.build_toml import build_toml_problems, read_build_toml
from ..tasks.catalogue import load_operation
from ..tasks.errors import UsageError
from ..tasks.hardware import detect_hardware, load_profile, require_this_machine
from ..tasks.kernelbench import read_problem
from ..tasks.language import Kind, Language

_LANGUAGES: dict[str, Language] = {
    ".cpp": "cpp",
    ".cc": "cpp",
    ".cxx": "cpp",
    ".cu": "cuda",
    ".py": "triton",
}
_BUILT = {True: "builds", False: "does not build", None: "not known"}


class KernelFileError(UsageError):
    """A kernel file that cannot be read or whose language is unknown."""


def judge_file(
    file: Path,
    op: str | Path,
    language: str | None,
    hardware: str,
    *,
    as_json: bool,
    unsafe: bool,
    compile_for: tuple[str, ...] = (),
) -> str:
    """Judge one file and print what the judge says.

    Args:
        file: the candidate.
        op: the name of an operation, or the file of a KernelBench problem.
        language: or None for what the file's ending tells; that of a problem is torch.
        hardware: a profile's name, or `auto`.
        as_json: print the whole evidence as JSON.
        unsafe: judge without a sandbox where none works.
        compile_for: archs that a CUDA candidate is built for besides.

    Returns:
        The verdict.

    Raises:
        UsageError: the file, op, language or profile is not usable.
        MachineError: there is no compiler or no sandbox.
    """
    evidence = evidence_of_file(
        file, op, language, hardware, unsafe=unsafe, compile_for=compile_for
    )
    if as_json:
        click.echo(json.dumps(evidence.to_dict()))
    else:
        click.echo(describe(evidence))
    return evidence.verdict


def evidence_of_file(
    file: Path,
    op: str | Path,
    language: str | None,
    hardware: str,
    *,
    unsafe: bool,
    compile_for: tuple[str, ...] = (),
) -> Evidence:
    """Judge one kernel file for an operation, or for the KernelBench problem in a file.

    Raises:
        UsageError: the file, op, language or profile is not usable.
        MachineError: there is no compiler or no sandbox.
    """
    if isinstance(op, Path):
        chosen, operation = "torch", read_problem(op)
    else:
        chosen, operation = language_of(file, language), load_operation(op)
    source = read_source(file, chosen)
    kind = _kind_of(source) if chosen == "torch-ext" else None
    profile = detect_hardware(chosen, kind) if hardware == "auto" else load_profile(hardware)
    require_this_machine(profile)
    require_compiler(profile.kind)
    require_sandbox(profile.kind, unsafe)
    try:
        job = make_job(
            id=file.name,
            source=source,
            operation=operation,
            hardware=profile,
            language=chosen,
            unsafe=unsafe,
            compile_for=compile_for,
        )
    except RefusedError as error:
        return refused_before(
            id=file.name,
            operation=operation.name,
            operation_digest=operation.digest,
            hardware=profile.name,
            language=chosen,
            source=source,
            reason=str(error),
        )
    return _judged(job, f"{file.name} as {operation.name} on {profile.name}")


def _judged(job: dict[str, Any], what: str) -> Evidence:
    executor = local_executor()
    with Console(stderr=True).status(f"judging {what}"):
        evidence = executor.submit(job).result()
    executor.close()
    return evidence


def _kind_of(source: str) -> Kind | None:
    """The hardware that a repository is for; None where its manifest does not say it alone."""
    text = read_repository(source).text_of(MANIFEST)
    if text is None or build_toml_problems(text):
        return None
    backends = read_build_toml(text).general.backends
    return "gpu" if "cuda" in backends else "cpu"


def language_of(file: Path, named: str | None) -> Language:
    """The language of a kernel file: the one that is named, or told by the file's ending.

    A folder is a kernel repository.

    Raises:
        KernelFileError: it is unknown.
    """
    known = ", ".join(sorted(get_args(Language)))
    for language in get_args(Language):
        if named == language:
            return language
    if named is not None:
        raise KernelFileError(f"--language {named!r} cannot be judged: give one of {known}")
    if file.is_dir() or file.name == MANIFEST:
        return "torch-ext"
    if file.suffix not in _LANGUAGES:
        endings = ", ".join(_LANGUAGES)
        raise KernelFileError(f"{file} does not end in one of {endings}: name it by --language")
    return _LANGUAGES[file.suffix]


def read_source(file: Path, language: Language) -> str:
    """The text of a kernel file, or of all the files of a kernel repository.

    Raises:
        KernelFileError: it cannot be read.
        RepositoryError: the folder holds what no repository may hold.
    """
    if language == "torch-ext":
        folder = file.parent if file.name == MANIFEST else file
        if not folder.is_dir():
            raise KernelFileError(f"{file} is not the folder of a kernel repository: name one")
        return repository_of(folder).text
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KernelFileError(f"{file} cannot be read as text: {error}") from error


def describe(evidence: Evidence) -> str:
    """The evidence in a few lines for a terminal."""
    lines = [f"{evidence.verdict}: {evidence.reason}"]
    if evidence.build is not None and evidence.verdict == "compile_error":
        lines += ["", evidence.build.log]
    if evidence.output:
        lines += ["", "output of the candidate (its end):", evidence.output]
    if evidence.timings:
        lines += ["", _timing_table(evidence), "", _ceilings(evidence)]
    if evidence.builds:
        lines += ["", describe_builds(evidence.builds)]
    return "\n".join(lines)


def describe_builds(builds: dict[str, ArchBuild]) -> str:
    """A line for each arch, with the log of what did not build."""
    lines: list[str] = []
    for arch, build in builds.items():
        lines.append(f"{arch}: {_BUILT[build.ok]}")
        if not build.ok:
            lines += [f"  {line}" for line in build.log.splitlines()]
    return "\n".join(lines)


def _ceilings(evidence: Evidence) -> str:
    bandwidth = evidence.environment["bandwidth"] / 1e9
    return f"The roofline is by ceilings measured on this machine: memory {bandwidth:.4g} GB/s."


def _timing_table(evidence: Evidence) -> str:
    from tabulate import tabulate

    rows = [
        (
            t.workload,
            f"{t.candidate_seconds * 1e6:.4g}",
            f"{t.baseline_seconds * 1e6:.4g}",
            f"{t.speedup:.2f}x [{t.speedup_low:.2f}, {t.speedup_high:.2f}]"
            + (" ambiguous" if t.ambiguous else ""),
            f"{100 * t.roofline_fraction:.0f} %",
        )
        for t in evidence.timings
    ]
    headers = ["workload", "kernel us", "eager us", "speedup [95 % CI]", "of the roofline"]
    return tabulate(rows, headers, disable_numparse=True, colalign=("left",) + ("right",) * 4)
