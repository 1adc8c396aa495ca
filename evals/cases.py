"""Cases in the manner of upskill and of evals.json: substrings that an answer must contain.

A weaker instrument than kernels that are built and run: it says whether a model mentions what it
should, not whether it is right.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from inspect_ai import Epochs, Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import Score, Scorer, Target, mean, model_graded_qa, scorer, stderr
from inspect_ai.solver import Solver, TaskState, generate
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ..skills.skill import INLINE_BUDGET, load_skill
from ..skills.variants import Variant, make_variant
from ..tasks.errors import UsageError
from .solvers import deliver_inline


class CasesError(UsageError):
    """A file of cases that cannot be read."""


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class _Expected(BaseModel):
    model_config = ConfigDict(extra="forbid")

    contains: Annotated[list[str], BeforeValidator(_listed)]


class _Context(BaseModel):
    model_config = ConfigDict(extra="forbid")

    files: dict[str, str] | None = None


class _UpskillCase(BaseModel):
    model_config = ConfigDict(extra="forbid")

    input: str
    expected: _Expected
    context: _Context | None = None
    output_file: str | None = None
    validator: str | None = None
    validator_config: dict[str, Any] | None = None


class _DocumentedCase(BaseModel):
    """One of evals.json, as the documentation of Agent Skills describes it."""

    id: int | str
    prompt: str
    expected_output: str | None = None
    files: list[str] = Field(default_factory=list)
    assertions: list[str] = Field(default_factory=list)


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        id: its number, from 1, or the id that the file gives.
        prompt: what the model is asked, files included.
        contains: what the answer must contain, in any case of letters.
        assertions: what must hold of the answer, in words, for a model to grade.
        unsupported: why it cannot be scored here; else empty.
    """

    id: str
    prompt: str
    contains: tuple[str, ...] = ()
    assertions: tuple[str, ...] = ()
    unsupported: str = ""


