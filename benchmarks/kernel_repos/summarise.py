"""Writes results/published/kernel-repos/README.md from judged logs, nothing by hand.

`summarise.py LOGS...` takes the folders of `skilldyno demo --kernel-repos` and of `pack.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from skilldyno.results.statistics.rate import clustered_rate
from skilldyno.results.table import read_rows

TARGET = Path(__file__).parents[2] / "results" / "published" / "kernel-repos" / "README.md"
STEPS = ("manifest", "compiled", "loaded", "correct", "compat")
HEAD = """\
# Kernel repositories, step by step

Whole kernel repositories of one real model (the recording `claude-kernel-repos`), with and without
a Skill, built by kernel-builder's rules and judged. **These are estimates from four operations, one
model and two epochs, and no comparison**: under eight operations the intervals are wide and say so.
A step that was not reached counts as not passed; `compat` is beside the others. Intervals are 95 %,
clustered by operation ([docs/statistics.md](../../../docs/statistics.md)). Written by
`benchmarks/kernel_repos/summarise.py`.
"""


def main() -> None:
    """Read the logs and write the page."""
    rows = read_rows(sys.argv[1:])
    groups: Any = rows.groupby("hardware")
    parts = [HEAD, *(_section(str(hardware), part) for hardware, part in groups)]
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text("\n".join(parts), encoding="utf-8")
    print(TARGET)


def _section(hardware: str, rows: Any) -> str:
    scored = rows[rows["status"] == "scored"]
    left = len(rows) - len(scored)
    if scored.empty:
        return f"## {hardware}\n\nNone of {len(rows)} samples was scored: the machine's fault.\n"
    groups = scored.groupby("variant", sort=False)
    table = [_arm(str(variant), part) for variant, part in groups]
    headers = ["variant", "samples", *STEPS, "faster than eager", "speedup where correct"]
    seconds = [e["build"]["seconds"] for e in scored["evidence"] if e.get("build")]
    built = [each for each in seconds if each > 0]
    environment = next((e["environment"] for e in scored["evidence"] if e.get("environment")), {})
    lines = [
        f"## {hardware}",
        "",
        tabulate(table, headers, tablefmt="github", disable_numparse=True),
        "",
        f"Machine: {environment.get('gpu') or environment.get('cpu', 'not known')}, torch"
        f" {environment.get('torch', 'not known')}. {left} of {len(rows)} samples were not scored"
        " (the machine's fault).",
    ]
    if built:
        lines.append(
            f"A repository took {np.median(built):.1f} s to build (the median of {len(built)} that"
            f" were not in the cache; the longest {max(built):.1f} s)."
        )
    failures = scored[scored["verdict"] != "correct"]
    reasons = [
        f"- {row['op']}, {row['variant']}, epoch {row['epoch']}: {row['verdict']}: {row['reason']}"
        for row in failures.to_dict("records")
    ]
    if reasons:
        lines += ["", "What was not correct:", "", *reasons]
    return "\n".join([*lines, ""])


def _arm(variant: str, rows: Any) -> list[str]:
    fast = (rows["correct"] == 1) & (rows["speedup"] > 1)
    cells = [_share(rows[step], rows["op"]) for step in STEPS]
    return [
        variant,
        str(len(rows)),
        *cells,
        _share(fast.astype(float), rows["op"]),
        _speedup(rows[rows["correct"] == 1]),
    ]


def _share(values: Any, ops: Any) -> str:
    rate = clustered_rate(np.asarray(values, dtype=float), ops)
    low, high = rate.confidence_interval()
    return f"{100 * rate.estimate:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"


def _speedup(rows: Any) -> str:
    if rows.empty:
        return "none"
    by_op = [
        f"{op} {np.exp(np.mean(np.log(np.asarray(part['speedup'], dtype=float)))):.2f}x"
        for op, part in rows.groupby("op")
    ]
    return ", ".join(by_op)


if __name__ == "__main__":
    main()
