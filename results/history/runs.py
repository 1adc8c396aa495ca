"""Runs as they lie in a folder: what each was, from the headers of its logs alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog

from ..errors import MissingPathError, NoLogsError, UnreadableLogError
from ..logs import is_done, logs_under, newest_logs, read_header, read_summaries

UNREADABLE = "unreadable"


@dataclass(frozen=True)
class ArmLog:
    """One log that counts: an arm of a run, or another task of Inspect.

    Attributes:
        file: The log.
        created: When it was begun.
        status: Inspect's status: success, error, cancelled or started; or unreadable.
        task: Inspect's name of the task.
        model: Model, by Inspect's name.
        variant: What the model was given; empty where the task is not skilldyno's.
        skill: Name of the Skill; empty without one.
        fingerprint: Of the Skill's content.
        ablated: Whether only a part of the Skill was given.
        suite: The selection of eval tasks.
        hardware: Hardware profile.
        language: Language of the candidates.
        mode: single or agent.
        ops: Operations that were asked.
        samples: Samples that there are to be.
        done: Samples that were finished.
        judged: Whether there are scores.
    """

    file: Path
    created: datetime
    status: str
    task: str
    model: str
    variant: str
    skill: str
    fingerprint: str
    ablated: bool
    suite: str
    hardware: str
    language: str
    mode: str
    ops: tuple[str, ...]
    samples: int
    done: int
    judged: bool

    @property
    def of_kernels(self) -> bool:
        """Whether it holds candidates, so that `read_rows` can read it."""
        return bool(self.variant and self.hardware)


@dataclass(frozen=True)
class Run:
    """One run: the logs of one folder.

    Attributes:
        id: The folder's path below the folder of all runs, or its name if it is that folder.
        folder: The folder.
        arms: Its logs, of several attempts the one that counts, in the order of their names.
        attempts: Its log files, those of other attempts too.
    """

    id: str
    folder: Path
    arms: tuple[ArmLog, ...]
    attempts: frozenset[Path]

    @property
    def created(self) -> datetime:
        """When its newest log was begun."""
        return max(arm.created for arm in self.arms)

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses of its logs, each once."""
        return tuple(sorted({arm.status for arm in self.arms}))

    @property
    def comparable(self) -> bool:
        """Whether there are rows to compare: judged kernels."""
        return any(arm.of_kernels and arm.judged for arm in self.arms)

    @property
    def files(self) -> list[Path]:
        """The logs that `read_rows` takes."""
        return [arm.file for arm in self.arms if arm.of_kernels and arm.judged]

    def named(self, attribute: str) -> list[str]:
        """The values of an attribute of its logs, each once, in the order of the logs."""
        return list(
            dict.fromkeys(str(value) for arm in self.arms if (value := vars(arm)[attribute]))
        )


@dataclass(frozen=True)
class RunFilter:
    """Which runs are meant: those with a log that has all of it.

    Attributes:
        model: Part of the model's name, or a pattern with `*`.
        skill: Part of the variant's name, or a pattern.
        op: Name of an operation, or a pattern.
        hardware: Hardware profile, or a pattern.
        language: Language.
        status: Inspect's status, or unreadable.
        since: Begun no earlier.
    """

    model: str | None = None
    skill: str | None = None
    op: str | None = None
    hardware: str | None = None
    language: str | None = None
    status: str | None = None
    since: datetime | None = None

    def takes(self, run: Run) -> bool:
        """Whether a run has such a log."""
        return any(self._takes_arm(arm) for arm in run.arms)

    def _takes_arm(self, arm: ArmLog) -> bool:
        wanted: list[tuple[str | None, Callable[[str], bool]]] = [
            (self.model, lambda text: _matches(arm.model, f"*{text}*")),
            (self.skill, lambda text: _matches(arm.variant, f"*{text}*")),
            (self.op, lambda text: any(_matches(op, text) for op in arm.ops)),
            (self.hardware, lambda text: _matches(arm.hardware, text)),
            (self.language, lambda text: arm.language == text),
            (self.status, lambda text: arm.status == text),
        ]
        recent = self.since is None or arm.created >= self.since
        return recent and all(test(text) for text, test in wanted if text is not None)


