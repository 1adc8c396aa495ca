"""Packs kernel repositories, exported from the suite's CUDA solutions, for an H200.

`exports.py solutions.jsonl exports.pyz` takes what solutions.pyz found there (see pack.py) and
exports each CUDA solution that is correct; `python3 exports.pyz --out exports.jsonl` judges the
repositories there, in the language torch-ext.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from skilldyno.results.kernel_repository import JudgedKernel, kernel_repository
from skilldyno.scorers.evidence import compact, parse_evidence
from skilldyno.scorers.job import make_job
from skilldyno.scorers.pack import write_pack
from skilldyno.scorers.repository import File, Repository
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.eval_task import EvalTask
from skilldyno.tasks.hardware import load_profile

SOLUTIONS = Path(__file__).parents[2] / "tests" / "honest" / "ops"


def export_jobs(evidence_file: Path) -> list[dict[str, Any]]:
    """One repository of each CUDA solution that the evidence calls correct."""
    jobs = []
    for line in evidence_file.read_text(encoding="utf-8").splitlines():
        evidence = parse_evidence(json.loads(line))
        if evidence.language != "cuda" or evidence.verdict != "correct":
            continue
        hardware, operation = load_profile(evidence.hardware), load_operation(evidence.operation)
        source = (SOLUTIONS / f"{evidence.id}.cu").read_text(encoding="utf-8")
        kernel = JudgedKernel(EvalTask(operation, hardware, "cuda"), source, compact(evidence))
        files = kernel_repository(kernel).files
        job = make_job(
            id=f"{evidence.id} exported",
            source=Repository(tuple(File(*each) for each in files.items())).text,
            operation=operation,
            hardware=hardware,
            language="torch-ext",
        )
        # That they are right is what is asked; their speed is known from the kernels themselves.
        job["settings"] |= {"baselines": ["eager"]}
        jobs.append(job)
    return jobs


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("evidence", type=Path)
    parser.add_argument("pack", type=Path)
    arguments = parser.parse_args()
    jobs = export_jobs(arguments.evidence)
    write_pack(arguments.pack, jobs)
    print(f"{len(jobs)} jobs in {arguments.pack}")
