"""Writes results/published/h200-suite from what the packed judges left on the GPU machine.

Runs where skilldyno is installed: `summarise.py FOLDER`, a folder with solutions.jsonl and
recordings.jsonl, as pack.py names their judges, kernelbench.jsonl, as kernelbench.py does, and
exports.jsonl, as exports.py does. A file that is not there leaves its section out.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kernelbench import VERDICTS
from tabulate import tabulate

from skilldyno.tasks.catalogue import load_operation

Record = dict[str, Any]

PUBLISHED = Path(__file__).parents[2] / "results" / "published" / "h200-suite"
BASELINES = ("eager", "compile", "best")


def read(path: Path) -> list[Record]:
    """The records of a .jsonl.gz file; none where there is no such file."""
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def gather(source: Path, target: Path) -> None:
    """Put the records beside the page, compressed."""
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.glob("*.jsonl")):
        # Without the time, so that the same records are the same file.
        packed = gzip.compress(file.read_bytes(), mtime=0)
        (target / f"{file.name}.gz").write_bytes(packed)


def table(headers: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    return tabulate(list(rows), list(headers), tablefmt="github", disable_numparse=True)


def geometric_mean(values: Iterable[float]) -> float:
    """The geometric mean."""
    return math.exp(statistics.fmean(math.log(value) for value in values))


def name_of(record: Record) -> str:
    """The operation, with a mark where its definition has changed since."""
    changed = record["operation_digest"] != load_operation(record["operation"]).digest
    return record["operation"] + " \\*" * changed


def speed_cells(record: Record) -> list[str]:
    """Speedup over each baseline and roofline fraction, as geometric means over workloads."""
    timings = record["timings"]
    if record["verdict"] != "correct":
        return ["–"] * (len(BASELINES) + 1)
    cells = []
    for name in BASELINES:
        found = [t["baselines"].get(name) for t in timings]
        cells.append("–" if None in found else f"{geometric_mean(found):.2f}x")
    return [*cells, f"{100 * record['roofline_fraction']:.0f} %"]


def solutions(folder: Path) -> str:
    """One honest kernel of each operation: its times and what they are worth."""
    rows = []
    records = read(folder / "solutions.jsonl.gz")
    for record in sorted(records, key=lambda r: r["operation"]):
        operation = load_operation(record["operation"])
        times = ", ".join(f"{t['candidate_seconds'] * 1e6:.4g}" for t in record["timings"])
        row = [name_of(record), operation.tier, record["language"], record["verdict"], times]
        rows.append([*row, *speed_cells(record)])
    right = sum(record["verdict"] == "correct" for record in records)
    text = (
        f"{right} of {len(records)} correct. The kernels of `tests/honest/ops` show that an"
        " operation can be solved; most are plain. Times are of the timed workloads in their order;"
        " speedups and the share of the roofline are geometric means over them. `best` is the"
        " library call that the operation names, where it names one."
    )
    if any(row[0].endswith("*") for row in rows):
        text += " \\* The operation's definition has changed since (its tolerance or its roofline)."
    headers = ["operation", "tier", "language", "verdict", "µs", *(f"over {b}" for b in BASELINES)]
    return (
        f"## A kernel for each operation\n\n{text}\n\n{table([*headers, 'of the roofline'], rows)}"
    )


def recordings(folder: Path) -> str:
    """The recorded completions of the hard operations, and how far their epochs lie apart."""
    records = sorted(read(folder / "recordings.jsonl.gz"), key=lambda r: r["id"])
    rows, epochs = [], defaultdict(list)
    for record in records:
        task, epoch, variant = record["id"].split(":", 2)
        rows.append([task.split("/")[0], variant, int(epoch), record["verdict"]])
        rows[-1] += speed_cells(record)
        if record["verdict"] == "correct":
            epochs[task.split("/")[0], variant].append(record["speedup"])
    spread = [
        [op, variant, len(found), f"{max(found) / min(found):.2f}x"]
        for (op, variant), found in sorted(epochs.items())
        if len(found) > 1
    ]
    right = sum(record["verdict"] == "correct" for record in records)
    text = (
        f"{right} of {len(records)} correct. One model, single-shot; without a Skill there is one"
        " epoch, with it two, so this is a record and no comparison."
    )
    headers = ["operation", "variant", "epoch", "verdict", *(f"over {b}" for b in BASELINES)]
    apart = table(["operation", "variant", "correct epochs", "fastest over slowest"], spread)
    return (
        f"## Recorded completions of the hard operations\n\n{text}\n\n"
        f"{table([*headers, 'of the roofline'], rows)}\n\n{apart}"
    )


def exports(folder: Path) -> str:
    """Kernel repositories that were exported from kernels, judged again."""
    records = sorted(read(folder / "exports.jsonl.gz"), key=lambda r: r["id"])
    right = sum(record["verdict"] == "correct" for record in records)
    rows = [
        [r["id"], r["verdict"], *speed_cells(r)[:1], f"{r['seconds']['build']:.1f}"]
        for r in records
    ]
    return (
        "## Exported kernel repositories\n\n"
        f"{right} of {len(records)} correct, as the kernels that they were exported from.\n\n"
        + table(["export", "verdict", "over eager", "seconds to build"], rows)
    )


def problems(folder: Path) -> str:
    """KernelBench problems: a right and a wrong ModelNew of each."""
    records = sorted(read(folder / "kernelbench.jsonl.gz"), key=lambda r: r["id"])
    rows = [[r["id"], r["verdict"], *speed_cells(r)[:1], r["reason"][:120]] for r in records]
    right = sum(r["verdict"] == VERDICTS[r["id"].rpartition("/")[2]] for r in records)
    text = f"{right} of {len(records)} verdicts are what they must be."
    return f"## KernelBench problems\n\n{text}\n\n" + table(
        ["candidate", "verdict", "over eager", "why"], rows
    )


def machine(folder: Path) -> str:
    """The machine and the judges, as the evidence names them."""
    names = ("gpu", "nvcc", "torch", "python", "judge_digest")
    found: dict[str, set[str]] = {name: set() for name in names}
    for file in sorted(folder.glob("*.jsonl.gz")):
        for record in read(file):
            for name in names:
                if name in record["environment"]:
                    found[name].add(str(record["environment"][name]))
    return table(("", "in the evidence"), [(k, "; ".join(sorted(v))) for k, v in found.items()])


SECTIONS = {
    "solutions": solutions,
    "recordings": recordings,
    "exports": exports,
    "kernelbench": problems,
}


def write(folder: Path) -> None:
    """Write the page from the records beside it."""
    parts = [
        "# The suite on an H200\n\nEvery figure is computed by `benchmarks/h200_suite/summarise.py`"
        " from the records beside this page.\n\n" + machine(folder)
    ]
    parts += [make(folder) for name, make in SECTIONS.items() if read(folder / f"{name}.jsonl.gz")]
    (folder / "README.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="of new records")
    parser.add_argument("--target", type=Path, default=PUBLISHED)
    arguments = parser.parse_args()
    if arguments.folder:
        gather(arguments.folder, arguments.target)
    write(arguments.target)
