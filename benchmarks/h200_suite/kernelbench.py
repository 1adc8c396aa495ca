"""Packs KernelBench problems with a right and a wrong ModelNew each, for an H200.

Runs where skilldyno is installed: `kernelbench.py pack CHECKOUT kb.pyz` takes problems of level 1
from a checkout of github.com/ScalingIntelligence/KernelBench; there
`python3 kb.pyz --out kb.jsonl` judges them, with Python and torch alone; and
`kernelbench.py read kb.jsonl` says whether each verdict is what it must be.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from skilldyno.scorers.evidence import parse_evidence
from skilldyno.scorers.job import make_job
from skilldyno.scorers.pack import write_pack
from skilldyno.tasks.hardware import load_profile
from skilldyno.tasks.kernelbench import load_problems
from skilldyno.tasks.problem import Problem

HARDWARE = "h200"
# Problems of at most 2.2 GB of inputs and outputs, over matrix products, convolutions,
# normalisation, an activation and losses.
PROBLEMS = "1,2,3,6,8,10,12,13,14,16,17,18,40,50,66,83,85,88,95,98"
VERDICTS = {"right": "correct", "wrong": "incorrect"}

_WRONG = """

class ModelNew(_Right):
    def forward(self, *inputs):
        result = super().forward(*inputs)
        {spoilt}
        return result
"""
_SPOILT = ("result = result * 1.01", "result[-1] = 0")


def right(problem: Problem) -> str:
    """The problem's own Model by the name of ModelNew."""
    return re.sub(r"\bModel\b", "ModelNew", problem.text)


def wrong(problem: Problem, at: int) -> str:
    """The same with an output that is off by a hundredth, or whose last row is zeros."""
    # A loss has no rows.
    spoilt = _SPOILT[at % 2] if problem.forms.outputs[0].shape else _SPOILT[0]
    return re.sub(r"\bModel\b", "_Right", problem.text) + _WRONG.format(spoilt=spoilt)


def jobs_of(checkout: Path, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Two jobs a problem."""
    jobs = []
    for at, problem in enumerate(load_problems(str(checkout), 1, PROBLEMS)):
        sources = {"right": right(problem), "wrong": wrong(problem, at)}
        for kind, source in sources.items():
            job = make_job(
                id=f"{problem.name}/{kind}",
                source=source,
                operation=problem,
                hardware=load_profile(HARDWARE),
                language="torch",
            )
            job["settings"] |= settings
            jobs.append(job)
    return jobs


def read(path: Path) -> bool:
    """Print each verdict, and return whether all are what they must be."""
    records = [parse_evidence(json.loads(line)) for line in path.read_text().splitlines()]
    # What was an infra_error may have been judged again since.
    last = {record.id: record for record in records}
    good = 0
    for record in last.values():
        expected = VERDICTS[record.id.rpartition("/")[2]]
        good += record.verdict == expected
        mark = "  " if record.verdict == expected else "! "
        print(f"{mark}{record.id}: {record.verdict}: {record.reason}")
    print(f"{good} of {len(last)} verdicts are what they must be")
    return good == len(last)


def main() -> None:
    """Pack, or read."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser("pack")
    packing.add_argument("checkout", type=Path)
    packing.add_argument("file", type=Path)
    packing.add_argument("--pairs", type=int, default=8, help="the most timed pairs")
    packing.add_argument("--compile", action="store_true", help="time torch.compile too")
    reading = commands.add_parser("read")
    reading.add_argument("evidence", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "read":
        sys.exit(0 if read(arguments.evidence) else 1)
    baselines = ["eager", "compile"] if arguments.compile else ["eager"]
    settings = {"pairs": arguments.pairs, "baselines": baselines}
    jobs = jobs_of(arguments.checkout, settings)
    write_pack(arguments.file, jobs)
    print(f"{len(jobs)} jobs in {arguments.file}, {arguments.file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
