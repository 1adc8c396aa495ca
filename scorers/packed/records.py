"""Evidence on disk: which job it is of, who made it, and a file that survives any death."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HALF_READ = 1 << 16


class EvidenceFileError(Exception):
    """A file of evidence that is damaged, in use or cannot be written; one sentence."""


def canonical(value: Any) -> bytes:
    """The one way in which a value is written as JSON: sorted keys, no spaces, ASCII."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def job_digest(job: Mapping[str, Any], judge: str) -> str:
    """SHA-256 over all that a verdict depends on: the job but for its id, and the judge's digest.

    The job holds the candidate, the operation with its digest, the hardware and the settings.
    """
    content = {name: value for name, value in job.items() if name != "id"}
    return hashlib.sha256(canonical([judge, content])).hexdigest()


def sign(record: Mapping[str, Any], key: str) -> str:
    """HMAC-SHA256 over a record's canonical JSON, its own signature left out."""
    content = {name: value for name, value in record.items() if name != "signature"}
    return hmac.new(bytes.fromhex(key), canonical(content), hashlib.sha256).hexdigest()


def is_signed(record: Mapping[str, Any], key: str) -> bool:
    """Whether a record's signature is that of the key."""
    return hmac.compare_digest(str(record.get("signature", "")), sign(record, key))


@dataclass(frozen=True)
class Line:
    """A record with the number of its line, and the byte at which that begins."""

    number: int
    at: int
    record: dict[str, Any]


def read_records(path: Path) -> Iterator[Line]:
    """Read a file of evidence line by line, since a large study's does not fit into memory.

    What follows the last end of a line was being written when its process died, and is left out.

    Raises:
        EvidenceFileError: it cannot be read, or a line is not as it was written.
    """
    try:
        with path.open("rb") as file:
            at = 0
            for number, line in enumerate(file, 1):
                if line.endswith(b"\n"):
                    yield Line(number, at, _parse(path, number, line[:-1]))
                at += len(line)
    except OSError as error:
        raise EvidenceFileError(f"{path} cannot be read as evidence: {error.strerror}") from error


def record_at(path: Path, at: int) -> dict[str, Any]:
    """Read the record whose line begins at a byte, as `read_records` found it."""
    with path.open("rb") as file:
        file.seek(at)
        return json.loads(file.readline())


def _parse(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
        same = canonical(record) == line
    except ValueError as error:
        raise EvidenceFileError(_damaged(path, number, str(error))) from error
    if not same or not isinstance(record, dict):
        raise EvidenceFileError(_damaged(path, number, "it is not as it was written"))
    return record


def _damaged(path: Path, number: int, why: str) -> str:
    return (
        f"{path}:{number} is no evidence ({why}): copy the file again, or remove the line and "
        "judge that candidate again"
    )


class EvidenceFile:
    """A file of evidence that is added to by one process at a time, each record whole or not."""

    def __init__(self, path: Path) -> None:
        """Open the file, and take away what a death has left half written.

        Raises:
            EvidenceFileError: another process writes it, or it cannot be written.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise EvidenceFileError(f"{path} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise EvidenceFileError(
                f"{path} is being written by another run: wait for its end, or name another file"
            ) from error
        self.half_written = self._cut()

    def _cut(self) -> bool:
        size = end = os.fstat(self._file).st_size
        while end > 0:
            begin = max(0, end - _HALF_READ)
            at = os.pread(self._file, end - begin, begin).rfind(b"\n")
            if at >= 0:
                end = begin + at + 1
                break
            end = begin
        if end < size:
            os.ftruncate(self._file, end)
        return end < size

    def append(self, record: Mapping[str, Any]) -> int:
        """Add a record; it is on the disk when this returns.

        Returns:
            The byte at which its line begins.

        Raises:
            EvidenceFileError: the disk is full or failed; the file is as it was before.
        """
        line = canonical(record) + b"\n"
        before = os.fstat(self._file).st_size
        try:
            written = os.write(self._file, line)
            while written < len(line):
                written += os.write(self._file, line[written:])
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, before)
            raise EvidenceFileError(
                f"{self.path} cannot be written ({error.strerror}): make room, and start the same "
                "command again"
            ) from error
        return before

    def remove(self) -> None:
        """Delete the file, whose records are elsewhere by now."""
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let others write it."""
        os.close(self._file)
