"""Packs the recorded kernel repositories in CUDA for an H200.

Runs where skilldyno is installed: `pack.py FOLDER` writes FOLDER/logs, the recorded completions as
logs that are not judged yet, and FOLDER/kernel-repos.pyz with their jobs. On the H200,
`python3 kernel-repos.pyz --out evidence.jsonl` judges them, with Python, torch and nvcc alone; then
here `skilldyno unpack FOLDER/logs evidence.jsonl` and `summarise.py FOLDER/logs`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from inspect_ai.model import get_model

from skilldyno.evals.grid import run_grid
from skilldyno.evals.kernel_skill import kernel_skill
from skilldyno.evals.pack import pack_logs
from skilldyno.evals.recording import load_recording

RECORDING, SUITE, HARDWARE = "claude-kernel-repos", "demo-kernel-repos-h200", "h200"


def main() -> None:
    """Write the logs and the pack."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    recording = load_recording(RECORDING)
    of_it = [v for v, eval_task, _ in recording.completions if f"/{HARDWARE}/" in eval_task]
    arms = [
        kernel_skill(
            variant=variant, suite=SUITE, hardware=HARDWARE, recording=RECORDING, judging="later"
        )
        for variant in dict.fromkeys(of_it)
    ]
    run_grid(arms, [get_model(f"recorded/{recording.model}")], folder / "logs")
    pack_logs([folder / "logs"], folder / "kernel-repos.pyz")


if __name__ == "__main__":
    main()
