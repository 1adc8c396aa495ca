"""Deleting a run: all of it, nothing else, or nothing."""

import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from ...tasks.errors import UsageError
from .runs import Run

_FILES = (".eval-set-id", "eval-set.json", "logs.json", ".writable", "report*", ".report*")
_FOLDERS = {"evidence": "*.json", "report*-candidates": "*.js"}
"""Folder to the files in it; reports of many candidates have one beside them."""


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
        kept = _kept_in(path)
        inside = sorted(path.iterdir()) if kept else [path]
        for each in inside:
            ours = fnmatch(each.name, kept) if kept else _written_by_run(run, each)
            if path.is_symlink() or each.is_symlink() or not each.is_file() or not ours:
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


def _kept_in(path: Path) -> str | None:
    """The pattern of the files that a run keeps in a folder, if it is one of its own."""
    if not path.is_dir():
        return None
    return next((files for name, files in _FOLDERS.items() if fnmatch(path.name, name)), None)


def _written_by_run(run: Run, file: Path) -> bool:
    return file in run.attempts or any(fnmatch(file.name, pattern) for pattern in _FILES)
