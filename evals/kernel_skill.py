"""The Inspect task: kernels for the operations of a suite, with or without a Skill."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Literal

from inspect_ai import Epochs, Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.solver import Solver, generate

from ..scorers.judge.files import judge_digest
from ..scorers.kernel import kernel_quality
from ..skills.skill import Skill, load_skill
from ..tasks.eval_task import EvalTask
from ..tasks.hardware import HardwareProfile, detect_hardware, load_profile, require_this_machine
from ..tasks.operation import load_operation
from ..tasks.prompt import write_prompt
from ..tasks.suite import Suite, load_suite
from .recording import load_recording
from .solvers import deliver_skill, replay

# The first number rises with whatever makes scores incomparable with earlier ones.
COMPARABILITY = 1


@task
def kernel_skill(
    skill: str | None = None,
    suite: str = "demo",
    hardware: str = "auto",
    recording: str | None = None,
    evidence_dir: str | None = None,
    unsafe: bool = False,
    judging: Literal["here", "later"] = "here",
) -> Task:
    """One arm: a suite's eval tasks, with one variant.

    Args:
        skill: the folder of the Skill, or None for the variant `none`.
        suite: a suite's name or file.
        hardware: a profile's name, or `auto`: this machine, or the suite's if judged later.
        recording: replay the completions of this recording instead of calling the model.
        evidence_dir: the folder for whole evidence records; by default `evidence` in Inspect's
            log folder.
        unsafe: judge without a sandbox where none works.
        judging: `later` leaves the completions to `skilldyno pack` or `skilldyno score`.

    Raises:
        UsageError: the Skill, suite, profile or recording is missing or invalid.
    """
    chosen = load_suite(suite)
    profile = _profile(chosen, hardware, judging)
    eval_tasks = [
        EvalTask(load_operation(name), profile, chosen.language) for name in chosen.operations
    ]
    loaded = load_skill(skill) if skill is not None else None
    variant = loaded.variant if loaded is not None else "none"
    solvers: list[Solver] = [deliver_skill(skill)] if skill is not None else []
    if recording is not None:
        solvers.append(replay(recording, load_recording(recording).variant_of(loaded)))
    else:
        solvers.append(generate())
    folder = evidence_dir or str(Path(os.environ.get("INSPECT_LOG_DIR", "logs")) / "evidence")
    return Task(
        dataset=MemoryDataset([_sample(t) for t in eval_tasks], name=chosen.name),
        solver=solvers,
        scorer=kernel_quality(variant, folder, unsafe) if judging == "here" else None,
        epochs=Epochs(chosen.epochs, "mean"),
        name="kernel_skill",
        version=f"{COMPARABILITY}-{_content_digest(eval_tasks, loaded)}",
        metadata={
            **_describe(loaded),
            "suite": chosen.name,
            "hardware": profile.name,
            "language": chosen.language,
            "judge_digest": judge_digest(),
        },
    )


def _profile(chosen: Suite, hardware: str, judging: str) -> HardwareProfile:
    if judging == "later":
        return load_profile(chosen.hardware if hardware == "auto" else hardware)
    profile = detect_hardware(chosen.language) if hardware == "auto" else load_profile(hardware)
    require_this_machine(profile)
    return profile


def _sample(eval_task: EvalTask) -> Sample:
    operation = eval_task.operation
    return Sample(
        id=eval_task.id,
        input=write_prompt(eval_task),
        metadata={
            "op": operation.name,
            "family": operation.family,
            "hardware": eval_task.hardware.name,
            "language": eval_task.language,
            "op_digest": operation.digest,
        },
    )


def _describe(skill: Skill | None) -> dict[str, Any]:
    described = None
    if skill is not None:
        described = {"name": skill.name, "fingerprint": skill.fingerprint, "tokens": skill.tokens}
    variant = skill.variant if skill is not None else "none"
    return {"variant": variant, "skill": described, "delivery": "inline"}


def _content_digest(eval_tasks: list[EvalTask], skill: Skill | None) -> str:
    # Inspect does not look into files that a task reads: an edited Skill, op or judge must show
    # in the version, or a resumed run would mix old and new.
    digest = hashlib.sha256(judge_digest().encode())
    for eval_task in eval_tasks:
        digest.update(eval_task.operation.digest.encode())
        digest.update(write_prompt(eval_task).encode())
    digest.update((skill.fingerprint if skill is not None else "none").encode())
    return digest.hexdigest()[:12]
