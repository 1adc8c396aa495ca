"""Judging on another machine: `skilldyno pack` and `unpack`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
from inspect_ai.log import EvalLog, EvalSample, recompute_metrics

from ..results.logs import read_log, select_logs
from ..results.table import score_in
from ..scorers.evidence import Evidence, compact
from ..scorers.executors.kept import kept_executor
from ..scorers.kernel import CandidateJob, candidate_job
from ..scorers.pack import keep_seal, new_seal, write_pack
from ..scorers.packed.content import by_digest
from ..tasks.errors import RunError, UsageError
from ..tasks.hardware import load_profile
from .score import score_log, variant_of, write_log

_NAMED = 10


class NothingToPackError(UsageError):
    """Logs that hold no candidate which a judge can have."""


class MissingEvidenceError(RunError):
    """Candidates that no evidence has come back of."""


def pack_logs(logs: list[Path], target: Path) -> None:
    """Write the candidates of logs and the judge into one file that runs elsewhere.

    The key that its evidence is known by is kept in the folder `packs` beside the logs.

    Raises:
        UsageError: the logs cannot be read or hold no candidate, no judge runs on their hardware,
            or a file cannot be written.
    """
    files = select_logs(logs)
    samples = [made for file in files for _, made in _candidates(read_log(file))]
    jobs = [made.job for made in samples if made.job is not None]
    if not jobs:
        raise NothingToPackError(
            f"{', '.join(map(str, logs))}: no sample holds a kernel to judge: run the models first"
        )
    hardware = sorted({job["hardware"] for job in jobs})
    for name in hardware:
        if load_profile(name).machine.product is not None:
            raise NothingToPackError(
                f"the judge runs on CPUs and NVIDIA GPUs, and {name} is neither: pack other logs"
            )
    seal = new_seal()
    for folder in sorted({file.parent for file in files}):
        keep_seal(seal, folder)
    write_pack(target, jobs, seal)
    number = len(by_digest(jobs, seal.judge))
    equal = f" of {len(jobs)} samples" if number < len(jobs) else ""
    click.echo(
        f"{number} candidates{equal} in {target} ({target.stat().st_size / 1024:.0f} KiB): on a "
        f"machine with {', '.join(hardware)} run `python3 {target.name} --out evidence.jsonl`, "
        f"then here `skilldyno unpack {' '.join(map(str, logs))} evidence.jsonl`"
    )


@dataclass
class _Unpacked:
    """What came of unpacking: counts of samples, and ids with what is missing."""

    scored: int = 0
    unchanged: int = 0
    missing: dict[str, str] = field(default_factory=dict)


def unpack_logs(logs: list[Path], evidence: Path, *, as_json: bool = False) -> None:
    """Score logs by the evidence that a pack wrote elsewhere.

    All of the evidence is verified before a log is written.  Samples that have the same evidence
    already are left as they are, and so are those that have none.

    Args:
        logs: log files, or folders with logs, that were packed.
        evidence: the file that the pack wrote.
        as_json: print one JSON object on stdout.

    Raises:
        UsageError: the logs or the evidence cannot be read, were changed, or do not belong
            together.
        RunError: evidence of some candidates is missing, and the rest is scored; or a log cannot
            be written.
    """
    found = _Unpacked()
    try:
        read = {file: read_log(file) for file in select_logs(logs)}
        # All is looked up before any log is written, so that no log is left half scored.
        news = {file: _news(log, file, evidence, found) for file, log in read.items()}
        for file, log in read.items():
            if news[file]:
                _score_some(log, file, evidence, news[file])
                found.scored += len(news[file])
    finally:
        kept_executor.cache_clear()
    if as_json:
        click.echo(json.dumps(vars(found)))
    else:
        click.echo(f"{found.scored} samples scored, {found.unchanged} as they were")
    if found.missing:
        raise MissingEvidenceError(_say_missing(found.missing, evidence))


def _news(log: EvalLog, file: Path, evidence: Path, found: _Unpacked) -> list[EvalSample]:
    """The samples that the evidence says something new of; the others are counted."""
    kept = kept_executor(str(evidence), str(file.parent))
    news: list[EvalSample] = []
    for sample, made in _candidates(log):
        held = made.evidence if made.job is None else kept.find(made.job)
        if made.job is not None and (held is None or held.verdict == "infra_error"):
            found.missing[made.job["id"]] = held.reason if held is not None else ""
        elif held is not None and _is_scored_by(sample, held):
            found.unchanged += 1
        else:
            news.append(sample)
    return news


def _is_scored_by(sample: EvalSample, evidence: Evidence) -> bool:
    score = score_in(sample)
    if score is None:
        return False
    recorded = {name: value for name, value in (score.metadata or {}).items() if name != "attempt"}
    return recorded == json.loads(json.dumps(compact(evidence)))


def _score_some(log: EvalLog, file: Path, evidence: Path, news: list[EvalSample]) -> None:
    samples, log.samples = log.samples, news
    score_log(log, file, evidence=evidence)
    log.samples = samples
    # Inspect counted the new ones alone.
    recompute_metrics(log)
    write_log(log, file)


def _say_missing(missing: dict[str, str], evidence: Path) -> str:
    named = [f"{id} ({reason})" if reason else id for id, reason in sorted(missing.items())]
    more = f" and {len(named) - _NAMED} more (--json names all)" if len(named) > _NAMED else ""
    samples = "1 sample has" if len(missing) == 1 else f"{len(missing)} samples have"
    return (
        f"{samples} no evidence in {evidence}: {', '.join(named[:_NAMED])}{more}; run the pack "
        "again with the same --out, and unpack again"
    )


def _candidates(log: EvalLog) -> Iterator[tuple[EvalSample, CandidateJob]]:
    for sample in log.samples or []:
        if sample.error is None:
            yield (
                sample,
                candidate_job(
                    sample_id=sample.id,
                    epoch=sample.epoch,
                    variant=variant_of(log),
                    model_name=log.eval.model.partition("/")[2],
                    metadata=sample.metadata,
                    completion=sample.output.completion,
                ),
            )
