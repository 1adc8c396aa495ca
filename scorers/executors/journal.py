"""What a run has found out and its logs may not hold yet: no evidence is lost, none made twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...tasks.errors import RunError
from ..evidence import Evidence, parse_evidence
from ..judge.files import judge_digest
from ..packed.records import EvidenceFile, EvidenceFileError, job_digest, read_records, record_at

FILE = "journal.jsonl"
Submit = Callable[[dict[str, Any]], "Future[Evidence]"]


class JournalError(RunError):
    """A journal that cannot be read or written, by which a run would lose what it pays for."""


class Journal:
    """Evidence of the jobs of one folder, each on the disk before it is given to anyone.

    A job that equals one that is recorded, or under way, is not judged again.  What the harness
    failed at (infra_error) is not recorded.
    """

    def __init__(self, folder: Path) -> None:
        """Open the journal of a folder, or begin one.

        Raises:
            JournalError: it is damaged, cannot be written, or another run writes it.
        """
        self._judge = judge_digest()
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Evidence]] = {}
        self._failed: JournalError | None = None
        try:
            self._file = EvidenceFile(folder / FILE)
            # Where the records are: those of a large study do not fit into memory.
            self._places = {line.record["job"]: line.at for line in read_records(self._file.path)}
        except EvidenceFileError as error:
            raise JournalError(str(error)) from error

    def submit(self, job: dict[str, Any], submit: Submit) -> Future[Evidence]:
        """Give the evidence of an equal job, or have the job judged.

        Args:
            job: in the judge's schema.
            submit: hands it to an executor.

        Returns:
            A future with the evidence, or with a JournalError.
        """
        answer: Future[Evidence] = Future()
        digest = job_digest(job, self._judge)
        with self._lock:
            if self._failed is not None:
                answer.set_exception(self._failed)
                return answer
            if (place := self._places.get(digest)) is not None:
                recorded = parse_evidence(record_at(self._file.path, place))
                answer.set_result(replace(recorded, id=job["id"]))
                return answer
            first = self._under_way.get(digest)
            if first is None:
                self._under_way[digest] = answer
        if first is not None:
            first.add_done_callback(lambda done: _pass_on(done, answer, job["id"]))
            return answer
        try:
            judged = submit(job)
        except BaseException:
            with self._lock:
                del self._under_way[digest]
            raise
        judged.add_done_callback(lambda done: self._settle(digest, done, answer))
        return answer

    def _settle(self, digest: str, done: Future[Evidence], answer: Future[Evidence]) -> None:
        failed = done.exception()
        if failed is None and done.result().verdict != "infra_error":
            failed = self._record(digest, done.result())
        with self._lock:
            del self._under_way[digest]
        if failed is not None:
            answer.set_exception(failed)
        else:
            answer.set_result(done.result())

    def _record(self, digest: str, evidence: Evidence) -> JournalError | None:
        with self._lock:
            try:
                self._places[digest] = self._file.append({**evidence.to_dict(), "job": digest})
            except EvidenceFileError as error:
                self._failed = JournalError(str(error))
                return self._failed
        return None

    def remove(self) -> None:
        """Delete it: the logs hold all of it."""
        self._file.remove()

    def close(self) -> None:
        """Let another run have it."""
        self._file.close()


def _pass_on(done: Future[Evidence], answer: Future[Evidence], id: str) -> None:
    failed = done.exception()
    if failed is not None:
        answer.set_exception(failed)
    else:
        answer.set_result(replace(done.result(), id=id))


_kept: dict[Path, Journal] = {}


@contextmanager
def keeping_journals(*folders: Path) -> Iterator[None]:
    """Keep a journal of what is judged meanwhile, and delete it when the body ends without error.

    The body ends so when the logs hold all that was judged; by any other end, a kill included, the
    journal stays, and the next run in the same folder begins with it.

    Args:
        folders: where evidence goes; what is judged for others has no journal.

    Raises:
        JournalError: a journal cannot be opened.
    """
    _kept.update({folder.absolute(): Journal(folder) for folder in folders})
    try:
        yield
        for journal in _kept.values():
            journal.remove()
    finally:
        for journal in _kept.values():
            journal.close()
        _kept.clear()


def submit_kept(job: dict[str, Any], folder: Path, submit: Submit) -> Future[Evidence]:
    """Have a job judged, through the journal of a folder if one is kept."""
    journal = _kept.get(folder.absolute())
    return submit(job) if journal is None else journal.submit(job, submit)
