"""The grid of arms, run by Inspect's `eval_set`: resumable, all arms side by side in time."""

from __future__ import annotations

import errno
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval_set
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.log import EvalSampleSummary
from inspect_ai.model import GenerateConfig, Model, ModelUsage

from ..results.logs import is_done, logs_in, read_header, read_summaries, select_logs
from ..results.prices import load_prices
from ..scorers.executors.chosen import chosen_executor
from ..scorers.executors.journal import keeping_journals
from ..tasks.errors import RunError, UsageError
from .budget import Budget
from .providers import TRANSPORT
from .turns import Turns, taking_turns

Arms = set[tuple[int | str, str]]
"""Versions of tasks with names of models."""

MAX_SAMPLES = 1000
_ACCESS = ("base_url", "api_key")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class GridError(UsageError):
    """A grid that cannot be started or resumed in its log folder."""


class IncompleteRunError(RunError):
    """A grid that ended with samples missing or in error."""


class InterruptedRunError(RunError):
    """A grid that the user stopped."""

    exit_code = 130


@dataclass(frozen=True)
class Progress:
    """What the logs of a folder hold of a grid.

    Attributes:
        done: scored samples.
        errors: what stopped others, and how often.
        usages: what each of the samples used, by model.
    """

    done: int
    errors: Counter[str]
    usages: tuple[Mapping[str, ModelUsage], ...]


def read_progress(log_dir: Path, arms: Arms | None = None) -> Progress:
    """Read what the logs of a folder hold, of each task those that count.

    Args:
        log_dir: the folder; it need not exist.
        arms: versions of tasks and names of models that count; by default all.
    """
    held: list[list[EvalSampleSummary]] = []
    logs = logs_in(log_dir)
    for log in select_logs(logs) if logs else []:
        header = read_header(log).eval
        if arms is None or (header.task_version, header.model) in arms:
            held.append(read_summaries(log))
    samples = [sample for summaries in held for sample in summaries]
    return Progress(
        done=sum(map(is_done, samples)),
        errors=Counter(sample.error for sample in samples if sample.error),
        usages=tuple(sample.model_usage for sample in samples),
    )


def samples_done(log_dir: Path) -> int:
    """How many scored samples the logs of a folder hold."""
    return read_progress(log_dir).done


def arms_of(tasks: Iterable[Task], models: Collection[str]) -> Arms:
    """The arms of a grid, as `read_progress` takes them."""
    return set(product((task.version for task in tasks), models))


def run_grid(
    tasks: list[Task],
    models: list[Model],
    log_dir: Path,
    *,
    epochs: int | None = None,
    beside_others: bool = False,
    budget: Budget | None = None,
) -> None:
    """Run every arm to its end, or resume it.

    Args:
        tasks: one a variant.
        models: each runs every task.
        log_dir: the folder of the run's logs; finished samples in it are kept.
        epochs: instead of the tasks' own; more than before adds only those that are missing.
        beside_others: let the folder hold other arms of the same setting, such as an earlier
            revision of a Skill.
        budget: what may be spent; without one, any amount.

    Raises:
        GridError: the folder holds logs of something else, or cannot be written.
        InterruptedRunError: the user stopped it.
        IncompleteRunError: samples are missing after Inspect's retries, or the disk is full.
    """
    make_folder(log_dir)
    if beside_others:
        _refuse_other_settings(tasks, models, log_dir)
    connections = {
        str(model): model.config.max_connections or model.api.max_connections() for model in models
    }
    turns = Turns(connections, budget or Budget(None, load_prices()))
    with keeping_journals(log_dir / "evidence"):
        _run(tasks, models, log_dir, epochs, turns, beside_others=beside_others)
        _require_complete(tasks, models, log_dir, epochs, turns.problems)


def _run(
    tasks: list[Task],
    models: list[Model],
    log_dir: Path,
    epochs: int | None,
    turns: Turns,
    *,
    beside_others: bool,
) -> None:
    try:
        # Inspect says on stdout when there is nothing left to do; stdout is for results.
        with redirect_stdout(sys.stderr), taking_turns(turns):
            eval_set(
                tasks,
                model=models,
                log_dir=str(log_dir),
                epochs=epochs,
                max_tasks=len(tasks) * len(models),
                # Judging is serial anyway; with every sample waiting, all builds come first.
                max_samples=MAX_SAMPLES,
                log_buffer=1,
                retry_attempts=2,
                retry_wait=1,
                display="none",
                score_display=False,
                # A log with a sample in error must not count as done: it is gone on with.
                fail_on_error=True,
                continue_on_fail=True,
                log_dir_allow_dirty=beside_others,
            )
    except PrerequisiteError as error:
        raise GridError(
            f"{log_dir} holds logs of other tasks or of other versions of these: "
            "start over with --fresh, or choose another --log-dir"
        ) from error
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise IncompleteRunError(
            f"{log_dir} cannot be written ({error.strerror}): make room, and the same command goes "
            "on from there"
        ) from error
    finally:
        chosen_executor().close()


def _refuse_other_settings(tasks: list[Task], models: list[Model], log_dir: Path) -> None:
    wanted = {(task.metadata or {}).get("setting_digest") for task in tasks}
    opened = {str(model): model for model in models}
    for log in logs_in(log_dir):
        header = read_header(log).eval
        if (header.metadata or {}).get("setting_digest") not in wanted:
            raise GridError(
                f"{log_dir} holds logs of another suite, or of another version of the operations "
                "or the judge: choose another --log-dir"
            )
        model = opened.get(header.model)
        if model is None:
            continue
        logged = _settings(header.model_generate_config, header.model_args)
        if logged != _settings(model.config, model.model_args):
            raise GridError(
                f"{log_dir} holds logs of {model} with other settings: "
                "give the same -G and -M, or choose another --log-dir"
            )


def _settings(config: GenerateConfig, arguments: Mapping[str, Any]) -> dict[str, Any]:
    # Where a model is reached, and with which key, is not in question.
    same = {name: value for name, value in arguments.items() if name not in _ACCESS}
    return {**config.model_dump(exclude_none=True, exclude=TRANSPORT), **same}


def _require_complete(
    tasks: list[Task],
    models: list[Model],
    log_dir: Path,
    epochs: int | None,
    problems: Counter[str],
) -> None:
    # Inspect's own word is not enough: a set of logs can be a success with samples in error.
    expected = sum(len(task.dataset) * (epochs or task.epochs or 1) for task in tasks)
    expected *= len(models)
    progress = read_progress(log_dir, arms_of(tasks, [str(model) for model in models]))
    if progress.done >= expected:
        return
    resume = f"in {log_dir}: the same command goes on from there"
    logs = map(read_header, logs_in(log_dir))
    if any(log.status == "cancelled" for log in logs):
        raise InterruptedRunError(
            f"interrupted with {progress.done} of {expected} samples done {resume}"
        )
    missing = f"{expected - progress.done} of {expected} samples are missing {resume}"
    if reasons := problems or progress.errors:
        reason = reasons.most_common(1)[0][0].strip().partition("\n")[0]
        raise IncompleteRunError(f"{reason}; {missing}")
    raise IncompleteRunError(missing)


def make_folder(folder: Path) -> None:
    """Make sure that a folder exists and can be written.

    Raises:
        GridError: it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise GridError(
            f"{folder} cannot be written ({error.strerror}): choose another --log-dir"
        ) from error
