"""Writes results/published/h200-judge from what the scripts left on the GPU machine.

Runs where skilldyno is installed: `summarise.py RECORDS...`, folders or archives of run.sh,
of which later ones count where they hold the same.
"""

from __future__ import annotations

import argparse
import math
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import common
import exhibits
import faults
import kernelbench_eval
import pandas as pd
import recordings
import repeatability
import rms_norm_claim
import truth

from skilldyno.evals.recording import load_recording
from skilldyno.results.statistics import compare
from skilldyno.results.table import SCHEMA
from skilldyno.results.terminal import render
from skilldyno.tasks.catalogue import load_operation

PUBLISHED = Path(__file__).parents[2] / "results" / "published" / "h200-judge"
RECORDING = "claude-cuda"

GPU_TESTS = "gpu-tests.log"


def gpu_tests(folder: Path) -> str:
    """What the tests that need a GPU said there."""
    last = (folder / GPU_TESTS).read_text(encoding="utf-8").splitlines()[-1]
    text = (
        "Each exploit must fool the naive harness and be caught for a right reason in the same"
        " test, each honest kernel be correct, and each example of the shipped Skills be right:"
    )
    return (
        "## The tests that need a GPU\n\n"
        f"Made by `python3 -m pytest -m gpu` ([{GPU_TESTS}]({GPU_TESTS})). {text}\n\n"
        f"```\n{last}\n```"
    )


# The file without which a section has nothing to say, and the section.
SECTIONS: tuple[tuple[str, Callable[[Path], str]], ...] = (
    (repeatability.EVIDENCE, repeatability.report),
    (truth.EVIDENCE, truth.report),
    (exhibits.EVIDENCE, exhibits.report),
    (GPU_TESTS, gpu_tests),
    (faults.EVIDENCE, faults.report),
    (recordings.RUNS, recordings.report),
    (rms_norm_claim.EVIDENCE, rms_norm_claim.report),
    (kernelbench_eval.RESULTS, kernelbench_eval.report),
)


def gather(records: list[Path], target: Path) -> None:
    """Copy the records of folders and archives into one folder."""
    target.mkdir(parents=True, exist_ok=True)
    for source in records:
        with tempfile.TemporaryDirectory() as name:
            folder = source
            if source.is_file():
                folder = Path(name)
                with tarfile.open(source) as archive:
                    archive.extractall(folder, filter="data")
            for file in sorted([*folder.glob("*.jsonl*"), *folder.glob(GPU_TESTS)]):
                shutil.copy(file, target)


def row(evidence: common.Record, model: str) -> common.Record:
    """One sample of the comparison, with the columns of `results.table.SCHEMA`."""
    task, epoch, variant = evidence["id"].split(":", 2)
    blank = {"str": "", "float": math.nan, "int64": 0, "bool": False, "object": ()}
    scored = evidence["verdict"] != "infra_error"
    numbers = ("speedup", "speedup_low", "speedup_high", "roofline_fraction")
    return {
        **{column.name: blank[column.dtype] for column in SCHEMA},
        **{name: evidence[name] for name in ("hardware", "language", "verdict", "reason")},
        **{n: math.nan if evidence[n] is None else evidence[n] for n in numbers},
        "model": model,
        "variant": variant,
        "eval_task": task,
        "op": evidence["operation"],
        "family": load_operation(evidence["operation"]).family,
        "epoch": int(epoch),
        "status": "scored" if scored else "unscored",
        "compiled": float(evidence["compiled"]) if scored else math.nan,
        "correct": float(evidence["correct"]) if scored else math.nan,
        "ambiguous": evidence["ambiguous"],
        "mode": "single",
        "speed_baseline": evidence["baseline"],
        "candidate": evidence["candidate"],
    }


def comparison(folder: Path) -> str:
    """The paired comparison of the recorded completions with and without the Skill."""
    name = recordings.EVIDENCE
    evidence = common.read_records(folder / name)
    model = load_recording(RECORDING).model
    rows = pd.DataFrame([row(record, model) for record in evidence])
    rows = rows.sort_values(["model", "variant", "eval_task", "epoch"], ignore_index=True)
    text = render(compare(rows))
    title = "Recorded completions, with and without the Skill"
    return common.section(title, "summarise.py", [name], f"```\n{text}\n```")


def machine(folder: Path) -> str:
    """The machine and the versions, as the evidence names them, and whose judge made each file."""
    names = ("gpu", "nvcc", "torch", "python", "kernel", "cpu")
    found: dict[str, set[str]] = {name: set() for name in names}
    judges: dict[str, set[str]] = {}
    for file in sorted(folder.glob("*.jsonl.gz")):
        for record in common.read_records(file):
            environment = record["environment"]
            for name in names:
                if name in environment:
                    found[name].add(str(environment[name]))
            if "judge_digest" in environment:
                judges.setdefault(environment["judge_digest"][:12], set()).add(file.name)
    rows = [(name, "; ".join(sorted(values))) for name, values in found.items()]
    rows += [(f"judge {judge}", ", ".join(sorted(files))) for judge, files in judges.items()]
    return common.table(("", "in the evidence"), rows)


def write(records: list[Path], folder: Path) -> None:
    """Write the page, and put the records beside it."""
    gather(records, folder)
    parts = [report(folder) for needed, report in SECTIONS if (folder / needed).exists()]
    if (folder / recordings.EVIDENCE).exists():
        parts.append(comparison(folder))
    opening = (
        "# The judge on an H200\n\nEvery figure is computed by `benchmarks/h200_judge/summarise.py`"
        " from the records beside this page, which the scripts named below left on the GPU machine."
        f" `benchmarks/h200_judge/run.sh` runs them all.\n\n{machine(folder)}"
    )
    text = "\n\n".join([opening, *parts]) + "\n"
    (folder / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=Path, nargs="+")
    parser.add_argument("--target", type=Path, default=PUBLISHED)
    arguments = parser.parse_args()
    write(arguments.records, arguments.target)
