"""Checks of one log against itself and the catalogue: its plan, prompts and operations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog, EvalSample

from ...tasks.catalogue import load_operation
from ...tasks.errors import UsageError
from ...tasks.eval_task import EvalTask
from ...tasks.hardware import load_profile
from ...tasks.operation import Operation
from ...tasks.problem import Problem
from ...tasks.prompt import write_prompt
from ..agent import kernel_file
from ..digests import setting_digest
from .finding import Finding, agreed, unknown


def sample_place(file: Path, sample: EvalSample) -> str:
    """Which sample of which log, for a finding."""
    return f"{file.name}: {sample.id}, epoch {sample.epoch}"


def check_plan(file: Path, log: EvalLog) -> Iterator[Finding]:
    """Is there a sample of each planned eval task and epoch, and no other?

    A removed failure is a gap here; what was never planned cannot be missed.
    """
    planned, epochs = log.eval.dataset.sample_ids, log.eval.config.epochs
    if not planned or not epochs:
        yield unknown("plan", file.name, "the log names no plan of samples and epochs")
        return
    held = Counter((str(sample.id), sample.epoch) for sample in log.samples or [])
    wanted = {(str(task), epoch) for task in planned for epoch in range(1, epochs + 1)}
    for task, epoch in sorted(wanted):
        number = held.pop((task, epoch), 0)
        problem = None if number == 1 else f"there are {number}" if number else "it is missing"
        yield agreed("plan", f"{file.name}: {task}, epoch {epoch}", problem)
    for task, epoch in sorted(held):
        yield agreed("plan", f"{file.name}: {task}, epoch {epoch}", "it was never planned")
    if log.status != "success":
        yield unknown("plan", file.name, f"the run ended as '{log.status}'")
    for sample in log.samples or []:
        if sample.invalidation is not None:
            yield unknown("plan", sample_place(file, sample), "somebody invalidated it")
        elif sample.error is not None:
            yield unknown("plan", sample_place(file, sample), "it raised, and counts for no arm")


def check_setting(file: Path, log: EvalLog) -> Finding:
    """Do the log's operations, prompts and judge give its setting's digest?"""
    metadata = log.metadata
    claimed = metadata.get("setting_digest")
    if claimed is None:
        return unknown("setting", file.name, "the log has no digest of its setting")
    asked: list[tuple[str, str]] = []
    for task in log.eval.dataset.sample_ids or []:
        sample = next((each for each in log.samples or [] if each.id == task), None)
        prompt = None if sample is None else _prompt_of_setting(log, sample)
        if sample is None or prompt is None:
            return unknown("setting", file.name, f"the prompt of {task} is not known here")
        asked.append((str(sample.metadata.get("op_digest", "")), prompt))
    working = None
    if metadata.get("mode") == "agent":
        working = {name: metadata.get(name) for name in ("agent", "agent_budget")}
    found = setting_digest(
        str(metadata["judge_digest"]), asked, metadata.get("compile_for", ()), working
    )
    problem = "operations, prompts or judge are not those that its digest was made of"
    return agreed("setting", file.name, None if found == claimed else problem)


def _prompt_of_setting(log: EvalLog, sample: EvalSample) -> str | None:
    if log.metadata.get("mode") != "agent":
        return sample.input if isinstance(sample.input, str) else None
    # An agent's prompt names a file besides, which is not in the digest.
    asked = asked_of(sample)
    return None if isinstance(asked, str) else write_prompt(asked)


def asked_of(sample: EvalSample) -> EvalTask | str:
    """The eval task of a sample by this catalogue, or why it is not known here."""
    metadata: dict[str, Any] = sample.metadata
    try:
        if "problem" in metadata:
            operation: Operation | Problem = Problem(
                metadata["op"], metadata["problem"], metadata["family"]
            )
        else:
            operation = load_operation(metadata["op"])
        return EvalTask(operation, load_profile(metadata["hardware"]), metadata["language"])
    except (UsageError, KeyError):
        return "this catalogue has no such operation for that hardware and language"


def check_sample(file: Path, log: EvalLog, sample: EvalSample) -> Iterator[Finding]:
    """Was the model asked what the catalogue asks?"""
    where = sample_place(file, sample)
    asked = asked_of(sample)
    digest = sample.metadata.get("op_digest", "")
    if isinstance(asked, str):
        yield unknown("operation", where, asked)
        yield unknown("prompt", where, asked)
        return
    if asked.id != str(sample.id):
        yield agreed("operation", where, f"it is about {asked.id}")
    elif asked.operation.digest != digest:
        if isinstance(asked.operation, Problem):
            yield agreed("operation", where, "the problem's text is not that of its digest")
        else:
            other = "the operation is defined otherwise in this catalogue"
            yield unknown("operation", where, other)
            yield unknown("prompt", where, other)
        return
    else:
        yield agreed("operation", where, None)
    agent = log.metadata.get("mode") == "agent"
    expected = write_prompt(asked, kernel_file(asked.language) if agent else None)
    if sample.input == expected:
        yield agreed("prompt", where, _prompt_problem(sample))
    else:
        yield unknown("prompt", where, "this version words the prompt otherwise")


def _prompt_problem(sample: EvalSample) -> str | None:
    users = [message.text for message in sample.messages if message.role == "user"]
    if not users or users[0] != sample.input:
        return "the model was given another prompt than the log's input"
    return None
