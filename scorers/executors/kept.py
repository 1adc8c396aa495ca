"""Evidence that was made elsewhere, given back as an executor would give it."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import Future
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...tasks.errors import UsageError
from ..evidence import Evidence, EvidenceError, parse_evidence


class KeptEvidenceError(UsageError):
    """A file of evidence that cannot be read, or that is of other candidates."""


class KeptExecutor:
    """Answers each job by the evidence of its id, if that is of the same candidate."""

    def __init__(self, path: Path) -> None:
        """Read a file of evidence, one JSON object a line; of one id the last counts.

        Raises:
            KeptEvidenceError: it is missing, or a line of it is no evidence.
        """
        self._path = path
        self._records: dict[str, Evidence] = {}
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise KeptEvidenceError(f"{path} cannot be read as evidence: {error}") from error
        for number, line in enumerate(lines, 1):
            try:
                evidence = parse_evidence(json.loads(line))
            except (ValueError, EvidenceError) as error:
                raise KeptEvidenceError(
                    f"{path}:{number} is no evidence ({error}): copy the file again, or remove "
                    "the line and judge that candidate again"
                ) from error
            self._records[evidence.id] = evidence

    def submit(self, job: dict[str, Any]) -> Future[Evidence]:
        """Look a job's evidence up.

        Raises:
            KeptEvidenceError: there is none, or it is of another candidate or operation.
        """
        evidence = self._records.get(job["id"])
        if evidence is None:
            raise KeptEvidenceError(f"{self._path} holds no evidence of {job['id']}: judge it")
        digest = hashlib.sha256(job["source"].encode("utf-8", "surrogatepass")).hexdigest()
        if (evidence.candidate, evidence.operation_digest) != (digest, job["operation"]["digest"]):
            raise KeptEvidenceError(
                f"{self._path} has evidence of {job['id']} for another source or another version "
                "of the operation: pack the logs again and judge them"
            )
        future: Future[Evidence] = Future()
        future.set_result(evidence)
        return future


@lru_cache(maxsize=4)
def kept_executor(path: str) -> KeptExecutor:
    """The executor of a file, read once.

    Raises:
        KeptEvidenceError: the file cannot be read as evidence.
    """
    return KeptExecutor(Path(path))
