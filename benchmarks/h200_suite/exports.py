"""Packs kernel repositories, exported from kernels that were judged correct there, for an H200.

`exports.py solutions.jsonl exports.pyz` takes what solutions.pyz found there (see pack.py) and
exports each CUDA solution that is correct, and the Triton one of rms_norm; `python3 exports.pyz
--out exports.jsonl` judges the repositories there, in the language torch-ext.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from pack import LANGUAGES, solution_files

from skilldyno.results.kernel_repository import JudgedKernel, kernel_repository, write_repository
from skilldyno.scorers.evidence import compact, parse_evidence
from skilldyno.scorers.job import make_job
from skilldyno.scorers.judge.evidence import Evidence
from skilldyno.scorers.pack import write_pack
from skilldyno.scorers.repository import repository_of
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.eval_task import EvalTask
from skilldyno.tasks.hardware import load_profile


def export_job(evidence: Evidence, source: Path) -> dict[str, Any]:
    """The job of one kernel's repository."""
    hardware, operation = load_profile(evidence.hardware), load_operation(evidence.operation)
    task = EvalTask(operation, hardware, LANGUAGES[source.suffix])
    kernel = JudgedKernel(task, source.read_text(encoding="utf-8"), compact(evidence))
    with tempfile.TemporaryDirectory() as folder:
        write_repository(kernel_repository(kernel), Path(folder))
        text = repository_of(Path(folder)).text
    job = make_job(
        id=f"{evidence.operation} from {source.name}",
        source=text,
        operation=operation,
        hardware=hardware,
        language="torch-ext",
    )
    # That they are right is what is asked; their speed is known from the kernels themselves.
    job["settings"] |= {"baselines": ["eager"]}
    return job


def export_jobs(solutions: Path) -> list[dict[str, Any]]:
    """A repository of each solution that is to be exported and that the evidence calls correct."""
    files = {file.stem: file for file in solution_files()}
    found = map(parse_evidence, map(json.loads, solutions.read_text("utf-8").splitlines()))
    return [
        export_job(each, files[each.id])
        for each in found
        if each.verdict == "correct" and (each.language == "cuda" or each.id == "rms_norm")
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("evidence", type=Path)
    parser.add_argument("pack", type=Path)
    arguments = parser.parse_args()
    jobs = export_jobs(arguments.evidence)
    write_pack(arguments.pack, jobs)
    print(f"{len(jobs)} jobs in {arguments.pack}")
