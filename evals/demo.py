"""The demo: recorded completions with and without a Skill, judged live on this machine's CPU."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path

import click
from inspect_ai import Task
from inspect_ai.model import get_model

from ..results.compare import Places, compare_logs
from ..scorers.judge.build import require_compiler
from ..scorers.judge.sandbox import strongest_sandbox
from ..skills.skill import SHIPPED_SKILLS
from .grid import make_folder, run_grid, samples_done
from .kernel_skill import kernel_skill
from .progress import judging_progress
from .recording import load_recording

RECORDING = "claude-cpp"
REPOSITORIES = "claude-kernel-repos"
_HARDWARE = "cpu-x86_64"
_SKILL = SHIPPED_SKILLS / "cpu-kernels"


def run_demo(log_dir: Path, *, fresh: bool, as_json: bool, kernel_repos: bool = False) -> None:
    """Judge the recorded completions, or what is left of them, and print the comparison.

    Args:
        log_dir: where the logs, the evidence and the report go.
        fresh: set an earlier run in that folder aside, and start over.
        as_json: end with one JSON object on stdout instead of tables.
        kernel_repos: judge whole kernel repositories instead of single kernels.

    Raises:
        ToolchainError: there is no g++.
        UsageError: the folder cannot be used.
    """
    require_compiler("cpu")
    make_folder(log_dir)
    if fresh:
        _set_aside(log_dir)
    sandbox = strongest_sandbox("cpu")
    # The completions ship with this package, so they are trusted as much as it is.
    unsafe = sandbox.level == "process"
    if unsafe:
        click.echo(
            "no sandbox works here: judging the shipped completions under limits alone "
            "(for kernels of your own, install bubblewrap)",
            err=True,
        )
    begin = time.monotonic()
    name = REPOSITORIES if kernel_repos else RECORDING
    recording = load_recording(name)
    evidence = str(log_dir / "evidence")
    arms = (
        _repository_arms(evidence, unsafe=unsafe)
        if kernel_repos
        else [
            kernel_skill(skill=skill, recording=name, evidence_dir=evidence, unsafe=unsafe)
            for skill in (None, str(_SKILL))
        ]
    )
    total = sum(1 for _, eval_task, _ in recording.completions if f"/{_HARDWARE}/" in eval_task)
    done = samples_done(log_dir)
    _say(
        f"{total} recorded completions: {done} judged already"
        if done
        else f"{total} recorded completions of a real model, judged live on this CPU"
    )
    with judging_progress(total, done):
        run_grid(arms, [get_model(f"recorded/{recording.model}")], log_dir)
    result = compare_logs([log_dir], Places(log_dir / "report.html"))
    if as_json:
        click.echo(json.dumps({**result.to_json(), "log_dir": str(log_dir)}))
    else:
        click.echo(result.text)
    _say(f"{time.monotonic() - begin:.0f} s in all")


def _repository_arms(evidence: str, *, unsafe: bool) -> list[Task]:
    recorded = load_recording(REPOSITORIES).completions
    variants = [variant for variant, eval_task, _ in recorded if f"/{_HARDWARE}/" in eval_task]
    return [
        kernel_skill(
            variant=variant,
            suite="demo-kernel-repos",
            hardware=_HARDWARE,
            recording=REPOSITORIES,
            evidence_dir=evidence,
            unsafe=unsafe,
        )
        for variant in dict.fromkeys(variants)
    ]


def _say(text: str) -> None:
    click.echo(text, err=True)


def _set_aside(log_dir: Path) -> None:
    if any(log_dir.iterdir()):
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        log_dir.rename(log_dir.with_name(f"{log_dir.name}.{stamp}"))
        log_dir.mkdir()
