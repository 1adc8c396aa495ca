"""Generated here, judged elsewhere: completions go out in one file, and evidence comes back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval_set
from inspect_ai.log import list_eval_logs, read_eval_log
from inspect_ai.model import get_model

from skilldyno.evals.kernel_skill import kernel_skill

pytestmark = pytest.mark.alone

SUITE = """
name = "small"
description = "One operation."
operations = ["softmax"]
hardware = "cpu-x86_64"
language = "cpp"
epochs = 2
"""


@pytest.fixture
def unjudged(tmp_path: Path) -> Path:
    """Logs of two recorded completions that nobody has judged yet."""
    suite = tmp_path / "small.toml"
    suite.write_text(SUITE)
    logs = tmp_path / "logs"
    arm = kernel_skill(suite=str(suite), recording="claude-cpp", judging="later")
    eval_set(arm, model=get_model("recorded/claude"), log_dir=str(logs), display="none")
    return logs


def scores_in(logs: Path) -> dict[int, dict[str, Any]]:
    (log,) = [read_eval_log(info) for info in list_eval_logs(str(logs))]
    return {
        sample.epoch: sample.scores["kernel_quality"].as_dict()
        for sample in log.samples or []
        if sample.scores
    }


def judge_elsewhere(jobs: Path, evidence: Path) -> str:
    """Run the packed judge as the GPU machine would; what it said on stderr."""
    return subprocess.run(
        [sys.executable, str(jobs), "--out", str(evidence)],
        cwd=jobs.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    ).stderr


def test_what_was_packed_comes_back_as_scores(unjudged, tmp_path, skilldyno):
    assert scores_in(unjudged) == {}
    jobs, evidence = tmp_path / "jobs.pyz", tmp_path / "evidence.jsonl"
    packed = skilldyno("pack", str(unjudged), "-o", str(jobs))
    assert packed.returncode == 0, packed.stderr
    assert "2 candidates" in packed.stdout
    # Where the machine is busy, a candidate is not judged at the first go.
    while "infra_error" in (said := judge_elsewhere(jobs, evidence)):
        pass
    assert "2 judged" in said
    # One more start has nothing left to do.
    assert "judged" not in judge_elsewhere(jobs, evidence)
    done = skilldyno("unpack", str(unjudged), str(evidence))
    assert done.returncode == 0, done.stderr
    scores = scores_in(unjudged)
    assert {epoch: score["correct"] for epoch, score in scores.items()} == {1: 1, 2: 1}
    again = skilldyno("unpack", str(unjudged), str(evidence))
    assert again.returncode == 0, again.stderr
    assert scores_in(unjudged) == scores


def test_evidence_of_another_source_is_refused(unjudged, tmp_path, skilldyno):
    jobs, evidence = tmp_path / "jobs.pyz", tmp_path / "evidence.jsonl"
    assert skilldyno("pack", str(unjudged), "-o", str(jobs)).returncode == 0
    judge_elsewhere(jobs, evidence)
    records = [json.loads(line) for line in evidence.read_text().splitlines()]
    records[0]["candidate"] = "0" * 64
    evidence.write_text("".join(json.dumps(record) + "\n" for record in records))
    done = skilldyno("unpack", str(unjudged), str(evidence))
    assert done.returncode == 2
    assert "for another source" in done.stderr
    assert scores_in(unjudged) == {}


@pytest.mark.parametrize("text", ["not json\n", "{}\n"])
def test_a_file_that_is_no_evidence_is_refused(unjudged, tmp_path, skilldyno, text):
    evidence = tmp_path / "evidence.jsonl"
    evidence.write_text(text)
    done = skilldyno("unpack", str(unjudged), str(evidence))
    assert done.returncode == 2
    assert f"{evidence}:1 is no evidence" in done.stderr
