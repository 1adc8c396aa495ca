"""The recorded completions: verdicts and speedups, candidates a minute, and how busy the GPU is."""

from __future__ import annotations

import math
import re
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import common

EVIDENCE = "recordings.jsonl.gz"
RUNS = "recordings-runs.jsonl"
LOAD = "recordings-load.jsonl"
SAMPLE = ("nvidia-smi", "--query-gpu=utilization.gpu,clocks.sm", "--format=csv,noheader,nounits")


def judge_and_sample(
    options: Any, jobs: list[common.Record], cache: Path
) -> tuple[list[common.Record], list[common.Record], float]:
    """One judge over all jobs: its evidence, the GPU's load beside it, and its wall seconds."""
    begin = time.monotonic()
    sampling = subprocess.Popen([*SAMPLE, "-lms", "200"], stdout=subprocess.PIPE, text=True)
    evidence = common.judge_all(options.judge, jobs, cache, common.remaining(options))
    seconds = time.monotonic() - begin
    sampling.terminate()
    lines = sampling.communicate()[0].splitlines()
    # The last line may be cut off, and a figure that cannot be read is [N/A].
    found = [re.fullmatch(r"(\d+), (\d+)", line.strip()) for line in lines[:-1]]
    load = [
        {"utilisation_percent": float(each[1]), "sm_megahertz": float(each[2])}
        for each in found
        if each is not None
    ]
    return evidence, load, seconds


def measure(options: Any) -> bool:
    """Judge the recorded completions with cold caches."""
    jobs = common.read_records(options.bundle / "jobs" / "recordings.jsonl")
    evidence, load, seconds = judge_and_sample(options, jobs, common.fresh_folder())
    common.write_records(options.out / EVIDENCE, evidence)
    run = {"seconds": seconds, "jobs": len(jobs), "done": len(evidence)}
    common.write_records(options.out / RUNS, [run])
    common.write_records(options.out / LOAD, load)
    return all(record["verdict"] == "correct" for record in evidence) and len(evidence) == len(jobs)


def rate(folder: Path) -> float | None:
    """Candidates a minute, end to end."""
    for run in common.read_records(folder / RUNS):
        if run["done"] == run["jobs"]:
            return 60 * run["done"] / run["seconds"]
    return None


def _throughput(folder: Path) -> str:
    load = [s["utilisation_percent"] for s in common.read_records(folder / LOAD)]
    evidence = common.read_records(folder / EVIDENCE)
    used = sum(sum(r["seconds"].get(k, 0.0) for k in ("check", "time")) for r in evidence)
    rows = [
        (
            f"{run['done']}/{run['jobs']}",
            f"{run['seconds']:.0f}",
            f"{60 * run['done'] / run['seconds']:.1f}",
            f"{statistics.fmean(load):.0f} %" if load else "",
            f"{100 * used / run['seconds']:.0f} %",
        )
        for run in common.read_records(folder / RUNS)
    ]
    headers = ("judged", "seconds", "candidates a minute", "GPU busy (nvidia-smi)")
    return common.table((*headers, "checking and timing"), rows)


def _verdict_row(record: common.Record) -> tuple[str, ...]:
    task, epoch, variant = record["id"].split(":", 2)
    names = (task.split("/")[0], variant, str(int(epoch)), record["verdict"])
    if record["speedup"] is None:
        return (*names, *[""] * 5)
    low, high = record["speedup_low"], record["speedup_high"]
    interval = f"{record['speedup']:.2f}x [{low:.2f}, {high:.2f}]"
    mark = " ambiguous" if record["ambiguous"] else ""
    others = [_against(record, name) for name in ("compile", "best")]
    fraction = f"{100 * record['roofline_fraction']:.0f} %"
    seconds = sum(record["seconds"].get(k, 0.0) for k in ("check", "time"))
    return (*names, interval + mark, *others, fraction, f"{seconds:.1f}")


def _against(record: common.Record, baseline: str) -> str:
    speedups = [t["baselines"].get(baseline) for t in record["timings"]]
    if None in speedups:
        return ""
    return f"{math.exp(statistics.fmean(math.log(s) for s in speedups)):.2f}x"


def report(folder: Path) -> str:
    """Throughput, then every candidate."""
    evidence = common.read_records(folder / EVIDENCE)
    evidence.sort(key=lambda r: r["id"])
    headers = ("op", "Skill", "epoch", "verdict", "over eager [95 % interval]")
    headers += ("over compile", "over best", "of the roofline", "seconds")
    counts: dict[str, int] = {}
    for record in evidence:
        counts[record["verdict"]] = counts.get(record["verdict"], 0) + 1
    verdicts = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    text = (
        f"{len(evidence)} recorded completions, judged with every cache cold: {verdicts}."
        " Seconds are the process's from its start to its end;"
        " the last column of the first table is the share of them in which a candidate was"
        " being checked or timed."
    )
    files = [RUNS, LOAD, EVIDENCE]
    tables = (_throughput(folder), common.table(headers, map(_verdict_row, evidence)))
    return common.section("Recorded completions", "recordings.py", files, text, *tables)


if __name__ == "__main__":
    common.run(__doc__, measure, report)
