"""The grid of arms, run by Inspect's `eval_set`: resumable, all arms side by side in time."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path

from inspect_ai import Task, eval_set
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.log import list_eval_logs, read_eval_log, read_eval_log_sample_summaries
from inspect_ai.model import Model

from ..scorers.executors.local import local_executor
from ..tasks.errors import RunError, UsageError

_MAX_SAMPLES = 1000


class GridError(UsageError):
    """A grid that cannot be started or resumed in its log folder."""


class IncompleteRunError(RunError):
    """A grid that ended with samples missing or in error."""


class InterruptedRunError(RunError):
    """A grid that the user stopped."""

    exit_code = 130


def samples_done(log_dir: Path) -> int:
    """How many scored samples the logs of a folder hold."""
    if not log_dir.is_dir():
        return 0
    newest: dict[str, int] = {}
    for log in reversed(list_eval_logs(str(log_dir))):
        summaries = read_eval_log_sample_summaries(log)
        newest[log.task_id or log.name] = sum(1 for s in summaries if s.scores and not s.error)
    return sum(newest.values())


def run_grid(
    tasks: list[Task],
    models: list[Model],
    log_dir: Path,
    *,
    epochs: int | None = None,
    beside_others: bool = False,
) -> None:
    """Run every arm to its end, or resume it.

    Args:
        tasks: one a variant.
        models: each runs every task.
        log_dir: the folder of the run's logs; finished samples in it are kept.
        epochs: instead of the tasks' own; more than before adds only those that are missing.
        beside_others: let the folder hold other arms of the same setting, such as an earlier
            revision of a Skill.

    Raises:
        GridError: the folder holds logs of something else, or cannot be written.
        InterruptedRunError: the user stopped it.
        IncompleteRunError: samples are missing after Inspect's retries.
    """
    make_folder(log_dir)
    if beside_others:
        _refuse_other_settings(tasks, log_dir)
    try:
        # Inspect says on stdout when there is nothing left to do; stdout is for results.
        with redirect_stdout(sys.stderr):
            eval_set(
                tasks,
                model=models,
                log_dir=str(log_dir),
                epochs=epochs,
                max_tasks=len(tasks) * len(models),
                # Judging is serial anyway; with every sample waiting, all builds come first.
                max_samples=_MAX_SAMPLES,
                max_connections=_MAX_SAMPLES,
                log_buffer=1,
                retry_attempts=2,
                retry_wait=1,
                display="none",
                score_display=False,
                # Samples in error fail the log, so that it is taken up again, after the others ran.
                fail_on_error=True,
                continue_on_fail=True,
                log_dir_allow_dirty=beside_others,
            )
    except PrerequisiteError as error:
        raise GridError(
            f"{log_dir} holds logs of other tasks or of other versions of these: "
            "start over with --fresh, or choose another --log-dir"
        ) from error
    finally:
        local_executor().close()
    _require_complete(tasks, len(models), log_dir, epochs)


def _refuse_other_settings(tasks: list[Task], log_dir: Path) -> None:
    wanted = {(task.metadata or {}).get("setting_digest") for task in tasks}
    for log in list_eval_logs(str(log_dir)):
        header = read_eval_log(log, header_only=True)
        if (header.eval.metadata or {}).get("setting_digest") not in wanted:
            raise GridError(
                f"{log_dir} holds logs of another suite, or of another version of the operations "
                "or the judge: choose another --log-dir"
            )


def _require_complete(tasks: list[Task], models: int, log_dir: Path, epochs: int | None) -> None:
    # Inspect's own word is not enough: a set of logs can be a success with samples in error.
    expected = sum(len(task.dataset) * (epochs or task.epochs or 1) for task in tasks) * models
    versions = {task.version for task in tasks}
    logs = [read_eval_log(log, header_only=True) for log in list_eval_logs(str(log_dir))]
    complete = sum(
        log.results.completed_samples
        for log in logs
        if log.status == "success" and log.results and log.eval.task_version in versions
    )
    if complete >= expected:
        return
    resume = f"in {log_dir}: the same command goes on from there"
    if any(log.status == "cancelled" for log in logs):
        raise InterruptedRunError(
            f"interrupted with {samples_done(log_dir)} of {expected} samples done {resume}"
        )
    raise IncompleteRunError(f"{expected - complete} of {expected} samples are missing {resume}")


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
