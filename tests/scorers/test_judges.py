"""A pack's judges: work goes to every GPU, and what befalls one is no candidate's fault."""

import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skilldyno.scorers.packed.judges import Judges, Place

FAKE = Path(__file__).parent / "fake_judge.py"
OPS = ("rms_norm", "softmax")

Judged = dict[str, dict[str, Any]]


def jobs(number: int, source: str = "correct") -> dict[str, dict[str, Any]]:
    return {
        f"{op}{at}": {"id": f"{op}:{at:03d}", "source": source, "hardware": "h200"}
        | {"operation": {"name": op}}
        for op in OPS
        for at in range(number)
    }


@pytest.fixture
def judge(tmp_path) -> Callable[..., tuple[Judged, list[str]]]:
    def judge(given: dict[str, Any], gpus: str = "01") -> tuple[Judged, list[str]]:
        evidence: Judged = {}
        troubles: list[str] = []

        def keep(digest: str, record: dict[str, Any]) -> None:
            assert digest not in evidence
            evidence[digest] = record

        places = [Place(frozenset(["h200"]), gpu) for gpu in gpus]
        command = [sys.executable, "-S", str(FAKE), str(tmp_path)]
        Judges(command, os.environ, places, keep, troubles.append).judge(given)
        return evidence, troubles

    return judge


def test_every_gpu_works_and_an_operation_stays_at_one(judge):
    evidence, troubles = judge(jobs(20))
    assert {d: (e["id"], e["verdict"]) for d, e in evidence.items()} == {
        digest: (job["id"], "correct") for digest, job in jobs(20).items()
    }
    share = Counter((digest.rstrip("0123456789"), e["reason"]) for digest, e in evidence.items())
    assert {gpu for _, gpu in share} == {"0", "1"}
    # Most, since whoever has nothing left helps out.
    assert max(share["rms_norm", gpu] for gpu in "01") >= 14
    assert troubles == []


def test_gpus_share_the_cores_out(judge):
    evidence, _ = judge(jobs(20))
    assert all(e["environment"]["place"] == e["reason"] for e in evidence.values())
    own = {
        gpu: {core for e in evidence.values() if e["reason"] == gpu for core in e["cores"]}
        for gpu in "01"
    }
    if len(os.sched_getaffinity(0)) > 1:
        assert own["0"].isdisjoint(own["1"])
    assert own["0"] | own["1"] <= os.sched_getaffinity(0)


@pytest.mark.parametrize("fate", ["broken", "dead"])
def test_a_gpu_that_falls_off_costs_no_candidate_its_verdict(fate, judge, tmp_path):
    (tmp_path / f"{fate}-1").touch()
    evidence, troubles = judge(jobs(20))
    assert {digest: each["verdict"] for digest, each in evidence.items()} == dict.fromkeys(
        jobs(20), "correct"
    )
    assert "GPU 1 is given up: its judges die, or find it unusable" in troubles


def test_without_any_gpu_left_nothing_is_called_wrong(judge, tmp_path):
    (tmp_path / "dead-0").touch()
    evidence, troubles = judge(jobs(5), "0")
    assert evidence == {}
    assert "GPU 0 is given up: its judges die, or find it unusable" in troubles


def test_a_refused_job_is_named_and_the_others_judged(judge):
    given = {**jobs(2), **{f"bad{d}": job for d, job in jobs(1, "refused").items()}}
    evidence, troubles = judge(given)
    assert set(evidence) == set(jobs(2))
    assert "the judge refused rms_norm:000: as the test says" in troubles