def load_cases(source: str | Path) -> tuple[Case, ...]:
    """Read cases.

    Args:
        source: a JSON file: a list of upskill's cases, `{"cases": [...]}`, a skill_meta.json with
            `tests`, or an evals.json with `evals`; or the folder of a Skill that holds one of the
            last two.

    Raises:
        CasesError: there is no such file, or it is none of these; one sentence.
    """
    path = _case_file(Path(source))
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CasesError(f"{path} cannot be read as JSON: {error}") from error
    try:
        if isinstance(data, dict) and "evals" in data:
            cases = [_documented(path, each) for each in data["evals"]]
        else:
            rows = data if isinstance(data, list) else data.get("cases", data.get("tests"))
            cases = [_upskill(number, each) for number, each in enumerate(rows or [], 1)]
    except (ValidationError, AttributeError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise CasesError(f"{path} holds something else than cases: {reason}") from error
    if not cases:
        raise CasesError(f"{path} holds no case: give it a list of cases, or 'cases', or 'evals'")
    return tuple(cases)


def _case_file(path: Path) -> Path:
    if not path.is_dir():
        return path
    candidates = (path / "evals" / "evals.json", path / "evals.json", path / "skill_meta.json")
    found = next((candidate for candidate in candidates if candidate.is_file()), None)
    if found is None:
        raise CasesError(f"{path} has no evals.json and no skill_meta.json: name a file of cases")
    return found


def _upskill(number: int, row: Any) -> Case:
    case = _UpskillCase.model_validate(row)
    files = (case.context.files if case.context else None) or {}
    prompt = case.input + "".join(f"\n\n```{name}\n{text}\n```" for name, text in files.items())
    needs = f"the validator {case.validator!r} is upskill's own" if case.validator else ""
    return Case(str(number), prompt, tuple(case.expected.contains), unsupported=needs)


def _documented(path: Path, row: Any) -> Case:
    case = _DocumentedCase.model_validate(row)
    # Paths are given from the Skill's folder.
    root = path.parent.parent if path.parent.name == "evals" else path.parent
    prompt = case.prompt
    for name in case.files:
        file = root / name
        if not file.is_file():
            raise CasesError(f"{path} names {name}, which is not there: add it, or remove its name")
        prompt += f"\n\n```{name}\n{file.read_text(encoding='utf-8', errors='replace')}\n```"
    told = (f"The answer is like this: {case.expected_output}",) if case.expected_output else ()
    return Case(str(case.id), prompt, assertions=(*case.assertions, *told))


@task
def skill_cases(
    cases: str,
    skill: str | None = None,
    variant: str | None = None,
    inline_budget: int = INLINE_BUDGET,
    epochs: int = 1,
    grader: str | None = None,
) -> Task:
    """Cases with one variant: a weaker test than `kernel_skill`, for users of upskill.

    Args:
        cases: a file of cases, or the folder of a Skill that holds some.
        skill: the Skill, as `kernel_skill` takes it.
        variant: `none`, `prompt`, `sham` or `skill`; by default the Skill where there is one.
        inline_budget: the estimated tokens up to which references are delivered.
        epochs: how often each case is asked.
        grader: the model that grades assertions in words; without one they are not scored.

    Raises:
        UsageError: the cases or the Skill cannot be read.
    """
    loaded = load_skill(skill) if skill is not None else None
    choice = variant or ("skill" if skill is not None else "none")
    made = make_variant(loaded, choice, inline_budget)
    found = load_cases(cases)
    solvers: list[Solver] = []
    if made.message is not None:
        solvers.append(deliver_inline(skill, choice, inline_budget))
    return Task(
        dataset=MemoryDataset(
            [
                Sample(
                    id=case.id,
                    input=case.prompt,
                    target="\n".join(case.assertions),
                    metadata={
                        "contains": list(case.contains),
                        "assertions": list(case.assertions),
                        "unsupported": case.unsupported,
                    },
                )
                for case in found
            ],
            name=Path(cases).stem,
        ),
        solver=[*solvers, generate()],
        scorer=answer_contains(grader),
        epochs=Epochs(epochs, "mean"),
        name="skill_cases",
        version=f"1-{_content_digest(found, made)}",
        metadata={
            "variant": made.name,
            "cases": cases,
            "skill": {"name": loaded.name, "fingerprint": loaded.fingerprint} if loaded else None,
        },
    )


def _content_digest(cases: tuple[Case, ...], variant: Variant) -> str:
    # Inspect does not look into files: edited cases or an edited Skill must show in the version.
    content = repr((cases, variant.fingerprint, variant.message))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:12]


@scorer(metrics=[mean(), stderr()])
def answer_contains(grader: str | None = None) -> Scorer:
    """Score 1 if the answer contains every expected text, in any case of letters, else 0.

    Args:
        grader: the model that grades the assertions of cases that expect no texts.
    """
    graded = model_graded_qa(model=grader) if grader is not None else None

    async def score(state: TaskState, target: Target) -> Score | None:
        answer = state.output.completion
        wanted: list[str] = state.metadata["contains"]
        if reason := state.metadata["unsupported"]:
            return Score.unscored(reason="unsupported", answer=answer, explanation=reason)
        if not wanted and state.metadata["assertions"]:
            if graded is None:
                words = "its assertions are words: name a grader"
                return Score.unscored(reason="no_grader", answer=answer, explanation=words)
            verdict = await graded(state, target)
            passed = verdict is not None and verdict.value == "C"
            explanation = verdict.explanation if verdict is not None else None
            return Score(value=int(passed), answer=answer, explanation=explanation)
        missing = [text for text in wanted if text.lower() not in answer.lower()]
        said = f"it lacks {', '.join(map(repr, missing))}" if missing else "it contains all"
        return Score(
            value=int(not missing),
            answer=answer,
            explanation=said,
            metadata={"found": len(wanted) - len(missing), "wanted": len(wanted)},
        )

    return score
