"""The grid of arms, run by Inspect's `eval_set`: resumable, all arms side by side in time."""

from __future__ import annotations

from pathlib import Path

from inspect_ai import Task, eval_set
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.log import EvalLog, list_eval_logs, read_eval_log_sample_summaries
from inspect_ai.model import Model

from ..tasks.errors import UsageError

_MAX_SAMPLES = 1000


class GridError(UsageError):
    """A grid that cannot be started or resumed in its log folder."""


class IncompleteRunError(Exception):
    """A grid that ended with samples missing or in error."""


def samples_done(log_dir: Path) -> int:
    """How many samples the logs of a folder hold already, finished or not."""
    if not log_dir.is_dir():
        return 0
    newest: dict[str, int] = {}
    for log in reversed(list_eval_logs(str(log_dir))):
        summaries = read_eval_log_sample_summaries(log)
        newest[log.task_id or log.name] = sum(1 for s in summaries if s.completed)
    return sum(newest.values())


def run_grid(tasks: list[Task], model: Model, log_dir: Path) -> list[EvalLog]:
    """Run every arm to its end, or resume it.

    Args:
        tasks: one a variant.
        model: the model of the arms.
        log_dir: the folder of the run's logs; finished samples in it are kept.

    Raises:
        GridError: the folder holds logs of something else, or cannot be written.
        IncompleteRunError: samples are missing after Inspect's retries.
    """
    make_folder(log_dir)
    try:
        _, logs = eval_set(
            tasks,
            model=model,
            log_dir=str(log_dir),
            max_tasks=len(tasks),
            # Judging is serial anyway; with every sample waiting, all builds come first.
            max_samples=_MAX_SAMPLES,
            max_connections=_MAX_SAMPLES,
            log_buffer=1,
            retry_attempts=2,
            retry_wait=1,
            display="none",
            score_display=False,
            fail_on_error=False,
        )
    except PrerequisiteError as error:
        raise GridError(
            f"{log_dir} holds logs of other tasks or of other versions of these: "
            "start over with --fresh, or choose another --log-dir"
        ) from error
    missing = 0
    for log in logs:
        done = log.results.completed_samples if log.results else 0
        total = log.results.total_samples if log.results else log.eval.dataset.samples or 0
        missing += total - done if log.status == "success" else max(1, total - done)
    if missing:
        raise IncompleteRunError(
            f"{missing} samples are missing in {log_dir}: the same command resumes the run"
        )
    return logs


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
