"""`skilldyno eval`: Skills beside their controls, with one model or several."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import click
from inspect_ai import Task
from inspect_ai.model import ModelUsage

from ..results.compare import Places, compare_logs
from ..results.prices import Prices, load_prices
from ..scorers.executors.chosen import LOCAL, PACK, judged_at
from ..skills.skill import INLINE_BUDGET, Skill, load_skill
from ..skills.variants import Delivery, ablation_choices
from ..tasks.errors import UsageError
from ..tasks.language import Language
from .agent import AgentBudget
from .budget import Budget
from .grid import Progress, arms_of, read_progress, run_grid
from .kernel_skill import Mode, kernel_skill
from .preview import preview
from .progress import judging_progress
from .providers import open_model, read_arguments, read_settings


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
        language: of the kernels; None as the suite says.
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
        arguments: what the models' providers take besides, each NAME=VALUE.
        settings: settings of generation, by Inspect, each NAME=VALUE.
        cost_limit: dollars that the run may spend, earlier starts of it included.
        prices: a file of what tokens cost, before the shipped one.
        judge: where candidates are judged, as `judged_at` takes it; `pack` leaves that to
            `skilldyno pack` or `skilldyno score`.
        mode: `single`, one completion, or `agent`, a model that works with tools.
        agent: which agent.
        judge_calls: how often an agent may ask the judge.
        agent_seconds: an agent's wall time.
        agent_tokens: an agent's tokens.
    """

    skills: tuple[str, ...]
    models: tuple[str, ...] = ()
    suite: str = "demo"
    hardware: str = "auto"
    language: Language | None = None
    epochs: int | None = None
    sham: bool = False
    prompt: bool = False
    ablate: bool = False
    delivery: Delivery = "inline"
    inline_budget: int = INLINE_BUDGET
    recording: str | None = None
    compile_for: str | None = None
    kernelbench: str | None = None
    level: int = 1
    problems: str | None = None
    unsafe: bool = False
    arguments: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    cost_limit: float | None = None
    prices: Path | None = None
    judge: str = LOCAL
    mode: Mode = "single"
    agent: str = "react"
    judge_calls: int = AgentBudget.judge_calls
    agent_seconds: int = AgentBudget.seconds
    agent_tokens: int = AgentBudget.tokens


def eval_command(request: EvalRequest, log_dir: Path, *, dry_run: bool, as_json: bool) -> None:
    """Run the arms, or what is left of them, and print the comparison.

    Args:
        request: what to evaluate.
        log_dir: where the logs, the evidence and the report go; other arms of the same suite in
            it are left as they are, and compared too.
        dry_run: print the plan, and run nothing.
        as_json: print one JSON object on stdout instead of tables.

    Raises:
        UsageError: a Skill, model, suite, profile or price list is not usable.
        RunError: samples are missing at the end.
    """
    begin = time.monotonic()
    prices = load_prices(request.prices)
    with judged_at(request.judge):
        arms = make_arms(request, log_dir / "evidence")
        progress = read_progress(log_dir, arms_of(arms, request.models))
        before = preview(arms, request.models, prices, _used(progress))
        if dry_run:
            click.echo(before.to_json() if as_json else before.text())
            return
        _run(request, arms, progress, prices, log_dir, plan=before.text())
    if request.judge == PACK:
        click.echo(f"{log_dir}: to be judged by `skilldyno pack` or `skilldyno score`", err=True)
        return
    result = compare_logs([log_dir], Places(log_dir / "report.html"), prices=prices)
    if as_json:
        click.echo(json.dumps({**result.to_json(), "log_dir": str(log_dir)}))
    else:
        click.echo(result.text)
    click.echo(f"{time.monotonic() - begin:.0f} s in all", err=True)


def _run(
    request: EvalRequest,
    arms: list[Task],
    progress: Progress,
    prices: Prices,
    log_dir: Path,
    plan: str,
) -> None:
    settings, arguments = read_settings(request.settings), read_arguments(request.arguments)
    models = [open_model(name, arguments, settings) for name in request.models]
    budget = Budget(request.cost_limit, prices)
    budget.require_prices(request.models)
    for usages in progress.usages:
        budget.add(usages)
    if request.recording is None:
        click.echo(plan, err=True)
    total = sum(len(arm.dataset) * (arm.epochs or 1) for arm in arms) * len(models)
    with judging_progress(total, progress.done):
        run_grid(arms, models, log_dir, beside_others=True, budget=budget)


def _used(progress: Progress) -> dict[str, tuple[ModelUsage, ...]]:
    used: dict[str, list[ModelUsage]] = {}
    for usages in progress.usages:
        for model, usage in usages.items():
            used.setdefault(model, []).append(usage)
    return {model: tuple(each) for model, each in used.items()}


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
            language=request.language,
            epochs=request.epochs,
            recording=request.recording,
            evidence_dir=str(evidence),
            unsafe=request.unsafe,
            compile_for=request.compile_for,
            kernelbench=request.kernelbench,
            level=request.level,
            problems=request.problems,
            judging="later" if request.judge == PACK else "here",
            mode=request.mode,
            agent=request.agent,
            judge_calls=request.judge_calls,
            agent_seconds=request.agent_seconds,
            agent_tokens=request.agent_tokens,
        )
        for skill, choice in choices(request)
    ]
    counts = Counter((arm.metadata or {})["variant"] for arm in arms)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise EvalError(f"{twice[0]} was given twice, with the same content; leave one out.")
    return arms


def choices(request: EvalRequest) -> list[tuple[str | None, str]]:
    """Return each variant's source, if any, and its choice as `make_variant` takes it."""
    chosen: list[tuple[str | None, str]] = [(None, "none")]
    if request.prompt:
        chosen.append((None, "prompt"))
    if request.sham:
        chosen.append((request.skills[0], "sham"))
    for source in request.skills:
        chosen.append((source, "skill"))
        if request.ablate:
            loaded: Skill = load_skill(source)
            chosen += [(source, c) for c in ablation_choices(loaded, request.inline_budget)]
    return chosen
