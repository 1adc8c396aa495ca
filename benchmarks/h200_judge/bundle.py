"""Writes the bundle for the GPU machine: the packed judge, the jobs, and the scripts.

Runs where skilldyno is installed.  `run.sh` in the bundle then runs every script without it.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import common
from fault_kernels import FAULTS, THEN_HONEST

from skilldyno.evals.recording import load_recording
from skilldyno.scorers.candidate import extract_candidate
from skilldyno.scorers.exhibit import HARMLESS_SLACK
from skilldyno.scorers.job import make_job
from skilldyno.scorers.pack import write_pack
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.hardware import load_profile
from skilldyno.tasks.language import Language
from skilldyno.tasks.operation import Operation
from skilldyno.tasks.workload import WorkloadTable

HERE = Path(__file__).parent
TESTS = HERE.parents[1] / "tests"
RECORDING, HARDWARE = "claude-cuda", "h200"
LANGUAGES: dict[str, Language] = {".cu": "cuda", ".py": "triton"}

Dims = dict[str, int]

# From 3 us to 5 ms on an H200.
REPEATED: tuple[tuple[str, Dims], ...] = (
    ("rms_norm", {"M": 256, "N": 4096}),
    ("rms_norm", {"M": 4096, "N": 4096}),
    ("rms_norm", {"M": 32768, "N": 2048}),
    ("rms_norm", {"M": 65536, "N": 4096}),
    ("silu_mul", {"M": 8192, "N": 14336}),
    ("linear_gelu", {"M": 4096, "N": 4096, "K": 4096}),
    ("linear_gelu", {"M": 4096, "N": 8192, "K": 28672}),
)
# Each takes 10 us or more.
PROFILED: tuple[tuple[str, Dims], ...] = (
    ("rms_norm", {"M": 4096, "N": 4096}),
    ("rms_norm", {"M": 32768, "N": 2048}),
    ("rms_norm", {"M": 65536, "N": 4096}),
    ("layer_norm", {"M": 8192, "N": 3072}),
    ("softmax", {"M": 32768, "N": 4096}),
    ("silu_mul", {"M": 8192, "N": 14336}),
    ("rope", {"B": 2, "S": 4096, "H": 32, "D": 128}),
    ("cross_entropy", {"M": 8192, "N": 32000}),
    ("quant_int8", {"M": 8192, "N": 7168}),
    ("linear_gelu", {"M": 4096, "N": 4096, "K": 4096}),
)
CLAIMED_ROWS = (128, 256, 512, 1024, 2048, 4096, 8192, 16384)
EAGER_ALONE: dict[str, Any] = {"baselines": ["eager"]}


def with_workloads(operation: Operation, timed: list[Dims]) -> Operation:
    """The operation with these timed workloads, and a small hidden one that is only checked."""
    table = WorkloadTable(visible=tuple(timed), hidden=operation.workloads["gpu"].hidden[:1])
    # The judge keeps what it knows of an operation by the digest.
    text = operation.digest + json.dumps(timed)
    return operation.model_copy(
        update={
            "workloads": {**operation.workloads, "gpu": table},
            "digest": hashlib.sha256(text.encode()).hexdigest(),
        }
    )


def job(
    name: str,
    source: str,
    operation: Operation,
    language: Language = "cuda",
    **settings: Any,
) -> common.Record:
    """A job for the judge, with settings beside the usual ones."""
    made = make_job(
        id=name,
        source=source,
        operation=operation,
        hardware=load_profile(HARDWARE),
        language=language,
    )
    return {**made, "settings": {**made["settings"], **settings}}


def recorded_source(op: str, variant: str, epoch: int) -> str:
    """The kernel of a recorded completion."""
    completion = load_recording(RECORDING).completion(variant, f"{op}/{HARDWARE}/cuda", epoch)
    source = extract_candidate(completion.completion, "cuda", op).source
    if source is None:
        raise ValueError(f"the recorded completion {op}, {variant}, {epoch} holds no kernel")
    return source


def recording_jobs() -> list[common.Record]:
    """Every recorded completion."""
    jobs = []
    for variant, task, epoch in sorted(load_recording(RECORDING).completions):
        op = task.split("/")[0]
        name = f"{task}:{epoch:03d}:{variant}"
        jobs.append(job(name, recorded_source(op, variant, epoch), load_operation(op)))
    return jobs


def single_workload_jobs(cases: tuple[tuple[str, Dims], ...]) -> list[common.Record]:
    """The first recorded kernel of each case's operation, on one timed workload."""
    jobs = []
    for op, dims in cases:
        operation = with_workloads(load_operation(op), [dims])
        name = f"{op} " + ",".join(f"{k}={v}" for k, v in dims.items())
        jobs.append(job(name, recorded_source(op, "none", 1), operation, **EAGER_ALONE))
    return jobs


