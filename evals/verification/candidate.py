"""Checks of one candidate: from the completion to its score."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.scorer import Score

from ...results.table import score_in
from ...scorers.evidence import EvidenceError, compact, evidence_path, parse_evidence
from ...scorers.judge.clock import geometric_mean_interval
from ...scorers.judge.evidence import Evidence
from ...scorers.kernel import CandidateJob, candidate_job, score_of
from ...tasks.errors import UsageError
from .finding import Finding, agreed, unknown
from .log import asked_of, sample_place

_CLOSE = 1e-6
# Medians of times and the median of their ratios differ, but never by that much.
_MEDIANS_APART = 2.0


def evidence_in(score: Score) -> Evidence:
    """The evidence that a score carries.

    Raises:
        EvidenceError: it carries none of this version.
    """
    record = {name: value for name, value in (score.metadata or {}).items() if name != "attempt"}
    # A score leaves out the timed calls, which the schema has.
    timings = [{**timing, "samples": []} for timing in record.get("timings") or []]
    return parse_evidence({**record, "timings": timings})


def job_of(log: EvalLog, sample: EvalSample, *, unsafe: bool = False) -> CandidateJob | str:
    """The job that a sample's completion makes, or why none can be made here."""
    asked = asked_of(sample)
    if isinstance(asked, str):
        return asked
    try:
        return candidate_job(
            sample_id=sample.id,
            epoch=sample.epoch,
            variant=str(log.metadata["variant"]),
            model_name=log.eval.model.partition("/")[2],
            metadata=sample.metadata,
            completion=sample.output.completion,
            unsafe=unsafe,
        )
    except UsageError as error:
        return str(error).removesuffix(".")


def check_candidate(file: Path, log: EvalLog, sample: EvalSample) -> Iterator[Finding]:
    """Does the completion give the candidate, the candidate the evidence, and that the score?"""
    where = sample_place(file, sample)
    score = score_in(sample)
    if score is None:
        if sample.error is None:
            yield agreed("score", where, "it has none")
        return
    try:
        evidence = evidence_in(score)
    except EvidenceError as error:
        yield agreed("evidence", where, str(error))
        return
    made = job_of(log, sample)
    if isinstance(made, str):
        yield unknown("candidate", where, made)
    else:
        yield agreed("candidate", where, _candidate_problem(made, score, evidence, sample))
    yield agreed("score", where, _score_problem(score, evidence))
    yield agreed("evidence", where, _evidence_problem(evidence, log, sample))
    yield _raw(file, where, evidence)
    if evidence.verdict == "infra_error":
        lost = "the harness lost it, and it counts for no arm"
        yield unknown("score", where, f"{lost}: {evidence.reason}")


def _candidate_problem(
    made: CandidateJob, score: Score, evidence: Evidence, sample: EvalSample
) -> str | None:
    if sample.output.choices and sample.output.message.text != sample.output.completion:
        return "the completion is not the text of the model's message"
    spoken = [message.text for message in sample.messages if message.role == "assistant"]
    agent = bool(sample.store.get("Attempt:judge_calls")) or len(spoken) != 1
    if spoken and not agent and spoken[0] != sample.output.completion:
        return "the completion is not what the conversation ends with"
    if (made.source or "") != (score.answer or ""):
        return "the score's answer is not the code in the completion"
    source = (made.source or "").encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(source).hexdigest() if source else ""
    if digest != evidence.candidate:
        return (
            f"the code in the completion is {digest[:12] or 'none'}, and the evidence is of "
            f"{evidence.candidate[:12] or 'none'}"
        )
    return None


def _score_problem(score: Score, evidence: Evidence) -> str | None:
    expected = score_of(evidence, score.answer)
    if not _same(score.value, expected.value):
        return f"it says {_shown(score.value)}, and the evidence {_shown(expected.value)}"
    if score.explanation != expected.explanation:
        return "its explanation is not that of the evidence"
    return None


