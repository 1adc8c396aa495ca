"""KernelBench problems: what the judge says of a ModelNew, in the package and packed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from kernelbench_problems import LINEAR, SORTED, model_new

from skilldyno.scorers.evidence import Evidence
from skilldyno.scorers.executors.local import LocalExecutor
from skilldyno.scorers.job import make_job
from skilldyno.scorers.pack import write_pack
from skilldyno.tasks.hardware import load_profile
from skilldyno.tasks.problem import Problem

pytestmark = pytest.mark.alone

OTHER_NAMES = model_new("").replace("self.first", "self.one").replace("self.second", "self.two")
OTHER_ORDER = model_new("", made="self.first = nn.Linear(features, hidden)")

CANDIDATES: dict[str, tuple[str, str, str, str]] = {
    "the same layers by other names": (LINEAR, OTHER_NAMES, "correct", "right in all"),
    "other values by the same names": (LINEAR, OTHER_ORDER, "correct", "right in all"),
    "several outputs": (SORTED, SORTED.replace("Model(", "ModelNew("), "correct", "right in all"),
    "scaled by 1.001": (LINEAR, model_new("y = y * 1.001"), "incorrect", "elements are wrong"),
    "last row zeroed": (LINEAR, model_new("y[-1] = 0"), "incorrect", "elements are wrong"),
    "half precision": (
        LINEAR,
        model_new("y = (self.second.bfloat16()(x.bfloat16()[:, :32])).float()"),
        "incorrect",
        "elements are wrong",
    ),
    "cached by shape": (
        LINEAR,
        model_new("y = self.cache.setdefault(x.shape, y)", made="self.cache = {}"),
        "incorrect",
        "elements are wrong",
    ),
    "stale output": (
        LINEAR,
        model_new("y, self.last = self.last, y", made="self.last = torch.zeros(16, 32)"),
        "incorrect",
        "elements are wrong",
    ),
    "other shape": (
        LINEAR,
        model_new("", returned="y[:, :31]"),
        "incorrect",
        "Model float32[16, 32",
    ),
    "other dtype": (LINEAR, model_new("", returned="y.double()"), "incorrect", "returned float64"),
    "one output too many": (LINEAR, model_new("", returned="y, y"), "incorrect", "returned 2 tens"),
    "writes to its input": (LINEAR, model_new("x.zero_()"), "flagged", "wrote to its input x"),
    "raises": (
        LINEAR,
        model_new("raise ValueError(7)"),
        "runtime_error",
        "it raised ValueError: 7",
    ),
    "no module": (
        LINEAR,
        "class ModelNew:\n    def __init__(self, *sizes): ...\n",
        "runtime_error",
        "ModelNew is no torch.nn.Module",
    ),
    "no ModelNew": (LINEAR, "import torch\n", "compile_error", "defines no class ModelNew"),
    "fixed inputs": (
        LINEAR.replace("torch.rand(16, 64)", "torch.ones(16, 64)"),
        model_new(""),
        "infra_error",
        "the same values whatever the seed",
    ),
}


def job_of(name: str) -> dict[str, Any]:
    problem, source, _, _ = CANDIDATES[name]
    job = make_job(
        id=f"kernelbench/{name}",
        source=source,
        operation=Problem("1_problem", problem),
        hardware=load_profile("cpu-x86_64"),
        language="torch",
    )
    # The speed is not what is tested.
    job["settings"]["pairs"] = 8
    return job


@pytest.fixture(scope="module")
def judged(executor: LocalExecutor) -> Callable[[str], "Future[Evidence]"]:
    futures = {name: executor.submit(job_of(name)) for name in CANDIDATES}
    return lambda name: futures[name]


@pytest.mark.parametrize("name", CANDIDATES)
def test_verdict_and_reason(name, judged):
    _, _, verdict, words = CANDIDATES[name]
    evidence = judged(name).result(timeout=300)
    assert evidence.verdict == verdict, evidence.reason
    assert words in evidence.reason
    assert (evidence.language, evidence.operation) == ("torch", "1_problem")


def test_the_roofline_counts_inputs_and_outputs_once(judged):
    (timing,) = judged("the same layers by other names").result(timeout=300).timings
    moved = timing.achieved_bandwidth * timing.candidate_seconds
    assert moved == pytest.approx(4 * (16 * 64 + 16 * 32))


def test_the_packed_judge_needs_no_package(tmp_path: Path):
    jobs = [job_of("several outputs"), job_of("stale output")]
    for job in jobs:
        job["settings"] |= {"pairs": 3, "baselines": ["eager"]}
    packed = write_pack(tmp_path / "kb.pyz", jobs)
    evidence = tmp_path / "evidence.jsonl"
    verdicts: dict[str, str] = {}
    # Where the machine is busy, a candidate is not judged at the first go.
    while len(verdicts) < len(jobs):
        subprocess.run(
            [sys.executable, str(packed), "--out", str(evidence)],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            cwd=tmp_path,
            capture_output=True,
            check=True,
            timeout=300,
        )
        records = map(json.loads, evidence.read_text().splitlines())
        found = [record for record in records if record["verdict"] != "infra_error"]
        verdicts = {record["id"]: record["verdict"] for record in found}
        assert all(len(t["samples"]) <= 3 for record in found for t in record["timings"])
    assert list(verdicts.values()) == ["correct", "incorrect"]
