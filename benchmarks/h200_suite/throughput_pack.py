"""Packs candidates for an H200: the recorded CUDA completions, and mutations of them.

Runs where skilldyno is installed: `throughput_pack.py throughput.pyz --candidates 300`;
throughput.py measures it on the GPU machine.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pack import cuda_job, recorded_kernels

from skilldyno.scorers.pack import write_pack

RECORDING = "claude-cuda"


def _unchanged(source: str) -> str:
    return source


def _renamed(source: str) -> str:
    return source + "\n// The same kernel by another digest.\n"


def _half_the_threads(source: str) -> str:
    halved = re.sub(r"\b(256|512|1024)\b", lambda m: str(int(m[0]) // 2), source, count=1)
    return halved if halved != source else _renamed(source) + "// No number of threads in it.\n"


def _wrong_constant(source: str) -> str:
    # Where a kernel has no constant, its bfloat16 results come from another type.
    wrong = re.sub(r"\b(\d+\.\d+)f\b", lambda m: f"{float(m[1]) + 0.37}f", source, count=1)
    return wrong if wrong != source else source.replace("float ", "__nv_bfloat16 ", 1)


def _cut_off(source: str) -> str:
    return source[: len(source) // 2]


MUTATIONS: tuple[tuple[str, Callable[[str], str], int], ...] = (
    ("recorded", _unchanged, 48),
    ("renamed", _renamed, 48),
    ("half the threads", _half_the_threads, 48),
    ("wrong constant", _wrong_constant, 40),
    ("cut off", _cut_off, 16),
)


def throughput_jobs(candidates: int = 200) -> list[dict[str, Any]]:
    """The jobs; a mutation's id ends with what it is.

    More than 200 are the same once more by other digests, evenly chosen where not all come again.
    """
    kernels = recorded_kernels(RECORDING)
    once = [
        (id, name, op, mutate(source))
        for name, mutate, count in MUTATIONS
        for id, op, source in kernels[:count]
    ]
    jobs: list[dict[str, Any]] = []
    while len(jobs) < candidates:
        number, count = 1 + len(jobs) // len(once), min(len(once), candidates - len(jobs))
        jobs += [
            cuda_job(f"{id}:{number}:{name}", op, f"{source}\n// Time {number} of this kernel.\n")
            for id, name, op, source in (once[at * len(once) // count] for at in range(count))
        ]
    return jobs


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--candidates", type=int, default=200)
    arguments = parser.parse_args()
    jobs = throughput_jobs(arguments.candidates)
    write_pack(arguments.file, jobs)
    print(f"{len(jobs)} jobs in {arguments.file}, {arguments.file.stat().st_size} bytes")
