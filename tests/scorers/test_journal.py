"""The journal: evidence is on the disk before anyone has it, and no job is judged twice."""

import json
import resource
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import pytest

from skilldyno.scorers.evidence import Evidence, parse_evidence
from skilldyno.scorers.executors import journal as journals
from skilldyno.scorers.executors.journal import (
    FILE,
    JournalError,
    keeping_journals,
    submit_kept,
)
from skilldyno.scorers.job import make_job
from skilldyno.scorers.judge.evidence import Evidence as JudgeEvidence
from skilldyno.scorers.judge.job import parse_job
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.hardware import load_profile


def job(id: str, source: str = "a", **settings: Any) -> dict[str, Any]:
    made = make_job(
        id=id,
        source=source,
        operation=load_operation("rms_norm"),
        hardware=load_profile("cpu-x86_64"),
        language="cpp",
    )
    made["settings"] |= settings
    return made


class Judge:
    """Answers when it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[dict[str, Any], Future[Evidence]]] = []

    def submit(self, job: dict[str, Any]) -> "Future[Evidence]":
        future: Future[Evidence] = Future()
        self.asked.append((job, future))
        return future

    def answer(self, verdict: str) -> None:
        for asked, future in self.asked:
            if not future.done():
                about = JudgeEvidence.about(parse_job(asked), verdict, "as the test says")
                future.set_result(parse_evidence(about.to_dict()))


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.fixture
def submit(judge, tmp_path) -> Callable[[dict[str, Any]], "Future[Evidence]"]:
    return lambda job: submit_kept(job, tmp_path, judge.submit)


@pytest.fixture
def dying_run(tmp_path) -> Callable[[], AbstractContextManager[None]]:
    """A run that ends before its logs are whole."""

    @contextmanager
    def dying_run() -> Iterator[None]:
        with suppress(KeyboardInterrupt), keeping_journals(tmp_path):
            yield
            raise KeyboardInterrupt

    return dying_run


def test_what_is_recorded_is_not_judged_again(dying_run, judge, submit, tmp_path):
    with dying_run():
        first = submit(job("first"))
        assert not (tmp_path / FILE).read_bytes()
        judge.answer("incorrect")
        assert first.result(timeout=1).verdict == "incorrect"
    assert json.loads((tmp_path / FILE).read_text())["verdict"] == "incorrect"
    with keeping_journals(tmp_path):
        again = submit(job("again")).result(timeout=1)
        assert (again.id, again.verdict) == ("again", "incorrect")
        submit(job("other source", "b"))
        submit(job("other setting", call_seconds=1.0))
        assert [asked["id"] for asked, _ in judge.asked] == [
            "first",
            "other source",
            "other setting",
        ]
        judge.answer("incorrect")
    assert not (tmp_path / FILE).exists()


def test_evidence_of_another_judge_is_not_used(dying_run, judge, submit, monkeypatch):
    with dying_run():
        submit(job("first"))
        judge.answer("incorrect")
    monkeypatch.setattr(journals, "judge_digest", lambda: "0" * 64)
    with dying_run():
        assert not submit(job("first")).done()


def test_equal_jobs_under_way_are_judged_once(dying_run, judge, submit):
    with dying_run():
        futures = [submit(job(name)) for name in ("one", "two")]
        judge.answer("runtime_error")
        assert [future.result(timeout=1).id for future in futures] == ["one", "two"]
        assert len(judge.asked) == 1


def test_what_the_harness_failed_at_is_judged_again(dying_run, judge, submit, tmp_path):
    with dying_run():
        lost = submit(job("lost"))
        judge.answer("infra_error")
        assert lost.result(timeout=1).verdict == "infra_error"
        submit(job("lost"))
    assert len(judge.asked) == 2
    assert (tmp_path / FILE).read_bytes() == b""


def test_a_half_written_record_is_cut_off(dying_run, judge, submit, tmp_path):
    with dying_run():
        submit(job("whole"))
        judge.answer("incorrect")
        submit(job("half", "b"))
        judge.answer("incorrect")
    whole, half = (tmp_path / FILE).read_bytes().splitlines(keepends=True)
    (tmp_path / FILE).write_bytes(whole + half[: len(half) // 2])
    with dying_run():
        assert submit(job("whole")).done()
        assert not submit(job("half", "b")).done()
        judge.answer("incorrect")
    assert len((tmp_path / FILE).read_bytes().splitlines()) == 2


def test_a_journal_that_cannot_be_written_gives_no_evidence_away(
    dying_run, judge, submit, tmp_path
):
    with dying_run():
        submit(job("first"))
        judge.answer("incorrect")
        before = (tmp_path / FILE).read_bytes()
        second = submit(job("second", "b"))
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, limits[1]))
        try:
            judge.answer("incorrect")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        with pytest.raises(JournalError, match=r"File too large.*make room"):
            second.result(timeout=1)
        # Nothing more is judged for nothing.
        assert isinstance(submit(job("third", "c")).exception(timeout=1), JournalError)
        assert len(judge.asked) == 2
    assert (tmp_path / FILE).read_bytes() == before
    with dying_run():
        assert submit(job("first")).done()


def test_two_runs_do_not_share_a_journal(tmp_path):
    first = journals.Journal(tmp_path)
    with pytest.raises(JournalError, match="is being written by another run"):
        journals.Journal(tmp_path)
    first.close()
    journals.Journal(tmp_path).close()
