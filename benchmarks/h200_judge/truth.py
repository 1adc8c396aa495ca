"""Truth: the judge's device time of a kernel against Nsight Compute's gpu__time_duration."""

from __future__ import annotations

import csv
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import common

CALLS = 12
EVIDENCE, PROFILES = "truth.jsonl.gz", "truth-ncu.jsonl"
METRIC = "gpu__time_duration.sum"
MARK = "FillFunctor"
CACHES = ("none", "all")
NCU = ("opt/nvidia/nsight-compute/*/ncu", "usr/local/cuda*/bin/ncu")


def parse(text: str) -> list[list[float]]:
    """Seconds of each candidate's launches, in order, from Nsight Compute's CSV."""
    lines = text.splitlines()
    begin = next((i for i, line in enumerate(lines) if line.startswith('"ID"')), len(lines))
    scale = {"ns": 1e-9, "nsecond": 1e-9, "us": 1e-6, "usecond": 1e-6, "ms": 1e-3, "msecond": 1e-3}
    found: list[list[float]] = []
    for row in csv.DictReader(lines[begin:]):
        if row["Metric Name"] != METRIC:
            continue
        if MARK in row["Kernel Name"]:
            found.append([])
        else:
            value = float(row["Metric Value"].replace(",", ""))
            found[-1].append(value * scale[row["Metric Unit"]])
    return found


def profile(ncu: str, jobs: Path, libraries: Path, cache: str, seconds: float) -> str:
    """What Nsight Compute prints of some calls of each candidate."""
    here = Path(__file__).parent
    command = [ncu, "--clock-control", "none", "--cache-control", cache, "--csv"]
    command += ["--print-units", "base", "--metrics", METRIC, "--profile-from-start", "off"]
    command += [sys.executable, str(here / "driver.py"), str(jobs), str(libraries), str(CALLS)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds, check=False, cwd=here
    )
    if done.returncode != 0:
        print(done.stdout[-3000:], done.stderr[-3000:], file=sys.stderr)
    return done.stdout


def measure(options: Any) -> bool:
    """Judge the kernels, then profile the libraries that the judge built."""
    path = options.bundle / "jobs" / "truth.jsonl"
    jobs = common.read_records(path)
    evidence = common.judge_all(options.judge, jobs, options.cache, common.remaining(options))
    common.write_records(options.out / EVIDENCE, evidence)
    ncu = common.tool("ncu", *NCU)
    if ncu is None:
        print("no ncu here: its part is left out", file=sys.stderr)
        return False
    right = {r["id"]: r for r in evidence if r["verdict"] == "correct"}
    built = {name: str(common.library_of(r, options.cache)) for name, r in right.items()}
    libraries = options.cache / "truth.json"
    libraries.write_text(json.dumps(built))
    names = [job["id"] for job in jobs if job["id"] in built]
    profiles = []
    for cache in CACHES:
        text = profile(ncu, path, libraries, cache, max(1.0, common.remaining(options)))
        for name, launches in zip(names, parse(text), strict=False):
            profiles.append({"id": name, "cache": cache, "launches": launches})
        common.write_records(options.out / PROFILES, profiles)
    return len(profiles) == len(CACHES) * len(jobs)


def report(folder: Path) -> str:
    """The judge's time and Nsight Compute's side by side."""
    profiles = {(p["id"], p["cache"]): p for p in common.read_records(folder / PROFILES)}
    rows = []
    for record in sorted(common.read_records(folder / EVIDENCE), key=lambda r: r["id"]):
        row: list[object] = [record["id"], record["verdict"], ""]
        if record["verdict"] == "correct":
            timing = record["timings"][0]
            ours = timing["candidate_seconds"]
            moved = timing["achieved_bandwidth"] * ours
            row[1:] = [f"{moved / 1e6:.0f}", common.microseconds(ours)]
            for cache in CACHES:
                row += _cells(ours, profiles.get((record["id"], cache), {}).get("launches", []))
        rows.append(row)
    text = (
        f"Median of the judge's timed calls, and of {CALLS} calls under Nsight Compute (`{METRIC}`,"
        " `--clock-control none`) of the same library: with the L2 cache filled by reading 256 MB"
        " before each call, as in the judge (`--cache-control none`), and with the cache that"
        " Nsight Compute empties itself (`--cache-control all`), which no program meets."
    )
    headers = ["kernel", "MB", "judge, µs", "cache filled, µs", "difference"]
    headers += ["cache emptied, µs", "difference"]
    table = common.table(headers, rows)
    return common.section(
        "Device time against Nsight Compute", "truth.py", [EVIDENCE, PROFILES], text, table
    )


def _cells(ours: float, launches: list[float]) -> tuple[str, str]:
    if not launches or len(launches) % CALLS:
        return "", ""
    each = len(launches) // CALLS
    calls = [sum(launches[i : i + each]) for i in range(0, len(launches), each)]
    truth = statistics.median(calls)
    return common.microseconds(truth), f"{100 * (ours / truth - 1):+.1f} %"


if __name__ == "__main__":
    common.run(__doc__, measure, report)
