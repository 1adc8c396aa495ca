"""Several places to judge at: candidates are spread, and what befalls a place is made good."""

import json
import os
import sys
from pathlib import Path

import pytest

from benchmarks.simulated_judge import simulated_job, simulated_judge
from skilldyno.scorers.executors.chosen import judged_at
from skilldyno.scorers.executors.executor import JudgeAddressError, JudgeError
from skilldyno.scorers.executors.local import LocalExecutor

GPUS = ("GPU-1", "GPU-2", "GPU-3")


@pytest.fixture
def judge(tmp_path: Path) -> tuple[str, ...]:
    """The command of a judge that only says where it is."""
    file = tmp_path / "judge.pyz"
    file.write_bytes(simulated_judge())
    return sys.executable, "-S", str(file)


@pytest.fixture
def gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three H200s and another GPU, as nvidia-smi tells."""
    script = tmp_path / "nvidia-smi"
    lines = [f"echo '{gpu}, NVIDIA H200'" for gpu in GPUS] + ["echo 'GPU-4, NVIDIA L4'"]
    script.write_text("#!/bin/sh\n" + "\n".join(lines) + "\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def where(evidence) -> dict:
    return json.loads(evidence.reason)


def jobs(ops: int, of_each: int, hardware: str = "h200", **todo) -> list[dict]:
    return [
        simulated_job(f"op{op}:{number}", f"op{op}", hardware, **todo)
        for number in range(of_each)
        for op in range(ops)
    ]


def judged(command: tuple[str, ...], submitted: list[dict]) -> list:
    executor = LocalExecutor(command)
    try:
        return [f.result(timeout=60) for f in [executor.submit(job) for job in submitted]]
    finally:
        executor.close()


@pytest.mark.usefixtures("gpus")
def test_each_gpu_has_a_judge(judge):
    evidence = judged(judge, jobs(3, 8, measure=0.02, set_up=0.1))
    assert {where(each)["gpu"] for each in evidence} == set(GPUS)
    assert len({where(each)["pid"] for each in evidence}) == len(GPUS)
    assert all(each.environment["place"] == where(each)["gpu"] for each in evidence)


@pytest.mark.usefixtures("gpus")
def test_only_the_gpus_that_the_user_names(judge, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,0")
    evidence = judged(judge, jobs(2, 4, measure=0.02))
    assert {where(each)["gpu"] for each in evidence} == {"2", "0"}


@pytest.mark.usefixtures("gpus")
def test_what_a_broken_gpu_fails_is_judged_on_another(judge):
    evidence = judged(judge, jobs(3, 8, measure=0.01, broken_gpus=["GPU-2"]))
    assert {each.verdict for each in evidence} == {"correct"}
    assert {where(each)["gpu"] for each in evidence} == {"GPU-1", "GPU-3"}


@pytest.mark.usefixtures("gpus")
def test_where_every_gpu_is_broken_it_is_the_machines_fault(judge):
    evidence = judged(judge, jobs(1, 3, broken_gpus=list(GPUS)))
    assert {each.verdict for each in evidence} == {"infra_error"}


def test_a_judge_that_always_dies_is_the_harness_s_fault(judge):
    with pytest.raises(JudgeError, match=r"the judge died \(exit code 9\), at the last of 3 tries"):
        judged(judge, jobs(1, 1, "cpu-x86_64", dies=True))


def test_closed_it_gives_up_what_is_under_way_and_starts_anew(judge):
    executor = LocalExecutor(judge)
    slow = executor.submit(simulated_job("slow", "op", "cpu-x86_64", measure=60))
    executor.close()
    with pytest.raises(JudgeError, match="closed before it answered"):
        slow.result(timeout=10)
    again = executor.submit(simulated_job("slow", "op", "cpu-x86_64"))
    assert again.result(timeout=60).verdict == "correct"
    executor.close()


def test_a_profile_that_is_unknown_fails_its_jobs_alone(judge):
    executor = LocalExecutor(judge)
    unknown = executor.submit(simulated_job("unknown", "op", "z80"))
    known = executor.submit(simulated_job("known", "op", "cpu-x86_64"))
    with pytest.raises(JudgeError, match="no hardware profile 'z80'"):
        unknown.result(timeout=60)
    assert known.result(timeout=60).verdict == "correct"
    executor.close()


def test_a_place_that_is_unknown_is_refused():
    with (
        pytest.raises(JudgeAddressError, match="'moon' is no place to judge at: give local, ray"),
        judged_at("moon"),
    ):
        pass
