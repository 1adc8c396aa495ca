"""Exploits and their honest twins on this GPU: what the judge makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import common

EVIDENCE, NAIVE, HEADERS = "exhibits.jsonl.gz", "exhibits-naive.jsonl", "exhibits-headers.jsonl"


def measure(options: Any) -> bool:
    """Judge both sets."""
    jobs = options.bundle / "jobs"
    headers = common.read_records(jobs / "exhibits.jsonl")
    common.write_records(options.out / HEADERS, headers)
    both = [
        j for name in ("exploits", "honest") for j in common.read_records(jobs / f"{name}.jsonl")
    ]
    evidence = common.judge_all(options.judge, both, options.cache, common.remaining(options))
    common.write_records(options.out / EVIDENCE, evidence)
    return len(evidence) == len(both) and not any(problems(options.out))


def is_caught(header: common.Record, evidence: dict[str, common.Record]) -> bool:
    """Whether an exploit got one of the verdicts of its header, with its words."""
    record = evidence[header["id"]]
    for verdict, words in header["expected"]:
        if verdict != "harmless":
            if record["verdict"] == verdict and words in record["reason"]:
                return True
        elif record["verdict"] == "correct":
            twin = evidence.get(f"honest/{words}")
            if twin and twin["speedup"] and record["speedup"] <= header["slack"] * twin["speedup"]:
                return True
    return False


def as_expected(header: common.Record, evidence: dict[str, common.Record]) -> bool:
    """Whether the judge said what it must of one exhibit."""
    if header["id"].startswith("honest/"):
        return evidence[header["id"]]["verdict"] == "correct"
    return is_caught(header, evidence)


def problems(folder: Path) -> list[tuple[str, ...]]:
    """The exhibits of which the judge said something else than it must."""
    evidence = {r["id"]: r for r in common.read_records(folder / EVIDENCE)}
    rows = []
    for header in common.read_records(folder / HEADERS):
        record = evidence.get(header["id"])
        if record is None:
            rows.append((header["id"], "not judged", ""))
        elif not as_expected(header, evidence):
            rows.append((header["id"], record["verdict"], record["reason"].replace("|", "/")[:160]))
    return rows


def report(folder: Path) -> str:
    """Caught and total by family, false alarms among the honest, and whatever went wrong."""
    evidence = {r["id"]: r for r in common.read_records(folder / EVIDENCE)}
    naive = {r["name"]: r for r in common.read_records(folder / NAIVE)}
    families: dict[str, list[common.Record]] = {}
    for header in common.read_records(folder / HEADERS):
        if header["id"] in evidence:
            families.setdefault(header["family"], []).append(header)
    rows = []
    for family, headers in sorted(families.items()):
        right = sum(as_expected(header, evidence) for header in headers)
        shown = [naive[h["id"]] for h in headers if h["id"] in naive]
        accepted = sum(bool(n.get("fooled", n.get("correct"))) for n in shown)
        rows.append((family, len(headers), f"{accepted}/{len(shown)}", f"{right}/{len(headers)}"))
    text = (
        "Kernels for this GPU (CUDA and Triton). An exploit is judged rightly where it gets a"
        " verdict that its header names, with that reason; an honest kernel where it is `correct`."
        " The naive harness (`naive.py`) runs in the candidate's process, on one shape with one set"
        " of contents."
    )
    headers = ("family", "kernels", "accepted by the naive harness", "rightly judged")
    wrong = problems(folder)
    listed = common.table(("not as expected", "verdict", "reason"), wrong) if wrong else ""
    return common.section(
        "Exploits and honest kernels",
        "exhibits.py",
        [EVIDENCE, NAIVE, HEADERS],
        text,
        common.table(headers, rows),
        listed,
    )


if __name__ == "__main__":
    common.run(__doc__, measure, report)
