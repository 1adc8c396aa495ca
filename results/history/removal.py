"""Deleting a run: all of it, nothing else, or nothing."""

import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from ...tasks.errors import UsageError
from .runs import Run

_BESIDE_LOGS = (".eval-set-id", "eval-set.json", "logs.json", ".writable", "report*")
_EVIDENCE = "evidence"


class RemovalError(UsageError):
    """A run that cannot be deleted as a whole."""


@dataclass(frozen=True)
class Removal:
    """What deleting a run would take away.

    Attributes:
        run: The run.
        files: Its files: logs of all attempts, evidence, reports.
        bytes: Their size.
    """

    run: Run
    files: tuple[Path, ...]
    bytes: int


def plan_removal(run: Run) -> Removal:
    """Say what deleting a run would take away.

    Raises:
        RemovalError: Its folder holds something that no run writes, such as a link or another
            run's folder: it would be lost, or left behind by half.
    """
    files: list[Path] = []
    for path in sorted(run.folder.iterdir()):
        inside = sorted(path.iterdir()) if path.name == _EVIDENCE and path.is_dir() else [path]
        for each in inside:
            if path.is_symlink() or each.is_symlink() or not _written_by_run(run, each):
                raise RemovalError(
                    f"{run.folder} holds {each.relative_to(run.folder)}, which no run writes: "
                    "move it away, or delete the folder by hand."
                )
        files += inside
    return Removal(run, tuple(files), sum(each.stat().st_size for each in files))


def remove(removal: Removal) -> None:
    """Delete a run.

    Its folder is put aside under another name first, so that the run is whole or not there.

    Raises:
        RemovalError: The folder cannot be changed.
    """
    folder = removal.run.folder
    aside = folder.with_name(f".{folder.name}.deleted")
    try:
        if aside.exists():
            shutil.rmtree(aside)
        folder.rename(aside)
        shutil.rmtree(aside)
    except OSError as error:
        raise RemovalError(
            f"{error.filename or folder} cannot be deleted ({error.strerror})."
        ) from error


def _written_by_run(run: Run, path: Path) -> bool:
    if not path.is_file():
        return False
    if path.parent.name == _EVIDENCE and path.parent.parent == run.folder:
        return path.suffix == ".json"
    return path in run.attempts or any(fnmatch(path.name, pattern) for pattern in _BESIDE_LOGS)
