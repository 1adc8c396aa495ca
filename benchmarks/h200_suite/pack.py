"""Packs the suite's GPU solutions and the hard recorded completions for an H200.

Runs where skilldyno is installed: `pack.py FOLDER` writes solutions.pyz and recordings.pyz, and
there `python3 solutions.pyz --out solutions.jsonl` judges them, with Python and torch alone.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from skilldyno.evals.recording import load_recording
from skilldyno.scorers.candidate import extract_candidate
from skilldyno.scorers.job import make_job
from skilldyno.scorers.pack import write_pack
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.hardware import load_profile
from skilldyno.tasks.language import Language

HONEST = Path(__file__).parents[2] / "tests" / "honest"
LANGUAGES: dict[str, Language] = {".cu": "cuda", ".py": "triton"}
RECORDING, HARDWARE = "claude-hard-cuda", "h200"


def solution_files() -> list[Path]:
    """One honest kernel of each operation, and the CUDA one of rms_norm beside that in Triton."""
    files = [file for file in sorted((HONEST / "ops").iterdir()) if file.suffix in LANGUAGES]
    return [*files, HONEST / "near_the_roofline.cu"]


def solution_jobs() -> list[dict[str, Any]]:
    """A job for each of them."""
    return [
        make_job(
            id=file.stem,
            source=file.read_text(encoding="utf-8"),
            operation=load_operation(file.stem if file.parent.name == "ops" else "rms_norm"),
            hardware=load_profile(HARDWARE),
            language=LANGUAGES[file.suffix],
        )
        for file in solution_files()
    ]


def recorded_kernels(name: str) -> list[tuple[str, str, str]]:
    """Every completion of a recording in CUDA: an id, its operation's name, and its kernel."""
    recording = load_recording(name)
    kernels = []
    for variant, task, epoch in sorted(recording.completions):
        op = task.split("/")[0]
        completion = recording.completion(variant, task, epoch).completion
        source = extract_candidate(completion, "cuda", op).source
        if source is None:
            raise ValueError(f"the recorded completion {op}, {variant}, {epoch} holds no kernel")
        kernels.append((f"{task}:{epoch:03d}:{variant}", op, source))
    return kernels


def cuda_job(id: str, op: str, source: str) -> dict[str, Any]:
    """The job of one kernel in CUDA."""
    return make_job(
        id=id,
        source=source,
        operation=load_operation(op),
        hardware=load_profile(HARDWARE),
        language="cuda",
    )


def recording_jobs() -> list[dict[str, Any]]:
    """Every recorded completion of the hard operations."""
    return [cuda_job(*kernel) for kernel in recorded_kernels(RECORDING)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name, jobs in (("solutions", solution_jobs()), ("recordings", recording_jobs())):
        write_pack(arguments.folder / f"{name}.pyz", jobs)
        print(f"{len(jobs)} jobs in {arguments.folder / name}.pyz")
