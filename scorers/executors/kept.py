"""Evidence that was made elsewhere, given back as an executor would give it."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...tasks.errors import UsageError
from ..evidence import Evidence, EvidenceError, parse_evidence
from ..pack import Seal, find_seal
from ..packed.records import (
    EvidenceFileError,
    Line,
    is_signed,
    job_digest,
    read_records,
    record_at,
)


class KeptEvidenceError(UsageError):
    """A file of evidence that cannot be read, was changed, or has none of a candidate."""


class KeptExecutor:
    """Answers each job by the evidence of an equal one, which a pack signed."""

    def __init__(self, path: Path, logs: Path) -> None:
        """Read a file of evidence that a pack wrote; of one job the last counts.

        Args:
            path: the file.
            logs: the folder of the logs that were packed, where the packs' seals are.

        Raises:
            KeptEvidenceError: it is missing, or a line of it is not what a pack wrote.
            PackingError: the key of a pack is missing.
        """
        self._path = path
        self._seals: dict[str, Seal] = {}
        # Where the records are: those of a large study do not fit into memory.
        self._places: dict[str, int] = {}
        self._ids: set[str] = set()
        try:
            for line in read_records(path):
                self._ids.add(self._verify(line, logs).id)
                self._places[line.record["job"]] = line.at
        except EvidenceFileError as error:
            raise KeptEvidenceError(str(error)) from error

    def _verify(self, line: Line, logs: Path) -> Evidence:
        record, where = line.record, f"{self._path}:{line.number}"
        pack = record.get("pack")
        if not isinstance(pack, str):
            raise KeptEvidenceError(
                f"{where} is no evidence of a pack: give the file that `python3 jobs.pyz` wrote"
            )
        if pack not in self._seals:
            self._seals[pack] = find_seal(pack, logs)
        if not is_signed(record, self._seals[pack].key):
            raise KeptEvidenceError(
                f"{where} was changed after it was written, since its signature is wrong: copy the "
                "file again, or remove the line and judge that candidate again"
            )
        try:
            evidence = parse_evidence(record)
        except EvidenceError as error:
            raise KeptEvidenceError(f"{where} cannot be used: {error}") from error
        judge = evidence.environment.get("judge_digest", self._seals[pack].judge)
        if judge != self._seals[pack].judge:
            raise KeptEvidenceError(
                f"{where} was made by another judge than the pack's: judge with the pack as it is"
            )
        return evidence

    def find(self, job: dict[str, Any]) -> Evidence | None:
        """The evidence of a job, by the job's id; None where there is none.

        Raises:
            KeptEvidenceError: there is one by its id, of another source or operation.
        """
        digests = (job_digest(job, seal.judge) for seal in self._seals.values())
        place = next((self._places[d] for d in digests if d in self._places), None)
        if place is not None:
            return replace(parse_evidence(record_at(self._path, place)), id=job["id"])
        if job["id"] in self._ids:
            raise KeptEvidenceError(
                f"{self._path} has evidence of {job['id']} for another source, or for another "
                "version of the operation or its setting: pack the logs again and judge them"
            )
        return None

    def submit(self, job: dict[str, Any]) -> Future[Evidence]:
        """Look a job's evidence up.

        Raises:
            KeptEvidenceError: there is none.
        """
        evidence = self.find(job)
        if evidence is None:
            raise KeptEvidenceError(f"{self._path} holds no evidence of {job['id']}: judge it")
        future: Future[Evidence] = Future()
        future.set_result(evidence)
        return future


@lru_cache(maxsize=4)
def kept_executor(path: str, logs: str) -> KeptExecutor:
    """The executor of a file, read once.

    Raises:
        KeptEvidenceError: the file cannot be read as evidence.
        PackingError: the key of a pack is missing.
    """
    return KeptExecutor(Path(path), Path(logs))
