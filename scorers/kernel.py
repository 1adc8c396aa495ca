"""The Inspect scorer: takes the kernel out of a completion and asks the judge what it is worth."""

from __future__ import annotations

import contextlib
from concurrent.futures import Future
from pathlib import Path

import anyio
import anyio.from_thread
import anyio.lowlevel
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState

from ..tasks.hardware import load_profile
from ..tasks.language import Language
from ..tasks.operation import load_operation
from .candidate import extract_candidate
from .evidence import compact, no_code, store
from .executors.local import local_executor
from .job import make_job
from .judge.evidence import Evidence


async def _result(future: Future[Evidence]) -> Evidence:
    # No thread waits: one that outlived the event loop would keep the process from ending.
    done, token = anyio.Event(), anyio.lowlevel.current_token()

    def wake(_: Future[Evidence]) -> None:
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
    return Score(
        value={
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


@scorer(
    metrics={key: _metrics(key) for key in ("compiled", "correct", "fast_1", "speedup", "roofline")}
)
def kernel_quality(variant: str, evidence_dir: str, unsafe: bool = False) -> Scorer:
    """Judge the kernel of a completion on this machine.

    Args:
        variant: the arm's variant, which orders the judging: arms take turns.
        evidence_dir: the folder for the whole evidence records, raw timings included.
        unsafe: judge without a sandbox where none works.
    """

    async def score(state: TaskState, target: Target) -> Score:
        metadata = state.metadata
        operation = load_operation(metadata["op"])
        hardware = load_profile(metadata["hardware"])
        language: Language = metadata["language"]
        identity = f"{state.sample_id}:{state.epoch:03d}:{variant}:{state.model.name}"
        found = extract_candidate(state.output.completion, language, operation.name)
        if found.source is None:
            evidence = no_code(
                id=identity,
                operation=operation.name,
                operation_digest=operation.digest,
                hardware=hardware.name,
                language=language,
                note=found.note,
            )
        else:
            job = make_job(
                id=identity,
                source=found.source,
                operation=operation,
                hardware=hardware,
                language=language,
                unsafe=unsafe,
            )
            evidence = await _result(local_executor().submit(job))
        store(evidence, Path(evidence_dir))
        return score_of(evidence, found.source)

    return score
