"""The H200 benchmarks: a bundle that the judge reads, and a page computed from records alone."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from skilldyno.scorers.judge.evidence import Evidence
from skilldyno.scorers.judge.job import parse_job

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "benchmarks" / "h200_judge"


def run(script, *arguments):
    command = [sys.executable, str(SCRIPTS / script), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    run("bundle.py", folder)
    return folder


def evidence_of(job, seconds, speedup):
    timed = [w for w in job["operation"]["workloads"] if w["timed"]]
    timing = {
        "candidate_seconds": seconds,
        "speedup": speedup,
        "baselines": {"eager": speedup},
        "achieved_bandwidth": 1e12,
    }
    record = Evidence.about(parse_job(job), "correct", "right").to_dict()
    timings = [{"workload": w["name"], **timing} for w in timed]
    return {**record, "correct": True, "compiled": True, "timings": timings}


def test_the_judge_reads_every_job_of_the_bundle(bundle):
    files = sorted((bundle / "jobs").glob("*.jsonl"))
    for file in files:
        if file.stem != "exhibits":
            jobs = [parse_job(job) for job in read(file)]
            assert len({job.id for job in jobs}) == len(jobs)
    assert len(read(bundle / "jobs" / "recordings.jsonl")) == 48
    for header in read(bundle / "jobs" / "exhibits.jsonl"):
        assert header["expected"] or header["family"] == "honest"


def test_jobs_on_other_workloads_are_other_operations(bundle):
    # The judge keeps a baseline's memory by the operation's digest.
    jobs = [parse_job(job) for job in read(bundle / "jobs" / "repeatability.jsonl")]
    assert len({job.operation.digest for job in jobs}) == len(jobs)
    for job in jobs:
        assert [w.timed for w in job.operation.workloads] == [True, False]


def test_the_page_is_computed_from_the_records(bundle, tmp_path):
    records = tmp_path / "records"
    records.mkdir()
    repeated = read(bundle / "jobs" / "repeatability.jsonl")[0]
    profiled = read(bundle / "jobs" / "truth.jsonl")[0]
    files = {
        "repeatability.jsonl.gz": [
            {**evidence_of(repeated, 2e-5, 2 + 0.02 * (i % 2)), "process": i} for i in range(8)
        ],
        "truth.jsonl.gz": [evidence_of(profiled, 2.02e-5, 3.0)],
        # Two launches a call.
        "truth-ncu.jsonl": [
            {"id": profiled["id"], "cache": "none", "launches": [1e-5] * 24},
            {"id": profiled["id"], "cache": "all", "launches": [1.01e-5] * 24},
        ],
    }
    for name, lines in files.items():
        opened = gzip.open if name.endswith(".gz") else open
        with opened(records / name, "wt") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
    run("summarise.py", records, "--target", tmp_path / "page")
    page = (tmp_path / "page" / "README.md").read_text()
    assert f"| {repeated['id']} | 20 | 8 | 2.01x | 0.53 % |" in page
    assert f"| {profiled['id']} | 20 | 20.2 | 20 | +1.0 % | 20.2 | +0.0 % |" in page
    assert (tmp_path / "page" / "truth-ncu.jsonl").exists()
    assert "## Faults" not in page


def test_the_published_page_is_computed_from_the_records_beside_it(tmp_path):
    published = ROOT / "results" / "published" / "h200-judge"
    run("summarise.py", published, "--target", tmp_path)
    page = (published / "README.md").read_text()
    assert (tmp_path / "README.md").read_text() == page
    claim = page[page.index("| M=128,N=4096 |") :].split("\n\n")[0]
    assert claim in (ROOT / "README.md").read_text()


@pytest.mark.skipif(torch.cuda.is_available(), reason="is for machines without a GPU")
def test_a_script_without_a_gpu_keeps_its_records_and_says_so(bundle, tmp_path):
    done = subprocess.run(
        ["sh", str(bundle / "run.sh"), str(tmp_path), "60", "rms_norm_claim"],
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert "infra_error" in done.stdout
    assert "exit code 1" in done.stdout
    assert (tmp_path / "h200-judge.tar.gz").exists()
