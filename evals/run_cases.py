"""`skilldyno cases`: cases of upskill, with and without a Skill."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import click
from inspect_ai import eval_set
from inspect_ai.log import EvalLog

from ..results.logs import logs_in, read_log
from ..results.upskill_runs import export_runs
from ..tasks.errors import RunError
from .cases import skill_cases


class CasesRunError(RunError):
    """Cases that were not all answered."""


def cases_command(
    cases: str,
    skill: str | None,
    models: tuple[str, ...],
    log_dir: Path,
    *,
    epochs: int,
    grader: str | None,
    export: Path | None,
    as_json: bool,
) -> None:
    """Run cases with the variant none and with a Skill, and print the rates.

    Args:
        cases: a file of cases, or the folder of a Skill that holds some.
        skill: the Skill; by default `cases` itself where that is the folder of one.
        models: names of models, by Inspect.
        log_dir: where the logs go.
        epochs: how often each case is asked.
        grader: the model that grades assertions in words.
        export: a folder to write the results to in upskill's layout of runs.
        as_json: print one JSON object instead of lines.

    Raises:
        UsageError: the cases or the Skill cannot be read.
        CasesRunError: a case was not answered.
    """
    if skill is None and (Path(cases) / "SKILL.md").is_file():
        skill = cases
    arms = [
        skill_cases(cases, skill=skill, variant=variant, epochs=epochs, grader=grader)
        for variant in (("none", "skill") if skill is not None else ("none",))
    ]
    done, _ = eval_set(
        arms,
        model=list(models),
        log_dir=str(log_dir),
        log_dir_allow_dirty=True,
        display="none",
        score_display=False,
        retry_attempts=2,
        retry_wait=1,
    )
    versions = {arm.version for arm in arms}
    found = map(read_log, logs_in(log_dir))
    logs = [log for log in found if log.eval.task_version in versions and log.status == "success"]
    if not done or not logs:
        raise CasesRunError(f"not every case was answered; the logs in {log_dir} say why")
    rates = [_rate(log) for log in logs]
    if export is not None:
        export_runs(logs, export)
    if as_json:
        click.echo(json.dumps({"arms": rates, "log_dir": str(log_dir)}))
        return
    for rate in rates:
        found = f"{rate['passed']} of {rate['scored']} answers contain what they should"
        click.echo(f"{rate['model']}  {rate['variant']}: {found}")
        if rate["unscored"]:
            click.echo(f"  not scored: {rate['unscored']}")
    click.echo("Substrings say what is mentioned; `skilldyno eval` builds and runs kernels.")


def _rate(log: EvalLog) -> dict[str, Any]:
    values = [
        score.value
        for sample in log.samples or []
        for score in (sample.scores or {}).values()
        if isinstance(score.value, int | float)
    ]
    scored = [value for value in values if not math.isnan(value)]
    return {
        "model": log.eval.model,
        "variant": (log.eval.metadata or {})["variant"],
        "passed": int(sum(scored)),
        "scored": len(scored),
        "unscored": len(log.samples or []) - len(scored),
    }
