"""Judging apart from generating: `skilldyno score`, `pack` and `unpack`."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path

import click
from inspect_ai import score
from inspect_ai.log import EvalLog, read_eval_log, write_eval_log

from ..results.logs import select_logs
from ..scorers.executors.chosen import LOCAL, PACK, chosen_executor, judged_at
from ..scorers.executors.executor import JudgeAddressError
from ..scorers.executors.kept import kept_executor
from ..scorers.kernel import candidate_job, scorer_for
from ..scorers.pack import write_pack
from ..tasks.errors import UsageError
from ..tasks.language import Language


class NothingToPackError(UsageError):
    """Logs that hold no candidate to judge."""


def pack_logs(logs: list[Path], target: Path) -> None:
    """Write the candidates of logs and the judge into one file that runs elsewhere.

    Raises:
        UsageError: the logs cannot be read, or hold no candidate.
    """
    jobs = {}
    for file in select_logs(logs):
        for job in _jobs(read_eval_log(str(file))):
            jobs[job["id"]] = job
    if not jobs:
        raise NothingToPackError(
            f"{', '.join(map(str, logs))}: no sample holds a kernel to judge: run the models first"
        )
    write_pack(target, list(jobs.values()))
    hardware = ", ".join(sorted({job["hardware"] for job in jobs.values()}))
    click.echo(
        f"{len(jobs)} candidates in {target} ({target.stat().st_size / 1024:.0f} KiB): on a "
        f"machine with {hardware} run `python3 {target.name} --out evidence.jsonl`, then here "
        f"`skilldyno unpack LOGS evidence.jsonl`"
    )


def score_logs(
    logs: list[Path], evidence: Path | None, *, judge: str = LOCAL, unsafe: bool = False
) -> None:
    """Judge the candidates of logs again, here or by evidence from elsewhere, in the logs.

    Args:
        logs: log files, or folders with logs.
        evidence: a file that a packed judge wrote; None has them judged.
        judge: where, as `judged_at` takes it.
        unsafe: judge without a sandbox where none works.

    Raises:
        UsageError: a log or the evidence cannot be read or do not belong together, or no machine
            is there that the logs are for.
    """
    if judge == PACK:
        raise JudgeAddressError("--judge pack scores nothing: use `skilldyno pack`")
    files = select_logs(logs)
    read = {file: read_eval_log(str(file)) for file in files}
    with judged_at(judge):
        if evidence is None:
            for log in read.values():
                chosen_executor().hardware(_hardware(log), _language(log))
        else:
            _require_evidence(list(read.values()), evidence)
        for file, log in read.items():
            scorer = scorer_for(
                _language(log),
                _variant(log),
                str(file.parent / "evidence"),
                unsafe,
                str(evidence) if evidence is not None else None,
            )
            # What a cluster has to say of its nodes comes on stdout, which is for results.
            with redirect_stdout(sys.stderr):
                scored = score(log, scorer, action="overwrite", display="none", copy=False)
            write_eval_log(scored, str(file))
            click.echo(f"{file}: {len(scored.samples or [])} samples scored")


def _require_evidence(logs: list[EvalLog], evidence: Path) -> None:
    kept = kept_executor(str(evidence))
    for log in logs:
        for job in _jobs(log):
            # Looked up before any log is written, so that no log is left half scored.
            kept.submit(job)


def _jobs(log: EvalLog) -> list[dict]:
    found = []
    for sample in log.samples or []:
        if sample.error is not None:
            continue
        made = candidate_job(
            sample_id=sample.id,
            epoch=sample.epoch,
            variant=_variant(log),
            model_name=log.eval.model.partition("/")[2],
            metadata=sample.metadata,
            completion=sample.output.completion,
        )
        if made.job is not None:
            found.append(made.job)
    return found


def _variant(log: EvalLog) -> str:
    return str((log.eval.metadata or {}).get("variant", "none"))


def _language(log: EvalLog) -> Language:
    return (log.eval.metadata or {}).get("language", "cpp")


def _hardware(log: EvalLog) -> str:
    return str((log.eval.metadata or {}).get("hardware"))
