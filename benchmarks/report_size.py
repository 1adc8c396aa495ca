"""How large a report over many samples is, and how long it takes to make.

    python benchmarks/report_size.py [SAMPLES]

The rows are made by code: 91 ops, three models, none and two Skills, sources of 2 to 12 kB that
differ between samples, and evidence as full as a real judge's. Exits 1 if the page is 2 MB or more,
or takes 5 s or more.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skilldyno.results.report import write_report
from skilldyno.results.statistics import compare
from skilldyno.results.table import SCHEMA

MOST_BYTES = 2_000_000
MOST_SECONDS = 5.0
_OPS, _MODELS, _VARIANTS = 91, ("lab/a", "lab/b", "lab/c"), ("none", "cuda@1a2b3c", "cuda@4d5e6f")
_DISTRIBUTIONS = ("normal", "heavy_tail", "constant", "offset", "ties", "tiny", "zeros")
_VERDICTS = ("correct", "correct", "correct", "incorrect", "compile_error", "flagged")


def make_rows(samples: int, seed: int = 0) -> pd.DataFrame:
    """Rows as `read_rows` gives them, as many as asked for or a few less."""
    random = np.random.default_rng(seed)
    epochs = max(1, samples // (_OPS * len(_MODELS) * len(_VARIANTS)))
    records = [
        _record(random, f"operation_{op:02}", model, variant, epoch)
        for op in range(_OPS)
        for model in _MODELS
        for variant in _VARIANTS
        for epoch in range(1, epochs + 1)
    ]
    rows = pd.DataFrame(records, columns=[column.name for column in SCHEMA])
    return rows.astype({column.name: column.dtype for column in SCHEMA})


def _record(
    random: np.random.Generator, op: str, model: str, variant: str, epoch: int
) -> dict[str, Any]:
    verdict = str(random.choice(_VERDICTS))
    correct = verdict == "correct"
    speedup = float(np.exp(random.normal(0.6, 0.6)))
    text = {column.name: "" for column in SCHEMA if column.dtype == "str"}
    numbers = {column.name: np.nan for column in SCHEMA if column.dtype == "float"}
    evidence = _evidence(random, speedup)
    timing = evidence["timings"][0]
    judged = {
        "speedup": speedup,
        "speedup_low": timing["speedup_low"],
        "speedup_high": timing["speedup_high"],
        "intensity": timing["achieved_rate"] / timing["achieved_bandwidth"],
        "achieved_rate": timing["achieved_rate"],
    }
    evidence["timings"] = evidence["timings"] if correct else []
    return {
        **text,
        **numbers,
        **(judged if correct else {}),
        "log": f"logs/{variant}.eval",
        "log_status": "success",
        "mode": "single",
        "model": model,
        "variant": variant,
        "skill_fingerprint": "" if variant == "none" else "ab" * 32,
        "eval_task": f"{op}/h200/cuda",
        "op": op,
        "op_digest": "cd" * 32,
        "family": f"family {int(op[-1]) % 5}",
        "hardware": "h200",
        "language": "cuda",
        "epoch": epoch,
        "status": "scored",
        "verdict": verdict,
        "reason": f"{random.integers(1, 99)} of 99 checks failed: element {random.integers(10**9)}",
        "compiled": float(verdict != "compile_error"),
        "correct": float(correct),
        "ambiguous": bool(random.random() < 0.1),
        "roofline_fraction": float(random.uniform(0.05, 0.95)) if correct else np.nan,
        "speed_baseline": "eager",
        "output_tokens": float(random.integers(500, 9000)),
        "judge_seconds": float(random.uniform(1, 9)),
        "best_after": [],
        "candidate": "ef" * 32,
        "judge_digest": "12" * 32,
        "isolation": "bubblewrap",
        "answer": _source(random),
        "flags": evidence["flags"],
        "environment": evidence["environment"],
        "evidence": evidence,
        "packages": {"inspect_ai": "0.3.285"},
    }


def _source(random: np.random.Generator) -> str:
    lines = random.integers(50, 300)
    names = random.integers(0, 1_000_000, (lines, 3))
    return "\n".join(f"    float v{a} = load(x, {b}) * scale + w[{c}];" for a, b, c in names)


def _evidence(random: np.random.Generator, speedup: float) -> dict[str, Any]:
    intensity = 2 ** random.uniform(-2, 8)
    rate = min(5e13, 4.2e12 * intensity) * random.uniform(0.05, 0.95)
    timings = [
        {
            "workload": f"M={2**power},N=4096",
            "candidate_seconds": 1e-3 / speedup,
            "baseline_seconds": 1e-3,
            "speedup": speedup,
            "speedup_low": speedup * 0.98,
            "speedup_high": speedup * 1.02,
            "pairs": 12,
            "ambiguous": False,
            "roofline_fraction": 0.4,
            "achieved_rate": rate,
            "achieved_bandwidth": rate / intensity,
            "baselines": {"eager": speedup, "compile": speedup / 1.3},
        }
        for power in (9, 11, 13)
    ]
    checks = [
        {
            "workload": f"M={2**power},N=4096",
            "distribution": distribution,
            "visible": power < 13,
            "status": "pass",
            "error": float(random.random()),
            "detail": "",
        }
        for power in range(7, 13)
        for distribution in _DISTRIBUTIONS
    ]
    return {
        "baseline": "eager",
        "build": {"command": "nvcc -O3", "seconds": 1.1, "cached": False, "log": "warning\n" * 20},
        "checks": checks,
        "timings": timings,
        "flags": [],
        "environment": {
            "seed": int(random.integers(10**18)),
            "bandwidth": 4.2e12 * random.uniform(0.99, 1.01),
            "float32": 5.1e13,
            "bfloat16": 7.9e14,
            "gpu": "NVIDIA H200",
        },
    }


def main() -> int:
    """Make one report, say how large it is and how long it took, and judge both."""
    rows = make_rows(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
    comparison = compare(rows)
    with tempfile.TemporaryDirectory() as folder:
        begin, worked = time.perf_counter(), time.process_time()
        page = write_report(comparison, rows, Path(folder) / "report.html")
        seconds, worked = time.perf_counter() - begin, time.process_time() - worked
        beside = list(Path(folder).rglob("*.js"))
        size, others = page.stat().st_size, sum(file.stat().st_size for file in beside)
    print(
        f"{len(rows)} samples: a page of {size / 1e6:.2f} MB and {len(beside)} files beside it of "
        f"{others / 1e6:.1f} MB together, made in {seconds:.1f} s "
        f"with {worked:.1f} s of processor time"
    )
    return 0 if size < MOST_BYTES and seconds < MOST_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
