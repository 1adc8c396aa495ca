"""All checks of a folder of logs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from inspect_ai.log import EvalLog, read_eval_log

from ...results.errors import ForeignLogError, UnreadableLogError
from ...results.logs import select_logs
from .again import Submit, judge_again
from .candidate import check_candidate
from .figures import check_figures
from .finding import Finding, Report, agreed
from .log import check_plan, check_sample, check_setting
from .skill import check_delivery, check_skill, skills_in

_LARGE_FIELDS = {"events", "timelines"}
_NAMES = {"variant", "hardware", "language", "judge_digest"}


@dataclass(frozen=True)
class Wanted:
    """What is to be judged again.

    Attributes:
        count: How many candidates.
        seed: Of their draw.
        unsafe: Judge without a sandbox where none works.
    """

    count: int
    seed: int
    unsafe: bool = False


def verify_logs(folder: Path, wanted: Wanted, submit: Submit) -> Report:
    """Check everything in a folder of logs that can be checked.

    Args:
        folder: Of logs, with leaderboard.json and evidence beside them if there are any.
        wanted: What is to be judged again.
        submit: The judge of this machine.

    Returns:
        The findings.

    Raises:
        UsageError: The folder holds no logs of skilldyno's, or one that cannot be read.
    """
    logs = {file: read_log_to_verify(file) for file in select_logs([folder])}
    findings = [*_check_logs(logs), *check_figures(folder)]
    findings += judge_again(logs, wanted.count, wanted.seed, submit, unsafe=wanted.unsafe)
    samples = sum(len(log.samples or []) for log in logs.values())
    return Report(tuple(findings), wanted.seed, len(logs), samples)


def read_log_to_verify(file: Path) -> EvalLog:
    """Read a log with its messages.

    Raises:
        UsageError: It is damaged, or none of skilldyno's.
    """
    try:
        log = read_eval_log(file, exclude_fields=_LARGE_FIELDS)
    # Inspect lets its decoders' errors through (zip, zstd, JSON, pydantic), which share no base.
    except Exception as error:
        raise UnreadableLogError(
            f"{file} is not a readable Inspect log: ask for a copy of it, or move it away."
        ) from error
    if not log.metadata.keys() >= _NAMES:
        raise ForeignLogError(
            f"{file} is a log of the task {log.eval.task}, not of skilldyno's: move it away."
        )
    return log


def _check_logs(logs: Mapping[Path, EvalLog]) -> Iterator[Finding]:
    skills = skills_in(logs)
    for file, log in logs.items():
        yield from check_plan(file, log)
        yield check_setting(file, log)
        skill = check_skill(file, log)
        if skill is not None:
            yield skill
        yield from check_delivery(file, log, skills)
        for sample in log.samples or []:
            yield from check_sample(file, log, sample)
            yield from check_candidate(file, log, sample)
    yield from _check_arms(logs)


def _check_arms(logs: Mapping[Path, EvalLog]) -> Iterator[Finding]:
    """Arms of one run that are compared must have been asked the same, in the same plan."""
    names = ("suite", "hardware", "language", "mode")
    runs: dict[tuple[object, ...], dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for file, log in logs.items():
        arm = (file.parent, *(log.metadata.get(name) for name in names))
        runs[arm][str(log.metadata.get("setting_digest"))].append(file)
    for settings in runs.values():
        ordered = sorted(settings.values(), key=len, reverse=True)
        for odd in ordered[1:]:
            for file in odd:
                yield agreed(
                    "setting", file.name, f"it was asked otherwise than {ordered[0][0].name}"
                )