def claim_jobs() -> list[common.Record]:
    """The vectorised RMSNorm on the shapes of the claim."""
    timed = [{"M": rows, "N": 4096} for rows in CLAIMED_ROWS]
    operation = with_workloads(load_operation("rms_norm"), timed)
    source = (HERE / "rms_norm_vectorised.cu").read_text(encoding="utf-8")
    return [job("rms_norm_vectorised", source, operation)]


def fault_jobs() -> list[common.Record]:
    """Every fault, and after each of them an honest kernel."""
    operation = with_workloads(load_operation("rms_norm"), [{"M": 512, "N": 4096}])
    honest = (HERE / "rms_norm_vectorised.cu").read_text(encoding="utf-8")
    jobs = []
    for number, fault in enumerate(FAULTS, 1):
        name = f"{number:02d} {fault.name}"
        settings = {"call_seconds": 3.0, **EAGER_ALONE}
        jobs.append(job(name, fault.source(honest), operation, fault.language, **settings))
        jobs.append(job(name + THEN_HONEST, honest, operation, **settings))
    return jobs


def exhibit_jobs(folder: str) -> list[common.Record]:
    """The kernels of tests/exploits or tests/honest for GPUs, by the operation of their header."""
    jobs = []
    for file in sorted((TESTS / folder).iterdir()):
        if file.suffix in LANGUAGES:
            source = file.read_text(encoding="utf-8")
            whole = load_operation(header_field(source, "Op"))
            shapes = whole.workloads["gpu"].visible
            operation = with_workloads(whole, [shapes[0], shapes[-1]])
            settings = {"call_seconds": 4.0, "total_seconds": 60.0, **EAGER_ALONE}
            jobs.append(
                job(f"{folder}/{file.name}", source, operation, LANGUAGES[file.suffix], **settings)
            )
    return jobs


def header_field(source: str, name: str) -> str:
    """A field in the header of an exhibit, on as many lines as it takes, without its full stop."""
    found = re.search(rf"^\W*{name}: (.+?)\.$", source, re.M | re.S)
    return re.sub(r"\n(?://)? *", " ", found.group(1)) if found else ""


def exhibit_headers(jobs: list[common.Record]) -> list[common.Record]:
    """The family of each exhibit, and the verdicts by which an exploit counts as caught."""
    headers = []
    for made in jobs:
        caught = header_field(made["source"], "Caught")
        expected = re.findall(r"(\w+)(?: \(([^)]*)\))?(?: \| |$)", caught)
        family = header_field(made["source"], "Family") if caught else "honest"
        headers.append(
            {
                "id": made["id"],
                "family": family,
                "expected": expected,
                # A harmless exploit gains nothing: it is no faster than its honest twin.
                "slack": HARMLESS_SLACK,
            }
        )
    return headers


def carry_tests(target: Path) -> None:
    """Copy the exhibits for GPUs and the naive harness, which finds its honest twins beside it."""
    for folder in ("exploits", "honest"):
        (target / folder).mkdir(parents=True, exist_ok=True)
        for suffix in LANGUAGES:
            for file in (TESTS / folder).glob(f"*{suffix}"):
                shutil.copy(file, target / folder)
    for harness in TESTS.glob("naive_harness_gpu.py"):
        shutil.copy(harness, target)


def carry_kernelbench(repository: Path, target: Path) -> None:
    """Unpack KernelBench's package from a git directory, with the commit that it is of."""
    git = ["git", "--git-dir", str(repository)]
    archive = subprocess.run(
        [*git, "archive", "HEAD", "src/kernelbench"], capture_output=True, check=True
    )
    commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(target, filter="data")
    (target / "COMMIT").write_text(commit.stdout)


def main() -> None:
    """Write the bundle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kernelbench", type=Path, help="KernelBench's git directory, to carry")
    options = parser.parse_args()
    jobs = options.folder / "jobs"
    jobs.mkdir(parents=True, exist_ok=True)
    write_pack(options.folder / "judge.pyz")
    exploits, honest = exhibit_jobs("exploits"), exhibit_jobs("honest")
    for name, made in {
        "recordings": recording_jobs(),
        "repeatability": single_workload_jobs(REPEATED),
        "truth": single_workload_jobs(PROFILED),
        "rms_norm_claim": claim_jobs(),
        "faults": fault_jobs(),
        "exploits": exploits,
        "honest": honest,
        "exhibits": exhibit_headers([*exploits, *honest]),
    }.items():
        common.write_records(jobs / f"{name}.jsonl", made)
        print(f"{len(made):3d} records in {name}.jsonl")
    for file in (*HERE.glob("*.py"), *HERE.glob("*.sh")):
        shutil.copy(file, options.folder)
    carry_tests(options.folder / "tests")
    if options.kernelbench is not None:
        carry_kernelbench(options.kernelbench, options.folder / "kernelbench")


if __name__ == "__main__":
    main()
