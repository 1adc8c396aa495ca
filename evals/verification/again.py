"""A random sample of candidates, judged again on this machine."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog, EvalSample

from ...results.table import score_in
from ...scorers.evidence import EvidenceError
from ...scorers.executors.executor import JudgeError
from ...scorers.judge.evidence import Evidence
from ...tasks.hardware import HardwareError, load_profile, require_this_machine
from .candidate import evidence_in, job_of
from .finding import Finding, agreed, unknown
from .log import sample_place

Submit = Callable[[dict[str, Any]], "Future[Evidence]"]
"""Hands a job to a judge."""

_SLACK = math.log(1.1)
# What decides how fast a kernel is beside its baseline, by the evidence.
_MACHINE = ("cpu", "gpu", "threads", "cuda", "torch")


@dataclass(frozen=True)
class _Drawn:
    """A candidate to be judged again."""

    where: str
    claimed: Evidence
    job: dict[str, Any]


def judge_again(
    logs: Mapping[Path, EvalLog], count: int, seed: int, submit: Submit, *, unsafe: bool = False
) -> Iterator[Finding]:
    """Judge some candidates again, and compare verdicts and speedups.

    A verdict that differs twice is a mismatch. So is a speedup on a machine of the same parts where
    the two intervals, each widened by a tenth, do not meet, twice; on another machine speedups
    differ, and cannot be verified.

    Args:
        logs: The logs, by file.
        count: How many candidates.
        seed: Of their draw.
        submit: The judge.
        unsafe: Judge without a sandbox where none works.
    """
    pool: list[tuple[Path, EvalLog, EvalSample]] = []
    for file, log in logs.items():
        reason = _not_here(log)
        if reason is not None:
            yield unknown("judged again", file.name, reason)
        else:
            pool += [(file, log, each) for each in log.samples or [] if score_in(each) is not None]
    drawn: list[_Drawn] = []
    # S311: for the drawing of a sample, not for secrets.
    for place in random.Random(seed).sample(pool, len(pool)):  # noqa: S311
        if len(drawn) == count:
            break
        found = _draw(*place, number=len(drawn), unsafe=unsafe)
        if found is not None:
            drawn.append(found)
    futures = [submit(each.job) for each in drawn]
    for each, future in zip(drawn, futures, strict=True):
        yield _compared(each, future, submit)


def _not_here(log: EvalLog) -> str | None:
    name = str(log.metadata["hardware"])
    try:
        require_this_machine(load_profile(name))
    except HardwareError:
        return f"this machine is no {name}"
    if any("problem" in sample.metadata for sample in (log.samples or [])[:1]):
        return "a problem of KernelBench is code that would be executed here"
    return None


def _draw(
    file: Path, log: EvalLog, sample: EvalSample, *, number: int, unsafe: bool
) -> _Drawn | None:
    made = job_of(log, sample, unsafe=unsafe)
    score = score_in(sample)
    if isinstance(made, str) or made.job is None or score is None:
        return None
    try:
        claimed = evidence_in(score)
    except EvidenceError:
        return None
    job = {**made.job, "id": f"again-{number:04d}:{made.job['id']}"}
    return _Drawn(sample_place(file, sample), claimed, job)


def _compared(drawn: _Drawn, future: Future[Evidence], submit: Submit) -> Finding:
    try:
        found = future.result()
        problem = _problem(drawn.claimed, found)
        if problem is not None:
            found = submit({**drawn.job, "id": f"{drawn.job['id']}:2"}).result()
            problem = _problem(drawn.claimed, found)
    except JudgeError as error:
        return unknown("judged again", drawn.where, str(error))
    if found.verdict == "infra_error":
        return unknown("judged again", drawn.where, f"the judge failed here: {found.reason}")
    if drawn.claimed.verdict == "infra_error":
        return unknown(
            "judged again", drawn.where, f"the harness lost it there; here it is {found.verdict}"
        )
    if problem is None and found.speedup is not None and not _same_machine(drawn.claimed, found):
        return unknown(
            "judged again", drawn.where, "the verdict agrees; speedups of another machine differ"
        )
    return agreed("judged again", drawn.where, problem)


def _problem(claimed: Evidence, found: Evidence) -> str | None:
    if "infra_error" in (claimed.verdict, found.verdict):
        return None
    if claimed.verdict != found.verdict:
        return f"it is '{claimed.verdict}' in the log and '{found.verdict}' here: {found.reason}"
    if found.speedup is None or not _same_machine(claimed, found) or _meet(claimed, found):
        return None
    return f"its speedup is {claimed.speedup:.3g} in the log and {found.speedup:.3g} here"


def _same_machine(claimed: Evidence, found: Evidence) -> bool:
    return all(claimed.environment.get(k) == found.environment.get(k) for k in _MACHINE)


def _meet(claimed: Evidence, found: Evidence) -> bool:
    bounds = (claimed.speedup_low, claimed.speedup_high, found.speedup_low, found.speedup_high)
    if any(bound is None for bound in bounds):
        return False
    low, high, here_low, here_high = (math.log(bound) for bound in bounds if bound is not None)
    return low - _SLACK <= here_high + _SLACK and here_low - _SLACK <= high + _SLACK
