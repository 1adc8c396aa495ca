"""`skilldyno kernel export`: a judged candidate as a kernel repository."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ..results.kernel_repository import (
    ExportError,
    JudgedKernel,
    KernelRepository,
    best_kernels,
    kernel_of_row,
    kernel_repository,
    write_repository,
)
from ..results.kernel_repository.card import headline
from ..results.kernel_repository.hub import push, uploads
from ..results.table import read_rows
from ..scorers.candidate import read_repository
from ..scorers.evidence import EvidenceError, compact, parse_evidence
from ..scorers.judge.evidence import Evidence
from ..tasks.catalogue import load_operation
from ..tasks.errors import UsageError
from ..tasks.eval_task import EvalTask
from ..tasks.hardware import load_profile
from .build_kernel import build_kernel
from .judge_file import evidence_of_file, language_of, read_source


class ExportRequestError(UsageError):
    """Options of an export that do not go together, or evidence that cannot be read."""


@dataclass(frozen=True)
class ExportRequest:
    """What is exported, from where, and as what; see `skilldyno kernel export --help`."""

    logs: tuple[Path, ...]
    op: str
    hardware: str | None
    language: str | None
    file: Path | None
    evidence: Path | None
    output: Path
    name: str | None
    license_id: str
    repo_id: str | None
    build: bool
    unsafe: bool

    def __post_init__(self) -> None:
        """Refuse what says twice, or not at all, which kernel is meant."""
        if (self.file is None) == (not self.logs):
            raise ExportRequestError("Give either LOGS or --file: one of them, and not both.")
        if self.evidence is not None and self.file is None:
            raise ExportRequestError("--evidence is on a file: give it by --file.")


def export_kernel_command(request: ExportRequest, *, dry_run: bool, as_json: bool) -> None:
    """Write a kernel repository, send it where asked, and say what was done.

    Args:
        request: what to export.
        dry_run: say what would be sent to the Hub, and send nothing.
        as_json: print one JSON object.

    Raises:
        UsageError: there is no such candidate, it is not correct, the folder is taken, or the Hub
            refuses.
        BuildFailedError: it is written, and does not build here.
        MachineError: something is to be judged or built, and there is no compiler or no sandbox.
    """
    if dry_run and request.repo_id is None:
        raise ExportRequestError("--dry-run is for --push: give --push OWNER/NAME too.")
    load_operation(request.op)
    kernel = _from_file(request, request.file) if request.file else _from_logs(request)
    repository = kernel_repository(
        kernel, name=request.name, license_id=request.license_id, repo_id=request.repo_id
    )
    write_repository(repository, request.output)
    built = None
    # Where nothing is compiled, the build is written already.
    if request.build and kernel.eval_task.language != "triton":
        built = build_kernel(repository, request.output, kernel, unsafe=request.unsafe)
    sent = None
    if request.repo_id is not None and not dry_run:
        sent = push(repository, request.repo_id)
    if as_json:
        click.echo(json.dumps(_described(request, kernel, repository, built, sent)))
        return
    for path in repository.files:
        click.echo(f"  {request.output / path}")
    if built is not None:
        click.echo(f"  {built}, a build for this machine that `kernels.get_local_kernel` loads")
    click.echo(f"\n{kernel.eval_task.id}: {headline(kernel.evidence)}")
    if request.repo_id is not None:
        _say_uploads(repository, request.repo_id, sent)


def _say_uploads(repository: KernelRepository, repo_id: str, sent: str | None) -> None:
    said = "sent to" if sent else "would be sent to"
    for upload in uploads(repository):
        click.echo(f"{said} {repo_id}, branch {upload.branch}: {', '.join(upload.files)}")
    if sent:
        click.echo(sent)


def _described(
    request: ExportRequest,
    kernel: JudgedKernel,
    repository: KernelRepository,
    built: Path | None,
    sent: str | None,
) -> dict[str, Any]:
    planned = uploads(repository) if request.repo_id is not None else []
    return {
        "folder": str(request.output),
        "name": repository.name,
        "backend": repository.backend,
        "capabilities": list(repository.capabilities),
        "eval_task": kernel.eval_task.id,
        "candidate": kernel.digest,
        "model": kernel.model,
        "variant": kernel.variant,
        "headline": headline(kernel.evidence),
        "files": list(repository.files),
        "build": str(built) if built else None,
        "repo_id": request.repo_id,
        "uploads": {each.branch: list(each.files) for each in planned},
        "sent": sent,
    }


def _from_logs(request: ExportRequest) -> JudgedKernel:
    rows = read_rows(request.logs, mix=True)
    found = best_kernels(rows, op=request.op, hardware=request.hardware, language=request.language)
    asked = "/".join(part for part in (request.op, request.hardware, request.language) if part)
    if not found:
        raise ExportError(
            f"No candidate for {asked} is correct in these logs: see `skilldyno kernel list LOGS`."
        )
    if len(found) > 1:
        names = " or ".join(each["hardware"] for each in found)
        raise ExportError(
            f"There are candidates for {asked} on several machines: --hardware {names}."
        )
    return kernel_of_row(found[0], _files(found[0]["language"], found[0]["answer"]))


def _from_file(request: ExportRequest, file: Path) -> JudgedKernel:
    language = language_of(file, request.language)
    source = read_source(file, language)
    if request.evidence is not None:
        evidence = _read_evidence(request.evidence)
    else:
        evidence = evidence_of_file(
            file, request.op, language, request.hardware or "auto", unsafe=request.unsafe
        )
    hardware = load_profile(request.hardware or evidence.hardware)
    eval_task = EvalTask(load_operation(request.op), hardware, language)
    return JudgedKernel(eval_task, source, compact(evidence), _files(language, source))


def _files(language: str, source: str) -> dict[str, str] | None:
    if language != "torch-ext":
        return None
    return {file.path: file.text for file in read_repository(source).files}


def _read_evidence(path: Path) -> Evidence:
    try:
        return parse_evidence(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ExportRequestError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, AttributeError, EvidenceError) as error:
        raise ExportRequestError(
            f"{path} is no evidence ({error}): make it by `skilldyno judge FILE --op OP --json`."
        ) from error
