"""Repeatability: the speedup of the same kernels over fresh processes, by three clocks."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import common

PROCESSES = 8
EVIDENCE, OTHERS = "repeatability.jsonl.gz", "repeatability-others.jsonl"
CLOCKS = {"do_bench": "do_bench, median", "kernelbench": "KernelBench protocol"}


def time_by_others(
    options: Any, jobs: Path, evidence: list[common.Record], seconds: float
) -> list[common.Record]:
    """The same kernels by other clocks, in a fresh process."""
    built = {r["id"]: str(common.library_of(r, options.cache)) for r in evidence if r["compiled"]}
    libraries = options.cache / "libraries.json"
    libraries.write_text(json.dumps(built))
    here = Path(__file__).parent
    command = [sys.executable, str(here / "other_clocks.py"), str(jobs), str(libraries)]
    command += [str(options.kernelbench)] if options.kernelbench else []
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=seconds, cwd=here)
    except subprocess.TimeoutExpired:
        print(f"stopped: the other clocks were not done within {seconds:.0f} s", file=sys.stderr)
        return []
    return [json.loads(line) for line in done.stdout.splitlines()]


def measure(options: Any) -> bool:
    """Alternate between a fresh judge and a fresh process of the other clocks."""
    path = options.bundle / "jobs" / "repeatability.jsonl"
    jobs = common.read_records(path)
    evidence: list[common.Record] = []
    others: list[common.Record] = []
    longest = 0.0
    for process in range(PROCESSES):
        before = common.remaining(options)
        if before < longest:
            print(f"stopped: the budget allows {process} processes", file=sys.stderr)
            break
        judged = common.judge_all(options.judge, jobs, options.cache, before)
        evidence += [{**record, "process": process} for record in judged]
        common.write_records(options.out / EVIDENCE, evidence)
        timed = time_by_others(options, path, judged, max(1.0, common.remaining(options)))
        source = "KernelBench's own" if options.kernelbench else "written anew"
        others += [{**record, "process": process, "source": source} for record in timed]
        common.write_records(options.out / OTHERS, others)
        # The first process builds, and so says little of how long the others take.
        longest = max(longest, before - common.remaining(options)) if process else 0.0
    return all(r["verdict"] == "correct" for r in evidence)


def _cells(speedups: list[float]) -> tuple[str, str]:
    if not speedups:
        return "", ""
    return f"{statistics.fmean(speedups):.2f}x", f"{100 * common.variation(speedups):.2f} %"


def _row(name: str, judged: list[common.Record], others: list[common.Record]) -> list[object]:
    timings = [r["timings"][0] for r in judged if r["verdict"] == "correct"]
    seconds = [t["candidate_seconds"] for t in timings]
    typical = common.microseconds(statistics.median(seconds)) if seconds else judged[0]["verdict"]
    row: list[object] = [name, typical, len(timings)]
    row += _cells([t["speedup"] for t in timings])
    for clock in CLOCKS:
        row += _cells([r[clock]["eager"] / r[clock]["candidate"] for r in others])
    return row


def report(folder: Path) -> str:
    """The mean speedup and its coefficient of variation, kernel by kernel and clock by clock."""
    evidence = common.read_records(folder / EVIDENCE)
    others = common.read_records(folder / OTHERS)

    def of(records: list[common.Record], name: str) -> list[common.Record]:
        return [r for r in records if r["id"] == name]

    rows = [
        _row(n, of(evidence, n), of(others, n)) for n in dict.fromkeys(r["id"] for r in evidence)
    ]
    rows.sort(key=lambda row: float(str(row[1])) if row[2] else 0.0)
    headers = ["kernel", "µs", "processes", "judge", "its CV"]
    for clock in CLOCKS.values():
        headers += [clock, "its CV"]
    source = " and ".join(sorted({r["source"] for r in others}))
    text = (
        "The mean over fresh processes of the speedup over eager PyTorch, and its coefficient of"
        " variation (CV). Each process times every kernel once by each clock. Both other clocks"
        " call the kernel through ctypes, and both sides allocate their outputs in the call."
        f" The KernelBench protocol (3 warm-up calls, the mean of 100 CUDA event pairs, of 20 where"
        f" a call takes over 20 ms) is {source}."
    )
    return common.section(
        "Repeatability", "repeatability.py", [EVIDENCE, OTHERS], text, common.table(headers, rows)
    )


if __name__ == "__main__":
    common.run(__doc__, measure, report)
