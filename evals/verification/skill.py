"""Checks of what the model was given: the Skill's files, and the message made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog

from ...skills.kept import kept_skill
from ...skills.sham import sham_message
from ...skills.skill import INLINE_BUDGET, Skill
from ...skills.source import SkillError
from ...skills.variants import PROMPT_MESSAGE
from ..digests import task_version
from .finding import Finding, agreed, unknown
from .log import sample_place

_GIVEN_BY_TOOL = "the Skill was opened by tools, whose answers are not compared"


def skills_in(logs: Mapping[Path, EvalLog]) -> dict[str, Skill]:
    """The whole Skills that logs keep, by their true fingerprints."""
    found: dict[str, Skill] = {}
    for log in logs.values():
        try:
            skill = kept_skill(log.metadata.get("skill") or {})
        except SkillError:
            continue
        if skill is not None and log.metadata.get("ablation") is None:
            found[skill.fingerprint] = skill
    return found


def check_skill(file: Path, log: EvalLog) -> Finding | None:
    """Do the Skill's files in a log have the fingerprint and the name that the log claims?

    Returns:
        None for a variant that is no Skill.
    """
    metadata = log.metadata
    variant = str(metadata["variant"])
    record: dict[str, Any] = metadata.get("skill") or {}
    if "@" not in variant:
        problem = "a control has a Skill" if record else None
        return agreed("Skill", file.name, problem) if problem else None
    try:
        skill = kept_skill(record)
    except SkillError as error:
        return agreed("Skill", file.name, str(error).removesuffix("."))
    if skill is None:
        return unknown("Skill", file.name, f"the log does not keep the files of {variant}")
    if skill.fingerprint != record.get("fingerprint"):
        problem = (
            f"the files have the fingerprint {skill.fingerprint[:12]}, and the log claims "
            f"{str(record.get('fingerprint'))[:12]}: the Skill was edited"
        )
        return agreed("Skill", file.name, problem)
    of = (metadata.get("ablation") or {}).get("of", skill.variant)
    named = variant.startswith(of)
    return agreed("Skill", file.name, None if named else f"it is {of}, not {variant}")


def check_delivery(file: Path, log: EvalLog, skills: Mapping[str, Skill]) -> Iterator[Finding]:
    """Was each sample given the variant's message, which the task's version was made of?

    Args:
        file: The log's file.
        log: The log, with messages.
        skills: By fingerprint, for the sham of one.
    """
    metadata = log.metadata
    by_tool = metadata.get("delivery") == "tool"
    expected = _message(metadata, skills)
    for sample in log.samples or []:
        where = sample_place(file, sample)
        if sample.error is not None:
            continue
        given = [message.text for message in sample.messages if message.role == "system"]
        if by_tool:
            yield unknown("delivery", where, _GIVEN_BY_TOOL)
        elif isinstance(expected, Unknown):
            yield unknown("delivery", where, expected.reason)
        else:
            yield agreed("delivery", where, _given_problem(given, expected, metadata))
    yield _version(file, log, expected)


class Unknown:
    """A message that cannot be made here."""

    def __init__(self, reason: str):
        self.reason = reason


def _message(metadata: dict[str, Any], skills: Mapping[str, Skill]) -> str | Unknown | None:
    """The system message of a variant; None where there is none."""
    variant = metadata["variant"]
    budget = int(metadata.get("inline_budget") or INLINE_BUDGET)
    if variant == "none":
        return None
    if variant == "prompt":
        return PROMPT_MESSAGE
    if variant == "sham":
        of = skills.get(str(metadata.get("sham_of")))
        return sham_message(of, budget) if of else Unknown("no log keeps the Skill of the sham")
    try:
        skill = kept_skill(metadata.get("skill") or {})
    except SkillError:
        skill = None
    if skill is None:
        return Unknown("the log does not keep the Skill's files")
    return skill.system_message(budget)


def _given_problem(given: list[str], expected: str | None, metadata: dict[str, Any]) -> str | None:
    if expected is None:
        # An agent's own instructions are a system message too.
        allowed = metadata.get("mode") == "agent"
        return None if allowed or not given else "the model was given more than the prompt"
    if expected not in given:
        return "the model was given another text than the variant's"
    if len(given) > 1 and metadata.get("mode") != "agent":
        return "the model was given more than the variant and the prompt"
    return None


def _version(file: Path, log: EvalLog, expected: str | Unknown | None) -> Finding:
    metadata = log.metadata
    setting = metadata.get("setting_digest")
    if isinstance(expected, Unknown) or setting is None:
        reason = expected.reason if isinstance(expected, Unknown) else "there is no setting digest"
        return unknown("delivery", file.name, reason)
    content = (metadata.get("skill") or {}).get("fingerprint") or expected or "none"
    found = task_version(setting, str(metadata.get("delivery")), content, expected)
    problem = "the variant is not what the task's version was made of"
    return agreed("delivery", file.name, None if found == log.eval.task_version else problem)
