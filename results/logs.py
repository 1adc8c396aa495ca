"""Which Inspect logs a selection of paths means."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

# Beside what it has, Inspect teaches zipfile the compression of its logs.
from inspect_ai.log import (
    EvalLog,
    EvalSample,
    EvalSampleSummary,
    list_eval_logs,
    read_eval_log,
    read_eval_log_sample_summaries,
)
from pydantic_core import from_json

from .errors import MissingPathError, NoLogsError, UnreadableLogError

_LARGE_FIELDS = {"messages", "events", "events_data", "store", "attachments", "timelines"}
_SAMPLES = "samples/"


def select_logs(paths: Iterable[str | Path]) -> list[Path]:
    """Find the logs under some paths, one for each task that ran.

    `eval_set` leaves the log of a failed attempt beside its retry, with the same task id: see
    `newest_logs`.

    Args:
        paths: Log files, or folders that are searched through.

    Returns:
        Log files, in the order of their names.

    Raises:
        MissingPathError: A path does not exist.
        NoLogsError: A folder holds no log.
        UnreadableLogError: A log cannot be read.
    """
    files = {file for path in paths for file in logs_under(Path(path))}
    if not files:
        raise NoLogsError("No log was given: name a log file, or a folder that holds logs.")
    return newest_logs({file: read_header(file) for file in files})


def newest_logs(headers: Mapping[Path, EvalLog]) -> list[Path]:
    """Of several attempts at one task by one model, take the one that counts.

    Args:
        headers: Log file to its header.

    Returns:
        Log files, in the order of their names: of each task the newest successful one; where none
        succeeded, the newest.
    """
    newest: dict[tuple[str, str], tuple[tuple[bool, str, float], Path]] = {}
    for file, header in sorted(headers.items()):
        task = (header.eval.task_id or str(file), header.eval.model)
        rank = (header.status == "success", header.eval.created, file.stat().st_mtime)
        if task not in newest or rank > newest[task][0]:
            newest[task] = (rank, file)
    return sorted(file for _, file in newest.values())


def read_header(file: Path) -> EvalLog:
    """Read a log without its samples.

    Args:
        file: A log that exists; its run may be under way.

    Raises:
        UnreadableLogError: The file is damaged, or no Inspect log.
    """
    # A run under way replaces its log by a longer one. What is open stays what it was; by a path,
    # Inspect would ask for the length of the one and for the bytes of the other.
    with _readable(file), file.open("rb") as log:
        header = read_eval_log(log, header_only=True)
    header.location = str(file)
    return header


def read_log(file: Path) -> EvalLog:
    """Read a whole log.

    Args:
        file: A log that exists.

    Raises:
        UnreadableLogError: The file is damaged, or no Inspect log.
    """
    with _readable(file):
        return read_eval_log(file)


def read_summaries(file: Path) -> list[EvalSampleSummary]:
    """Read what a log says of its samples in short.

    Args:
        file: A log that exists; its run may be under way.

    Raises:
        UnreadableLogError: The file is damaged, or no Inspect log.
    """
    # Inspect reads these by a path alone: see `read_header`.
    with TemporaryDirectory() as folder, _readable(file):
        return read_eval_log_sample_summaries(shutil.copyfile(file, Path(folder) / file.name))


def is_done(sample: EvalSampleSummary) -> bool:
    """Whether there is nothing left to do; what is to be judged later has no score."""
    return bool(sample.scores or sample.completed) and not sample.error


def read_samples(file: Path) -> Iterator[EvalSample]:
    """Read the samples of a log, one after the other, as Inspect would.

    Inspect's reader finds fields to leave out by parsing the text piece by piece, which takes ten
    times as long a sample as to parse it whole, leave the fields out and validate the rest.

    Args:
        file: A log that exists.

    Yields:
        The samples, without messages, events and store.

    Raises:
        UnreadableLogError: The file is damaged, or no Inspect log.
    """
    if file.suffix != ".eval":
        yield from read_log(file).samples or []
        return
    with _readable(file):
        archive = ZipFile(file)
    with archive:
        # A sample that was logged again has two members of a name, and the last one counts.
        for name in dict.fromkeys(archive.namelist()):
            if name.startswith(_SAMPLES):
                with _readable(file):
                    fields = from_json(archive.read(name))
                    kept = {key: fields[key] for key in fields.keys() - _LARGE_FIELDS}
                    sample = EvalSample.model_validate(kept)
                yield sample


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    # Inspect lets its decoders' errors through (zip, zstd, JSON, pydantic), which share no base.
    except Exception as error:
        raise UnreadableLogError(
            f"{file} is not a readable Inspect log: move it out of the selection, "
            "or run the command that wrote it again."
        ) from error


def logs_under(path: Path) -> list[Path]:
    """Every log file under a path, whole or not.

    Raises:
        MissingPathError: The path does not exist.
        NoLogsError: It is a folder without a log.
    """
    if not path.exists():
        raise MissingPathError(f"{path} does not exist: give a log file, or a folder with logs.")
    if path.is_file():
        return [path.resolve()]
    found = logs_in(path)
    if not found:
        raise NoLogsError(
            f"{path} holds no Inspect log: give the folder that `skilldyno eval` wrote to."
        )
    return found


def logs_in(folder: Path) -> list[Path]:
    """Every log file in a folder and below it, whole or not; none where there is no such folder."""
    found = list_eval_logs(str(folder)) if folder.is_dir() else []
    return [Path(info.name.removeprefix("file://")).resolve() for info in found]
