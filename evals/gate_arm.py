"""The arms of a gate: logs that are there, or a Skill that is run and kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from inspect_ai import Task
from inspect_ai.model import Model

from ..results.errors import NoLogsError, UnjudgedLogError, UnreadableLogError
from ..results.table import read_rows
from ..tasks.errors import RunError, UsageError
from .grid import run_grid, samples_done
from .kernel_skill import kernel_skill
from .progress import judging_progress
from .providers import TRANSPORT, open_model


class GateArmError(UsageError):
    """An arm that names neither logs nor a Skill with a model."""


class UngatedRunError(RunError):
    """A run that ended before the gate could decide; exit code 2, since 1 means FAIL."""

    exit_code = 2


@dataclass(frozen=True)
class LoggedArm:
    """Logs of one variant.

    Attributes:
        path: A log, or a folder of logs.
        variant: The variant, or the beginning of its name; empty if the logs hold only one.
    """

    path: Path
    variant: str

    def rows(self, mix: bool) -> pd.DataFrame:
        """The arm's rows.

        Raises:
            GateArmError: The logs hold no such variant, or several.
        """
        rows = read_rows([self.path], mix=mix)
        held = sorted(set(rows["variant"]))
        chosen = [name for name in held if name.startswith(self.variant)]
        if len(chosen) != 1:
            raise GateArmError(
                f"{self.path} holds the variants {', '.join(held)}: name one, such as "
                f"{self.path}@{held[0].partition('@')[0]}."
            )
        return rows.take(np.flatnonzero(rows["variant"] == chosen[0]))


@dataclass(frozen=True)
class RunArm:
    """A Skill, or `none`, with the models and the suite that it is run with.

    Attributes:
        skill: A reference that `load_skill` takes; None for the variant `none`.
        models: Names of models.
        suite: Name or file of a suite.
        hardware: Name of a profile, or "auto".
        recording: Name or file of a recording that stands in for the model, if any.
        log_dir: Where runs are kept, a folder for each model and content.
    """

    skill: str | None
    models: tuple[str, ...]
    suite: str
    hardware: str
    recording: str | None
    log_dir: Path

    def require_usable(self) -> None:
        """See that it can be run, before another arm is paid for.

        Raises:
            UsageError: The Skill, the suite, the profile or a model is not usable.
        """
        self._task(self.log_dir)
        for name in self.models:
            open_model(name)

    def rows(self, epochs: int) -> pd.DataFrame:
        """The arm's rows up to an epoch: those that are kept, and the rest by running it.

        Raises:
            UngatedRunError: Samples are missing after Inspect's retries, or it was interrupted.
        """
        parts = [self._of_model(open_model(name), epochs) for name in self.models]
        return pd.concat(parts, ignore_index=True)

    def _of_model(self, model: Model, epochs: int) -> pd.DataFrame:
        content = self._content(model)
        for folder in sorted(self.log_dir.glob(f"{content}-*")):
            kept = _kept(folder, epochs)
            if kept is not None:
                return kept
        # Inspect tells arguments apart by their text, so another reference to the same content
        # could not go on in the same folder.
        folder = self.log_dir / f"{content}-{_digest(str(self.skill))}"
        task = self._task(folder)
        try:
            with judging_progress(len(task.dataset) * epochs, samples_done(folder)):
                run_grid([task], [model], folder, epochs=epochs)
        except RunError as error:
            raise UngatedRunError(str(error)) from error
        return up_to(read_rows([folder]), epochs)

    def _content(self, model: Model) -> str:
        task = self._task(self.log_dir)
        settings = model.config.model_dump_json(exclude_none=True, exclude=TRANSPORT)
        content = _digest(f"{task.version}|{model}|{settings}|{self.recording}")
        return f"{(task.metadata or {})['variant']}-{content}"

    def _task(self, folder: Path) -> Task:
        return kernel_skill(
            skill=self.skill,
            suite=self.suite,
            hardware=self.hardware,
            recording=self.recording,
            evidence_dir=str(folder / "evidence"),
        )


def _kept(folder: Path, epochs: int) -> pd.DataFrame | None:
    try:
        rows = read_rows([folder])
    except (NoLogsError, UnreadableLogError, UnjudgedLogError):
        # A run that was stopped early: it is resumed.
        return None
    rows = up_to(rows, epochs)
    wanted = rows["eval_task"].nunique() * epochs
    whole = len(rows) == wanted > 0 and "errored" not in set(rows["status"])
    return rows if bool(whole) and set(rows["log_status"]) == {"success"} else None


def up_to(rows: pd.DataFrame, epochs: int) -> pd.DataFrame:
    """The rows of the first epochs."""
    return rows.take(np.flatnonzero(rows["epoch"] <= epochs))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
