"""KernelBench's own evaluation of some of the recorded kernels, for its candidates a minute."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import common
import recordings

RESULTS = "kernelbench_eval.jsonl"
# One output each, and no input but bfloat16, since KernelBench casts every input to one dtype.
KERNELS = (
    "layer_norm/h200/cuda:001:none",
    "linear_gelu/h200/cuda:001:none",
    "rms_norm/h200/cuda:001:cuda-kernels",
    "rms_norm/h200/cuda:001:none",
    "silu_mul/h200/cuda:001:none",
    "softmax/h200/cuda:001:none",
)


def evaluate(options: Any, name: str) -> common.Record:
    """One kernel in a process of its own, as KernelBench's scripts do it, with its wall seconds."""
    here = Path(__file__).parent
    jobs = options.bundle / "jobs" / "recordings.jsonl"
    build = common.fresh_folder()
    command = [sys.executable, str(here / "kernelbench_problem.py"), str(jobs), name]
    command += [str(options.kernelbench), str(build)]
    begin = time.monotonic()
    with open(build / "output", "w+", encoding="utf-8") as output:
        try:
            subprocess.run(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=max(1.0, common.remaining(options)),
                check=False,
                cwd=here,
            )
        except subprocess.TimeoutExpired:
            return {"id": name, "error": "not done in time"}
        wall = time.monotonic() - begin
        output.seek(0)
        text = output.read()
    last = text.splitlines()[-1] if text.strip() else ""
    if not last.startswith("{"):
        print(text, file=sys.stderr)
        return {"id": name, "error": text[-2000:]}
    record = json.loads(last)
    if not record.get("correctness"):
        print(text, file=sys.stderr)
    return {**record, "wall_seconds": wall}


def measure(options: Any) -> bool:
    """Evaluate all at once, a process each."""
    if options.kernelbench is None or not (options.kernelbench / "src" / "kernelbench").is_dir():
        print("left out: name a checkout of KernelBench by --kernelbench")
        return True
    commit = options.kernelbench / "COMMIT"
    named = commit.read_text().strip() if commit.exists() else ""
    begin = time.monotonic()
    with ThreadPoolExecutor(len(KERNELS)) as pool:
        results = list(pool.map(lambda name: evaluate(options, name), KERNELS))
    together = time.monotonic() - begin
    records = [{**result, "commit": named, "together_seconds": together} for result in results]
    common.write_records(options.out / RESULTS, records)
    return all(result.get("correctness") for result in results)


def report(folder: Path) -> str:
    """Seconds a kernel, candidates a minute, and the judge's beside them."""
    results = common.read_records(folder / RESULTS)
    rows = []
    for r in results:
        verdict = "correct" if r.get("correctness") else r.get("error", "not correct")[-80:]
        wall, evaluation = r.get("wall_seconds", 0.0), r.get("seconds", 0.0)
        rows.append((r["id"], verdict.replace("\n", " "), f"{wall:.1f}", f"{evaluation:.1f}"))
    done = [r["wall_seconds"] for r in results if r.get("correctness")]
    headers = ("kernel", "result", "seconds of its process", "of them in eval_kernel_against_ref")
    rates = []
    if done:
        mean = 60 / statistics.fmean(done)
        rates.append(("KernelBench, one process, 60 / mean seconds", mean))
        together = 60 * len(done) / results[0]["together_seconds"]
        rates.append((f"KernelBench, {len(results)} processes at once", together))
        ours = recordings.rate(folder)
        if ours is not None:
            rates.append(("this judge, cold caches", ours))
    base = rates[0][1] if rates else 1.0
    rated = [(name, f"{value:.1f}", f"{value / base:.1f}x") for name, value in rates]
    commit = results[0]["commit"] if results else ""
    text = (
        f"`eval_kernel_against_ref` of KernelBench at commit {commit}, 5 correctness trials and 100"
        " performance trials, on the first workload of each operation alone; all processes at once."
        " The judge's rate is over all the recorded completions, with every workload."
    )
    comparison = common.table(("evaluation", "candidates a minute", "ratio"), rated)
    return common.section(
        "KernelBench's evaluation of the same kernels",
        "kernelbench_eval.py",
        [RESULTS, recordings.RUNS],
        text,
        common.table(headers, rows),
        comparison,
    )


if __name__ == "__main__":
    common.run(__doc__, measure, report)
