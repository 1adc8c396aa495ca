"""One claim from all sides: a vectorised RMSNorm against three baselines and the roofline."""

from __future__ import annotations

import math
import statistics
from pathlib import Path
from typing import Any

import common

EVIDENCE = "rms_norm_claim.jsonl.gz"
BASELINES = ("eager", "compile", "best")


def measure(options: Any) -> bool:
    """Judge the kernel on all shapes."""
    jobs = common.read_records(options.bundle / "jobs" / "rms_norm_claim.jsonl")
    evidence = common.judge_all(options.judge, jobs, options.cache, common.remaining(options))
    common.write_records(options.out / EVIDENCE, evidence)
    return [r["verdict"] for r in evidence] == ["correct"]


def report(folder: Path) -> str:
    """Speedups over the three baselines beside the share of the hardware that is used."""
    rows: list[tuple[str, ...]] = []
    for record in common.read_records(folder / EVIDENCE):
        if record["verdict"] != "correct":
            rows.append((record["verdict"], record["reason"], *[""] * 5))
            continue
        timings = record["timings"]
        for t in timings:
            speedups = [f"{t['baselines'][name]:.2f}x" for name in BASELINES]
            share = f"{100 * t['roofline_fraction']:.0f} %"
            bandwidth = f"{t['achieved_bandwidth'] * 1e-12:.2f}"
            name, seconds = t["workload"], common.microseconds(t["candidate_seconds"])
            rows.append((name, seconds, *speedups, bandwidth, share))
        means = [_geometric_mean([t["baselines"][name] for t in timings]) for name in BASELINES]
        share = 100 * _geometric_mean([t["roofline_fraction"] for t in timings])
        cells = (*(f"{mean:.2f}x" for mean in means), "", f"{share:.0f} %")
        rows.append(("geometric mean", "", *cells))
    headers = ("workload", "µs", "over eager", "over torch.compile", "over F.rms_norm", "TB/s")
    text = (
        "One kernel, `rms_norm_vectorised.cu`, in bfloat16: the same times beside each baseline and"
        " beside the roofline, which is the bandwidth that the judge measured on this GPU. Eager is"
        " the operation's naive reference."
    )
    table = common.table((*headers, "of the roofline"), rows)
    return common.section("A vectorised RMSNorm", "rms_norm_claim.py", [EVIDENCE], text, table)


def _geometric_mean(values: list[float]) -> float:
    return math.exp(statistics.fmean(math.log(value) for value in values))


if __name__ == "__main__":
    common.run(__doc__, measure, report)
