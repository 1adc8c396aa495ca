"""Judging apart from generating: `skilldyno score`."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path

import click
from inspect_ai import score
from inspect_ai.log import EvalLog, write_eval_log

from ..results.logs import read_log, select_logs
from ..scorers.executors.chosen import LOCAL, PACK, chosen_executor, judged_at
from ..scorers.executors.executor import JudgeAddressError
from ..scorers.executors.journal import keeping_journals
from ..scorers.kernel import scorer_for
from ..tasks.errors import RunError
from ..tasks.language import Language


class UnwrittenLogError(RunError):
    """A log that could not be written."""


def score_logs(logs: list[Path], *, judge: str = LOCAL, unsafe: bool = False) -> None:
    """Judge the candidates of logs again, and write the verdicts into the logs.

    Killed at any moment, the same call goes on from what was judged.

    Args:
        logs: log files, or folders with logs.
        judge: where, as `judged_at` takes it.
        unsafe: judge without a sandbox where none works.

    Raises:
        UsageError: a log cannot be read, or there is no machine that the logs are for.
        RunError: a log or a journal cannot be written.
    """
    if judge == PACK:
        raise JudgeAddressError("--judge pack scores nothing: use `skilldyno pack`")
    read = {file: read_log(file) for file in select_logs(logs)}
    with judged_at(judge):
        for log in read.values():
            hardware = str((log.eval.metadata or {}).get("hardware"))
            chosen_executor().hardware(hardware, _language(log))
        with keeping_journals(*dict.fromkeys(file.parent / "evidence" for file in read)):
            for file, log in read.items():
                score_log(log, file, unsafe=unsafe)
                write_log(log, file)
                click.echo(f"{file}: {len(log.samples or [])} samples scored")


def score_log(
    log: EvalLog, file: Path, *, unsafe: bool = False, evidence: Path | None = None
) -> None:
    """Score all samples that a log holds in memory.

    Args:
        log: the log.
        file: where it is kept; whole evidence records go into the folder `evidence` beside it.
        unsafe: judge without a sandbox where none works.
        evidence: a file that a packed judge wrote; None has them judged.
    """
    scorer = scorer_for(
        _language(log),
        variant_of(log),
        str(file.parent / "evidence"),
        unsafe,
        str(evidence) if evidence is not None else None,
    )
    # What a cluster has to say of its nodes comes on stdout, which is for results.
    with redirect_stdout(sys.stderr):
        score(log, scorer, action="overwrite", display="none", copy=False)


def write_log(log: EvalLog, file: Path) -> None:
    """Write a log, whole or not at all.

    Raises:
        UnwrittenLogError: the disk is full, or the file cannot be written.
    """
    try:
        write_eval_log(log, str(file))
    except OSError as error:
        raise UnwrittenLogError(
            f"{file} cannot be written ({error.strerror}), and is as it was: make room, and start "
            "the same command again"
        ) from error


def variant_of(log: EvalLog) -> str:
    """The variant of a log's arm."""
    return str((log.eval.metadata or {}).get("variant", "none"))


def _language(log: EvalLog) -> Language:
    return (log.eval.metadata or {}).get("language", "cpp")
