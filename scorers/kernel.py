"""The Inspect scorer: takes the kernel out of a completion and asks the judge what it is worth."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState

from ..tasks.catalogue import load_operation
from ..tasks.hardware import load_profile
from ..tasks.language import Language
from ..tasks.operation import Operation
from ..tasks.problem import Problem
from .attempt import Attempt
from .candidate import extract_candidate
from .evidence import compact, no_code, refused_before, store
from .executors.chosen import chosen_executor
from .executors.journal import submit_kept
from .executors.kept import kept_executor
from .job import RefusedError, make_job
from .judge.evidence import Evidence
from .judge.steps import STEPS


async def evidence_of(future: Future[Evidence]) -> Evidence:
    """Wait for the judge without holding up the event loop."""
    # No thread waits: one that outlived the event loop would keep the process from ending.
    done, token = anyio.Event(), anyio.lowlevel.current_token()
    waiting = threading.get_ident()

    def wake(_: Future[Evidence]) -> None:
        # A future that is done already calls back at once, from the thread of the loop itself.
        if threading.get_ident() == waiting:
            done.set()
            return
        with contextlib.suppress(anyio.RunFinishedError):
            anyio.from_thread.run_sync(done.set, token=token)

    future.add_done_callback(wake)
    await done.wait()
    return future.result()


def score_of(evidence: Evidence, source: str | None) -> Score:
    """The Inspect score of one evidence; an infra_error is left unscored, never a zero."""
    explanation = f"{evidence.verdict}: {evidence.reason}"
    if evidence.verdict == "infra_error":
        return Score.unscored(
            reason="infra_error",
            answer=source,
            explanation=explanation,
            metadata=compact(evidence),
        )
    speedup = evidence.speedup or 0.0
    # A step that was not reached was not passed.
    steps = {step.name: int(step.passed is True) for step in evidence.steps}
    return Score(
        value={
            **steps,
            "compiled": int(evidence.compiled),
            "correct": int(evidence.correct),
            "fast_1": int(evidence.correct and speedup > 1.0),
            "speedup": speedup,
            "roofline": evidence.roofline_fraction or 0.0,
        },
        answer=source,
        explanation=explanation,
        metadata=compact(evidence),
    )


def _metrics(key: str) -> list:
    return [mean(), stderr(cluster="op")] if key != "speedup" else [mean()]


@dataclass(frozen=True)
class CandidateJob:
    """What one sample gives the judge: a job, or the evidence that there is no code in it."""

    source: str | None
    job: dict[str, Any] | None
    evidence: Evidence | None


def candidate_job(
    *,
    sample_id: str | int,
    epoch: int,
    variant: str,
    model_name: str,
    metadata: dict[str, Any],
    completion: str,
    unsafe: bool = False,
) -> CandidateJob:
    """Take the kernel out of a completion and make the judge's job of it.

    Args:
        sample_id: the eval task.
        epoch: the epoch.
        variant: the arm's variant, which orders the judging: arms take turns.
        model_name: the arm's model, without its provider.
        metadata: the sample's, which names op, hardware, language and, if any, `compile_for`, and
            holds the text of a KernelBench `problem`.
        completion: what the model answered.
        unsafe: judge without a sandbox where none works.
    """
    operation = _asked(metadata)
    hardware = load_profile(metadata["hardware"])
    language: Language = metadata["language"]
    identity = f"{sample_id}:{epoch:03d}:{variant}:{model_name}"
    function = "ModelNew" if language == "torch" else operation.name
    found = extract_candidate(completion, language, function)
    if found.source is None:
        evidence = no_code(
            id=identity,
            operation=operation.name,
            operation_digest=operation.digest,
            hardware=hardware.name,
            language=language,
            note=found.note,
        )
        return CandidateJob(None, None, evidence)
    try:
        job = make_job(
            id=identity,
            source=found.source,
            operation=operation,
            hardware=hardware,
            language=language,
            unsafe=unsafe,
            compile_for=metadata.get("compile_for", ()),
        )
    except RefusedError as error:
        evidence = refused_before(
            id=identity,
            operation=operation.name,
            operation_digest=operation.digest,
            hardware=hardware.name,
            language=language,
            source=found.source,
            reason=str(error),
        )
        return CandidateJob(found.source, None, evidence)
    return CandidateJob(found.source, job, None)


def _asked(metadata: dict[str, Any]) -> Operation | Problem:
    if "problem" in metadata:
        return Problem(metadata["op"], metadata["problem"], metadata["family"])
    return load_operation(metadata["op"])


_QUALITIES = ("compiled", "correct", "fast_1", "speedup", "roofline")


@scorer(metrics={key: _metrics(key) for key in _QUALITIES})
def kernel_quality(
    variant: str, evidence_dir: str, unsafe: bool = False, evidence_file: str | None = None
) -> Scorer:
    """Judge the kernel of a completion on this machine, or by evidence from another.

    Args:
        variant: the arm's variant, which orders the judging: arms take turns.
        evidence_dir: the folder for the whole evidence records, raw timings included.
        unsafe: judge without a sandbox where none works.
        evidence_file: a file of evidence that a packed judge wrote, instead of judging here.
    """
    return _scorer(variant, evidence_dir, unsafe, evidence_file)


@scorer(metrics={key: _metrics(key) for key in (*STEPS, *_QUALITIES[2:])})
def repository_quality(
    variant: str, evidence_dir: str, unsafe: bool = False, evidence_file: str | None = None
) -> Scorer:
    """Judge the kernel repository of a completion: step by step, and then its speed.

    Args:
        variant: the arm's variant, which orders the judging: arms take turns.
        evidence_dir: the folder for the whole evidence records, raw timings included.
        unsafe: judge without a sandbox where none works.
        evidence_file: a file of evidence that a packed judge wrote, instead of judging here.
    """
    return _scorer(variant, evidence_dir, unsafe, evidence_file)


def scorer_for(
    language: str,
    variant: str,
    evidence_dir: str,
    unsafe: bool = False,
    evidence_file: str | None = None,
) -> Scorer:
    """The scorer of candidates in a language."""
    chosen = repository_quality if language == "torch-ext" else kernel_quality
    return chosen(variant, evidence_dir, unsafe, evidence_file)


def _scorer(variant: str, evidence_dir: str, unsafe: bool, evidence_file: str | None) -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        found = candidate_job(
            sample_id=state.sample_id,
            epoch=state.epoch,
            variant=variant,
            model_name=state.model.name,
            metadata=state.metadata,
            completion=state.output.completion,
            unsafe=unsafe,
        )
        evidence = found.evidence
        if found.job is not None:
            evidence = await evidence_of(_submit(found.job, Path(evidence_dir), evidence_file))
        assert evidence is not None
        store(evidence, Path(evidence_dir))
        result = score_of(evidence, found.source)
        result.metadata = {**(result.metadata or {}), "attempt": state.store_as(Attempt).record()}
        return result

    return score


def _submit(job: dict[str, Any], evidence_dir: Path, evidence_file: str | None) -> Future[Evidence]:
    if evidence_file is not None:
        return kept_executor(evidence_file, str(evidence_dir.parent)).submit(job)
    return submit_kept(job, evidence_dir, chosen_executor().submit)
