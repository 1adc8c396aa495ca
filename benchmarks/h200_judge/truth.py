"""Truth: the judge's device time of a kernel against Nsight Compute's gpu__time_duration."""

from __future__ import annotations

import csv
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import common

CALLS = 12
EVIDENCE, PROFILES = "truth.jsonl.gz", "truth-ncu.jsonl"
METRIC = "gpu__time_duration.sum"
NCU = ("opt/nvidia/nsight-compute/*/ncu", "usr/local/cuda*/bin/ncu")


def parse(text: str) -> list[float]:
    """Seconds of each launch, in order, from Nsight Compute's CSV."""
    lines = text.splitlines()
    begin = next((i for i, line in enumerate(lines) if line.startswith('"ID"')), len(lines))
    rows = [row for row in csv.DictReader(lines[begin:]) if row["Metric Name"] == METRIC]
    scale = {"ns": 1e-9, "nsecond": 1e-9, "us": 1e-6, "usecond": 1e-6, "ms": 1e-3, "msecond": 1e-3}
    return [float(r["Metric Value"].replace(",", "")) * scale[r["Metric Unit"]] for r in rows]


def profile(ncu: str, jobs: Path, name: str, library: Path, seconds: float) -> common.Record:
    """What Nsight Compute says of some calls of one candidate."""
    here = Path(__file__).parent
    command = [ncu, "--clock-control", "none", "--csv", "--print-units", "base"]
    command += ["--metrics", METRIC, "--profile-from-start", "off", "--target-processes", "all"]
    command += [sys.executable, str(here / "driver.py"), str(jobs), name, str(library), str(CALLS)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds, check=False, cwd=here
        )
    except subprocess.TimeoutExpired:
        return {"id": name, "launches": [], "error": f"not done within {seconds:.0f} s"}
    launches = parse(done.stdout)
    if not launches or len(launches) % CALLS:
        print(done.stdout[-3000:], done.stderr[-3000:], file=sys.stderr)
        return {"id": name, "launches": launches, "error": (done.stdout + done.stderr)[-500:]}
    return {"id": name, "launches": launches, "error": ""}


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
    profiles = []
    for record in evidence:
        if record["verdict"] == "correct" and common.remaining(options) > 5:
            library = common.library_of(record, options.cache)
            seconds = min(60.0, common.remaining(options))
            profiles.append(profile(ncu, path, record["id"], library, seconds))
            common.write_records(options.out / PROFILES, profiles)
    return all(r["verdict"] == "correct" for r in evidence) and not any(
        p["error"] for p in profiles
    )


def report(folder: Path) -> str:
    """The judge's time and Nsight Compute's side by side."""
    profiles = {p["id"]: p for p in common.read_records(folder / PROFILES)}
    rows = []
    for record in sorted(common.read_records(folder / EVIDENCE), key=lambda r: r["id"]):
        launches = profiles.get(record["id"], {}).get("launches", [])
        if record["verdict"] != "correct" or not launches or len(launches) % CALLS:
            rows.append((record["id"], record["verdict"], "", "", ""))
            continue
        each = len(launches) // CALLS
        calls = [sum(launches[i : i + each]) for i in range(0, len(launches), each)]
        truth = statistics.median(calls)
        ours = record["timings"][0]["candidate_seconds"]
        cells = (common.microseconds(ours), common.microseconds(truth))
        rows.append((record["id"], each, *cells, f"{100 * (ours / truth - 1):+.1f} %"))
    text = (
        f"Median of the judge's timed calls, and of {CALLS} calls under Nsight Compute (`{METRIC}`,"
        " `--clock-control none`, caches flushed before each kernel). Both run the same library."
    )
    headers = ("kernel", "launches a call", "judge, µs", "Nsight Compute, µs", "difference")
    table = common.table(headers, rows)
    return common.section(
        "Device time against Nsight Compute", "truth.py", [EVIDENCE, PROFILES], text, table
    )


if __name__ == "__main__":
    common.run(__doc__, measure, report)