def _shown(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    return ", ".join(f"{name} {each:.4g}" for name, each in value.items())


def _same(found: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and found.keys() == expected.keys()
            and all(_same(found[name], value) for name, value in expected.items())
        )
    if isinstance(expected, float) and isinstance(found, int | float):
        return _close(float(found), expected) or (math.isnan(found) and math.isnan(expected))
    return found == expected


def _close(found: float | None, expected: float | None) -> bool:
    if found is None or expected is None:
        return found is expected
    return math.isclose(found, expected, rel_tol=_CLOSE)


def _is_positive(value: float) -> bool:
    return math.isfinite(value) and value > 0


def _evidence_problem(evidence: Evidence, log: EvalLog, sample: EvalSample) -> str | None:
    of = f"{sample.id}:{sample.epoch:03d}:{log.metadata['variant']}:"
    for problem in (
        None if evidence.id.startswith(of) else f"it is of {evidence.id}, another sample",
        _identity_problem(evidence, sample),
        record_problem(evidence),
        _workload_problem(evidence, sample),
    ):
        if problem is not None:
            return problem
    return None


def _identity_problem(evidence: Evidence, sample: EvalSample) -> str | None:
    metadata = sample.metadata
    pairs = {
        "operation": (evidence.operation, metadata.get("op")),
        "operation's digest": (evidence.operation_digest, metadata.get("op_digest")),
        "hardware": (evidence.hardware, metadata.get("hardware")),
        "language": (evidence.language, metadata.get("language")),
    }
    for name, (found, expected) in pairs.items():
        if found != expected:
            return f"its {name} is not the sample's"
    return None


def record_problem(evidence: Evidence) -> str | None:
    """What in a record contradicts itself, if anything does.

    Args:
        evidence: Timed calls may be left out.
    """
    return _verdict_problem(evidence) or _speed_problem(evidence)


def _verdict_problem(evidence: Evidence) -> str | None:
    right = evidence.verdict == "correct"
    if evidence.correct != right:
        return f"it says '{evidence.verdict}' and correct {evidence.correct}"
    if right and not evidence.compiled:
        return "it is correct, but was not compiled"
    if right and any(check.status != "pass" for check in evidence.checks):
        return "it is correct, but a check did not pass"
    if right and evidence.flags:
        return "it is correct, but has integrity flags"
    if not right and evidence.speedup is not None:
        return "it is not correct, but has a speedup"
    return None


def _speed_problem(evidence: Evidence) -> str | None:
    if not evidence.timings or evidence.verdict != "correct":
        return None if evidence.speedup is None else "it has a speedup, but no timings"
    for each in evidence.timings:
        figures = (each.candidate_seconds, each.baseline_seconds, each.speedup)
        if not all(map(_is_positive, (*figures, each.roofline_fraction))):
            return f"on {each.workload} a time or a ratio is no positive number"
        apart = math.log(each.baseline_seconds / each.candidate_seconds / each.speedup)
        if abs(apart) > math.log(_MEDIANS_APART):
            return f"on {each.workload} its times do not give its speedup"
        if not _close(each.roofline_seconds / each.candidate_seconds, each.roofline_fraction):
            return f"on {each.workload} its time does not give its roofline fraction"
    bounds = (evidence.speedup_low or 0.0, evidence.speedup_high or 0.0)
    if not bounds[0] <= (evidence.speedup or 0.0) <= bounds[1]:
        return "its speedup lies outside its interval"
    speedup = float(np.exp(np.mean(np.log([each.speedup for each in evidence.timings]))))
    if not _close(evidence.speedup, speedup):
        return f"its speedup is {evidence.speedup:.4g}, and its workloads give {speedup:.4g}"
    fraction = float(np.exp(np.mean(np.log([t.roofline_fraction for t in evidence.timings]))))
    if not _close(evidence.roofline_fraction, fraction):
        return "its roofline fraction is not the mean of its workloads'"
    return None


def _workload_problem(evidence: Evidence, sample: EvalSample) -> str | None:
    """Are all the workloads that are timed in the evidence of a correct candidate?"""
    asked = asked_of(sample)
    if isinstance(asked, str) or asked.operation.digest != evidence.operation_digest:
        return None
    if evidence.verdict != "correct" or not evidence.timings:
        return None
    spec = asked.operation.judge_spec(asked.language, asked.hardware.kind)
    wanted = [workload["name"] for workload in spec["workloads"] if workload["timed"]]
    if sorted(each.workload for each in evidence.timings) != sorted(wanted):
        return "its timings are not of all the workloads that are timed"
    return None


def _raw(file: Path, where: str, evidence: Evidence) -> Finding:
    path = evidence_path(evidence, file.parent / "evidence")
    # A record's own words make the name, which must not lead elsewhere.
    if path.parent != file.parent / "evidence" or not path.is_file():
        return unknown("samples of time", where, "the whole evidence is not beside the log")
    try:
        whole = parse_evidence(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, EvidenceError):
        return agreed("samples of time", where, f"{path.name} cannot be read")
    if compact(whole) != compact(evidence):
        return agreed("samples of time", where, f"{path.name} says otherwise than the log")
    if not whole.timings or whole.speedup is None:
        return agreed("samples of time", where, None)
    problem = calls_problem(whole)
    return agreed("samples of time", where, problem and f"{path.name}: {problem}")


def calls_problem(evidence: Evidence) -> str | None:
    """What speedup or interval does not follow from the timed calls, if any does not.

    Args:
        evidence: A whole record of a candidate that was timed.
    """
    if not all(t.samples and all(map(_is_positive, sum(t.samples, ()))) for t in evidence.timings):
        return "a timed call is missing, or took no positive time"
    ratios = [[math.log(b / c) for c, b in timing.samples] for timing in evidence.timings]
    for timing, calls in zip(evidence.timings, ratios, strict=True):
        if not _close(timing.speedup, math.exp(float(np.median(calls)))):
            return f"the calls on {timing.workload} do not give its speedup"
    speed = geometric_mean_interval(ratios)
    found = [math.exp(each) for each in (speed.estimate, speed.low, speed.high)]
    claimed = (evidence.speedup, evidence.speedup_low, evidence.speedup_high)
    if not all(map(_close, claimed, found)):
        return f"the calls give {found[0]:.4g} [{found[1]:.4g}, {found[2]:.4g}], not its speedup"
    return None
