"""`skilldyno prompts`: a grid's prompts taken to any model or agent, and its completions back."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import click
from inspect_ai.model import get_model

from ..results.compare import Places, compare_logs
from ..scorers.executors.chosen import PACK, judged_at
from ..tasks.errors import UsageError
from .completions import Findings, read_completions
from .eval_skills import EvalRequest, make_arms
from .exported import Format, Prompt, load_export, write_export
from .grid import make_folder, run_grid, samples_done
from .progress import judging_progress
from .recording import RecordedCompletion, Recording, load_recording, write_recording

_SHOWN = 10
_MEANING = {
    "unknown": "for prompts that this grid does not have",
    "duplicates": "for prompts that have a completion already, which stays",
    "unusable": "without a completion",
    "truncated": "cut off; taken all the same",
    "missing": "still without a completion",
}


class NoCompletionsError(UsageError):
    """Files of completions that hold none for the grid."""


def export_command(
    request: EvalRequest, folder: Path, form: Format, model: str | None, *, as_json: bool
) -> None:
    """Write every prompt of a grid, and say where.

    Raises:
        UsageError: the grid cannot be made, or the folder not be used.
    """
    prompts = write_export(request, folder, form, model)
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "prompts": [p.id for p in prompts]}))
        return
    where = {
        "jsonl": f"{folder / 'prompts.jsonl'}; add a field `completion` to each line",
        "openai-batch": f"{folder / 'batch.jsonl'}, for the batch interface of OpenAI or vLLM",
        "markdown": f"{folder / 'prompts'}; {folder / 'README.md'} says what to do with them",
    }[form]
    click.echo(f"{len(prompts)} prompts in {where}.")
    click.echo(f"Then: skilldyno prompts import {folder} COMPLETIONS --model NAME")


def import_command(
    folder: Path,
    paths: tuple[Path, ...],
    model: str,
    log_dir: Path | None,
    judge: str,
    *,
    unsafe: bool,
    as_json: bool,
) -> None:
    """Make logs of completions, judge them, and print the comparison.

    Args:
        folder: where the prompts were exported to.
        paths: files or folders of completions.
        model: the model that made them.
        log_dir: where the logs go; by default `logs` in the folder.
        judge: where they are judged; `pack` leaves it to `skilldyno pack` or `skilldyno score`.
        unsafe: judge without a sandbox where none works.
        as_json: print one JSON object on stdout instead of tables.

    Raises:
        UsageError: the grid, a file or the machine is not usable.
        RunError: completions are missing.
    """
    request, prompts = load_export(folder, unsafe=unsafe)
    name = re.sub(r"[^\w.-]+", "-", model)
    path = folder / f"completions-{name}.jsonl"
    earlier = _earlier(path, prompts)
    found = read_completions(paths, prompts, earlier)
    if not found.taken:
        raise NoCompletionsError(
            f"{', '.join(map(str, paths))}: there is no completion for a prompt of {folder}: "
            "import what was made from this export"
        )
    _write(path, model, prompts, found.taken)
    click.echo(_describe(found, len(earlier), len(prompts)), err=True)
    if as_json:
        click.echo(json.dumps(_to_json(found)))
    logs = log_dir or folder / "logs"
    make_folder(logs)
    with judged_at(judge):
        arms = make_arms(
            replace(request, recording=str(path), judge=judge), logs.absolute() / "evidence"
        )
        progress = judging_progress(len(prompts), samples_done(logs)) if judge != PACK else None
        with progress or nullcontext():
            run_grid(arms, [get_model(f"recorded/{model}")], logs, beside_others=True)
    if judge == PACK:
        click.echo(f"{logs}: to be judged by `skilldyno score` or `skilldyno pack`", err=True)
    elif not as_json:
        click.echo(compare_logs([logs], Places(logs / "report.html")).text)


def _earlier(path: Path, prompts: list[Prompt]) -> dict[str, RecordedCompletion]:
    if not path.exists():
        return {}
    completions = load_recording(str(path)).completions
    # The recording is read once more after it has grown.
    load_recording.cache_clear()
    keys = {p.id: (p.variant.name, p.eval_task, p.epoch) for p in prompts}
    return {id: completions[key] for id, key in keys.items() if key in completions}


def _write(
    path: Path, model: str, prompts: list[Prompt], taken: dict[str, RecordedCompletion]
) -> None:
    skills = {p.variant.name: p.variant.skill.fingerprint for p in prompts if p.variant.skill}
    completions = {
        (p.variant.name, p.eval_task, p.epoch): taken[p.id] for p in prompts if p.id in taken
    }
    write_recording(Recording(path, model, skills, completions), "skilldyno prompts import")


def _to_json(found: Findings) -> dict[str, object]:
    return {"taken": sorted(found.taken), **{name: getattr(found, name) for name in _MEANING}}


def _describe(found: Findings, earlier: int, total: int) -> str:
    lines = [f"{len(found.taken)} of {total} completions, {earlier} of them from earlier imports"]
    for name, meaning in _MEANING.items():
        listed: list[str] = getattr(found, name)
        if listed:
            lines.append(f"{len(listed)} {meaning}:")
            lines += [f"  {each}" for each in listed[:_SHOWN]]
            if len(listed) > _SHOWN:
                lines.append(f"  and {len(listed) - _SHOWN} more, which --json lists")
    return "\n".join(lines)
