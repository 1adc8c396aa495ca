"""`skilldyno eval`: Skills beside their controls, with one model or several."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import click
from inspect_ai import Task
from inspect_ai.model import Model, get_model
from tabulate import tabulate

from ..results.compare import compare_logs
from ..skills.skill import Skill, load_skill
from ..skills.variants import Delivery, ablation_choices
from ..tasks.errors import UsageError
from .grid import run_grid, samples_done
from .kernel_skill import kernel_skill
from .progress import judging_progress


class EvalError(UsageError):
    """An evaluation that cannot be run as it was asked for."""


@dataclass(frozen=True)
class EvalRequest:
    """What to evaluate.

    Attributes:
        skills: where the Skills are read from.
        models: names of models, by Inspect.
        suite: a suite's name or file.
        hardware: a profile's name, or `auto`.
        epochs: how often each eval task is asked; None as the suite says.
        sham: with an arm of inert text as long as the first Skill.
        prompt: with an arm of generic advice.
        ablate: with two arms for each part of each Skill: without it, and it alone.
        delivery: how the Skills reach the model.
        inline_budget: the estimated tokens up to which references are delivered inline.
        recording: completions to replay instead of calling the models.
        compile_for: archs that each CUDA candidate is built for besides, for the metric `compat`.
        kernelbench: KernelBench problems instead of the suite, as `load_problems` takes them.
        level: their level.
        problems: numbers of some of them, or None for all.
        unsafe: judge without a sandbox where none works.
    """

    skills: tuple[str, ...]
    models: tuple[str, ...]
    suite: str
    hardware: str
    epochs: int | None
    sham: bool
    prompt: bool
    ablate: bool
    delivery: Delivery
    inline_budget: int
    recording: str | None
    compile_for: str | None
    kernelbench: str | None
    level: int
    problems: str | None
    unsafe: bool


def eval_command(request: EvalRequest, log_dir: Path, *, dry_run: bool, as_json: bool) -> None:
    """Run the arms, or what is left of them, and print the comparison.

    Args:
        request: what to evaluate.
        log_dir: where the logs, the evidence and the report go; other arms of the same suite in
            it are left as they are, and compared too.
        dry_run: print the arms, and run nothing.
        as_json: print one JSON object on stdout instead of tables.

    Raises:
        UsageError: a Skill, model, suite or profile is not usable.
        RunError: samples are missing at the end.
    """
    arms = make_arms(request, log_dir / "evidence")
    if dry_run:
        click.echo(_plan(arms, request.models, as_json=as_json))
        return
    models = [_model(name) for name in request.models]
    begin = time.monotonic()
    total = sum(len(arm.dataset) * (arm.epochs or 1) for arm in arms) * len(models)
    with judging_progress(total, min(total, samples_done(log_dir))):
        run_grid(arms, models, log_dir, beside_others=True)
    result = compare_logs([log_dir], log_dir / "report.html")
    if as_json:
        click.echo(json.dumps({**result.to_json(), "log_dir": str(log_dir)}))
    else:
        click.echo(result.text)
    click.echo(f"{time.monotonic() - begin:.0f} s in all", err=True)


def make_arms(request: EvalRequest, evidence: Path) -> list[Task]:
    """Return one Inspect task for each variant, the controls first.

    Raises:
        EvalError: two of the Skills have the same name and content.
    """
    arms = [
        kernel_skill(
            skill=skill,
            variant=choice,
            delivery=request.delivery if skill is not None and choice != "sham" else "inline",
            inline_budget=request.inline_budget,
            suite=request.suite,
            hardware=request.hardware,
            epochs=request.epochs,
            recording=request.recording,
            evidence_dir=str(evidence),
            unsafe=request.unsafe,
            compile_for=request.compile_for,
            kernelbench=request.kernelbench,
            level=request.level,
            problems=request.problems,
        )
        for skill, choice in _choices(request)
    ]
    counts = Counter((arm.metadata or {})["variant"] for arm in arms)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise EvalError(f"{twice[0]} was given twice, with the same content; leave one out.")
    return arms


def _choices(request: EvalRequest) -> list[tuple[str | None, str]]:
    choices: list[tuple[str | None, str]] = [(None, "none")]
    if request.prompt:
        choices.append((None, "prompt"))
    if request.sham:
        choices.append((request.skills[0], "sham"))
    for source in request.skills:
        choices.append((source, "skill"))
        if request.ablate:
            loaded: Skill = load_skill(source)
            choices += [(source, c) for c in ablation_choices(loaded, request.inline_budget)]
    return choices


def _model(name: str) -> Model:
    from inspect_ai._util.error import PrerequisiteError

    try:
        return get_model(name)
    except (PrerequisiteError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise EvalError(f"The model {name} cannot be used: {reason}") from error


def _plan(arms: list[Task], models: tuple[str, ...], *, as_json: bool) -> str:
    rows = [
        {
            "variant": (arm.metadata or {})["variant"],
            "delivery": (arm.metadata or {})["delivery"],
            "tokens": (arm.metadata or {})["tokens"],
            "samples": len(arm.dataset) * (arm.epochs or 1) * max(1, len(models)),
        }
        for arm in arms
    ]
    if as_json:
        return json.dumps({"models": list(models), "arms": rows})
    return tabulate(
        [list(row.values()) for row in rows],
        headers=["variant", "delivery", "tokens added", "samples"],
        disable_numparse=True,
        colalign=("left", "left", "right", "right"),
    )