def find_runs(log_dir: Path) -> list[Run]:
    """Find the runs below a folder.

    Args:
        log_dir: Where runs lie; each is a folder that holds logs itself.

    Returns:
        The runs, the newest first; none where there is no log.

    Raises:
        MissingPathError: There is no such folder.
    """
    if not log_dir.is_dir():
        raise MissingPathError(
            f"{log_dir} does not exist: nothing has been run into it; give another by --log-dir."
        )
    try:
        files = logs_under(log_dir)
    except NoLogsError:
        return []
    folders: dict[Path, list[Path]] = {}
    for file in files:
        folders.setdefault(file.parent, []).append(file)
    root = log_dir.resolve()
    runs = [
        Run(_id(folder, root), folder, _arms(held), frozenset(held))
        for folder, held in folders.items()
    ]
    return sorted(runs, key=lambda run: (run.created, run.id), reverse=True)


def _arms(files: list[Path]) -> tuple[ArmLog, ...]:
    headers: dict[Path, EvalLog] = {}
    arms: list[ArmLog] = []
    for file in files:
        try:
            headers[file] = read_header(file)
        except UnreadableLogError:
            arms.append(_unreadable(file))
    arms += [_logged_arm(file, headers[file]) for file in newest_logs(headers)]
    return tuple(sorted(arms, key=lambda arm: arm.file))


def find_run(log_dir: Path, name: str) -> Run:
    """Find one run by its id, or by the beginning of it.

    Raises:
        MissingPathError: There is no such folder, no such run, or there are several.
    """
    runs = find_runs(log_dir)
    asked = name.rstrip("/")
    exact = [run for run in runs if run.id == asked or run.folder == Path(name).resolve()]
    found = exact or [run for run in runs if run.id.startswith(asked)]
    if len(found) == 1:
        return found[0]
    if not found:
        known = f"there are {_listed(runs)}" if runs else "there is none"
        raise MissingPathError(f"There is no run {name} in {log_dir}: {known}.")
    raise MissingPathError(f"{name} may be {_listed(found)}: give more of the name.")


def _listed(runs: list[Run]) -> str:
    names = [run.id for run in runs[:5]]
    return ", ".join(names) + (f" and {len(runs) - 5} more" if len(runs) > 5 else "")


def _matches(value: str, pattern: str) -> bool:
    return fnmatch(value.lower(), pattern.lower())


def _id(folder: Path, root: Path) -> str:
    return folder.name if folder == root else folder.relative_to(root).as_posix()


def _logged_arm(file: Path, log: EvalLog) -> ArmLog:
    about: dict[str, Any] = log.eval.metadata or {}
    skill = about.get("skill") or {}
    ids, samples, done, judged = _progress(file, log)
    return ArmLog(
        file=file,
        created=datetime.fromisoformat(log.eval.created).astimezone(),
        status=log.status,
        task=log.eval.task,
        model=log.eval.model,
        variant=about.get("variant", ""),
        skill=skill.get("name", ""),
        fingerprint=skill.get("fingerprint", ""),
        ablated=about.get("ablation") is not None,
        suite=about.get("suite", ""),
        hardware=about.get("hardware", ""),
        language=about.get("language", ""),
        mode=about.get("mode", "single"),
        ops=tuple(sorted({each.partition("/")[0] for each in ids})),
        samples=samples,
        done=done,
        judged=judged,
    )


def _progress(file: Path, log: EvalLog) -> tuple[list[str], int, int, bool]:
    """Sample ids, samples there are to be, samples done, and whether there are scores."""
    asked, results = log.eval.dataset, log.results
    if asked.sample_ids and asked.samples is not None and results is not None:
        ids = [str(each) for each in asked.sample_ids]
        epochs = log.eval.config.epochs or 1
        return ids, asked.samples * epochs, results.completed_samples, bool(results.scores)
    # A run that is under way, or was stopped, has no results yet.
    held = read_summaries(file)
    ids = [str(each) for each in asked.sample_ids or {each.id for each in held}]
    epochs = log.eval.config.epochs or 1
    done = sum(map(is_done, held))
    return ids, len(ids) * epochs, done, any(each.scores for each in held)


def _unreadable(file: Path) -> ArmLog:
    begun = datetime.fromtimestamp(file.stat().st_mtime).astimezone()
    nothing = dict.fromkeys(
        ("task", "model", "variant", "skill", "fingerprint", "suite", "hardware", "language"), ""
    )
    return ArmLog(
        file,
        begun,
        UNREADABLE,
        **nothing,
        mode="",
        ablated=False,
        ops=(),
        samples=0,
        done=0,
        judged=False,
    )
