"""How far a kernel repository came: its steps, from the evidence of one judging."""

from __future__ import annotations

from dataclasses import replace

from .evidence import Evidence, Step
from .job import Extension

STEPS = ("manifest", "compiled", "loaded", "correct", "compat")


def refused(evidence: Evidence) -> Evidence:
    """The evidence of a repository whose manifest was refused, with its steps."""
    first = Step("manifest", False, evidence.reason)
    return replace(evidence, steps=(first, *(Step(name, None) for name in STEPS[1:])))


def with_steps(evidence: Evidence, extension: Extension, *, loaded: bool) -> Evidence:
    """The evidence with the steps of its repository.

    Args:
        evidence: of the whole judging.
        extension: the repository.
        loaded: whether its package was imported and had the function.
    """
    # The harness's fault says nothing of the step that it happened in.
    faulty = evidence.verdict == "infra_error"
    reached = {
        "manifest": True,
        "compiled": evidence.compiled,
        "loaded": loaded if evidence.compiled and (loaded or not faulty) else None,
        "correct": evidence.correct if loaded and not faulty else None,
    }
    steps = [Step(name, ok, "" if ok else evidence.reason) for name, ok in reached.items()]
    steps = [step if step.passed is not None else Step(step.name, None) for step in steps]
    return replace(evidence, steps=(*steps, _compat(evidence, extension)))


def _compat(evidence: Evidence, extension: Extension) -> Step:
    if not evidence.compiled:
        return Step("compat", None)
    broken = [arch for arch, build in evidence.builds.items() if build.ok is False]
    problems = [*(f"it does not build for {arch}" for arch in broken), *extension.problems]
    return Step("compat", not problems, "; ".join(problems))
