"""The Inspect task: kernels for the operations of a suite, with or without a Skill."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from inspect_ai import Epochs, Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.solver import Solver, generate

from ..scorers.executors.chosen import chosen_executor
from ..scorers.job import parse_archs
from ..scorers.judge.files import judge_digest
from ..scorers.kernel import scorer_for
from ..skills.kept import keep_files
from ..skills.skill import INLINE_BUDGET, load_skill
from ..skills.variants import Delivery, Variant, VariantError, make_variant
from ..tasks.catalogue import add_operations
from ..tasks.eval_task import EvalTask
from ..tasks.hardware import HardwareProfile, load_profile
from ..tasks.kernelbench import problem_suite
from ..tasks.language import Language
from ..tasks.problem import Problem
from ..tasks.prompt import write_prompt
from ..tasks.suite import Suite, load_suite
from .agent import AgentBudget, Working, agent_sandbox, kernel_file
from .digests import setting_digest, task_version
from .recording import load_recording
from .solvers import deliver_by_tool, deliver_inline, note_activation, replay
from .turns import in_turn

Judging = Literal["here", "later"]
Mode = Literal["single", "agent"]


@task
def kernel_skill(
    skill: str | None = None,
    variant: str | None = None,
    delivery: Delivery = "inline",
    inline_budget: int = INLINE_BUDGET,
    suite: str = "demo",
    hardware: str = "auto",
    language: Language | None = None,
    epochs: int | None = None,
    recording: str | None = None,
    evidence_dir: str | None = None,
    unsafe: bool = False,
    judging: Judging = "here",
    ops: str | None = None,
    compile_for: str | None = None,
    kernelbench: str | None = None,
    level: int = 1,
    problems: str | None = None,
    mode: Mode = "single",
    agent: str = "react",
    judge_calls: int = AgentBudget.judge_calls,
    agent_seconds: int = AgentBudget.seconds,
    agent_tokens: int = AgentBudget.tokens,
) -> Task:
    """One arm: a suite's eval tasks, with one variant.

    Args:
        skill: the Skill: a folder, a zip, `path@REV`, `git+URL@REV#FOLDER` or `hf://OWNER/NAME`.
        variant: `none`, `prompt`, `sham`, `skill`, `without:PART` or `only:PART`; by default
            `skill` where there is one, else `none`. With a recording also the name of one of its
            variants whose Skill is not here.
        delivery: `inline`, in a system message, or `tool`, where the model opens the files.
        inline_budget: the estimated tokens up to which references are delivered inline.
        suite: a suite's name or file.
        hardware: a profile's name, or `auto`: one to judge on, or the suite's if judged later.
        language: of the kernels; by default the suite's.
        epochs: how often each eval task is asked; by default what the suite says.
        recording: replay the completions of this recording instead of calling the model.
        evidence_dir: the folder for whole evidence records; by default `evidence` in Inspect's
            log folder.
        unsafe: judge without a sandbox where none works.
        judging: `later` leaves the completions to `skilldyno pack` or `skilldyno score`.
        ops: a folder of operations of one's own, which the suite may name.
        compile_for: archs such as `sm_80,sm_90a` that each CUDA candidate is built for besides; the
            share that builds is the metric `compat`.
        kernelbench: instead of a suite, KernelBench problems: a problem's file, a folder of files,
            or a dataset's folder or Hub id. The judge executes them, so they must be trusted.
        level: the level of KernelBench to take.
        problems: numbers of KernelBench problems such as `1,19,23-25`; by default all of the level.
        mode: `single`, one completion, or `agent`: a model that works in a sandbox with a shell,
            an editor and the judge.
        agent: `react`, or `claude_code` or `codex_cli` of inspect_swe.
        judge_calls: how often an agent may ask the judge.
        agent_seconds: wall time of an agent, without waiting for the judge.
        agent_tokens: tokens of an agent, input and output together.

    Raises:
        UsageError: the Skill, variant, suite, profile or recording is missing or invalid.
    """
    if ops is not None:
        add_operations(Path(ops))
    chosen = problem_suite(kernelbench, level, problems) if kernelbench else load_suite(suite)
    if language is not None and language != chosen.language:
        chosen = chosen.in_language(language)
    profile = _profile(chosen, hardware, judging if mode == "single" else "here")
    eval_tasks = [EvalTask(each, profile, chosen.language) for each in chosen.asked()]
    choice = variant or ("skill" if skill is not None else "none")
    made = _variant(skill, choice, inline_budget, delivery, recording)
    folder = evidence_dir or str(Path(os.environ.get("INSPECT_LOG_DIR", "logs")) / "evidence")
    archs = parse_archs(compile_for, chosen.language) if compile_for else ()
    working = None
    if mode == "agent":
        working = Working(agent, AgentBudget(judge_calls, agent_seconds, agent_tokens), unsafe)
        working.require(chosen.language, recording)
    setting = setting_digest(
        judge_digest(),
        [(each.operation.digest, write_prompt(each)) for each in eval_tasks],
        archs,
        working.describe() if working is not None else None,
    )
    return Task(
        dataset=MemoryDataset([_sample(t, archs, working) for t in eval_tasks], name=chosen.name),
        solver=_solvers(skill, choice, made, inline_budget, recording, working),
        scorer=scorer_for(chosen.language, made.name, folder, unsafe)
        if judging == "here"
        else None,
        sandbox=agent_sandbox() if working is not None else None,
        epochs=Epochs(epochs or chosen.epochs, "mean"),
        name="kernel_skill",
        version=task_version(setting, made.delivery, made.fingerprint, made.message),
        metadata={
            **_describe(made, inline_budget),
            "suite": chosen.name,
            "hardware": profile.name,
            "language": chosen.language,
            "mode": mode,
            "judge_digest": judge_digest(),
            "setting_digest": setting,
            **({"compile_for": list(archs)} if archs else {}),
            **(working.describe() if working is not None else {}),
        },
    )


def _variant(
    skill: str | None, choice: str, budget: int, delivery: Delivery, recording: str | None
) -> Variant:
    loaded = load_skill(skill) if skill is not None else None
    # A Skill that a recording was made with need not be at hand: its name and revision will do.
    if recording is not None and loaded is None and "@" in choice:
        return Variant(choice, None, None, "inline", {})
    return make_variant(loaded, choice, budget, delivery)


def _solvers(
    skill: str | None,
    choice: str,
    variant: Variant,
    budget: int,
    recording: str | None,
    working: Working | None,
) -> list[Solver]:
    opens = skill if variant.delivery == "tool" else None
    if recording is not None and opens is not None:
        raise VariantError("A recording opens no files; leave out delivery 'tool'.")
    delivered: list[Solver] = []
    if opens is None and variant.message is not None:
        delivered.append(deliver_inline(skill, choice, budget))
    if working is not None:
        return [*delivered, in_turn(working.solver(opens, choice, budget), variant.name)]
    if recording is not None:
        return [*delivered, replay(recording, load_recording(recording).variant_of(variant))]
    if opens is not None:
        asked = deliver_by_tool(opens, choice, budget), in_turn(generate(), variant.name)
        return [*asked, note_activation(opens, choice, budget)]
    return [*delivered, in_turn(generate(), variant.name)]


def _profile(chosen: Suite, hardware: str, judging: str) -> HardwareProfile:
    if judging == "later":
        return load_profile(chosen.hardware if hardware == "auto" else hardware)
    return chosen_executor().hardware(hardware, chosen.language)


def _sample(eval_task: EvalTask, archs: tuple[str, ...], working: Working | None) -> Sample:
    operation = eval_task.operation
    return Sample(
        id=eval_task.id,
        input=write_prompt(eval_task, kernel_file(eval_task.language) if working else None),
        metadata={
            "op": operation.name,
            "family": operation.family,
            "hardware": eval_task.hardware.name,
            "language": eval_task.language,
            "op_digest": operation.digest,
            # So that what is judged later, or elsewhere, needs the set of problems no more.
            **({"problem": operation.text} if isinstance(operation, Problem) else {}),
            **({"compile_for": list(archs)} if archs else {}),
        },
    )


def _describe(variant: Variant, budget: int) -> dict[str, Any]:
    described = None
    if (skill := variant.skill) is not None:
        described = {
            "name": skill.name,
            "fingerprint": skill.fingerprint,
            "tokens": variant.tokens,
            "source": skill.source,
            "files": keep_files(skill),
        }
    return {
        "variant": variant.name,
        "skill": described,
        "delivery": variant.delivery,
        "inline_budget": budget,
        "tokens": variant.tokens,
        **variant.about,
    }
