"""What it takes to compare a study of 20,000 samples: seconds and memory, first and again.

    skilldyno demo --log-dir demo-logs
    python benchmarks/large_study.py demo-logs --folder large-study

The logs are multiplied from those of a run: each sample keeps its messages, events and evidence,
and gets another op, variant, source and verdict. Nothing is judged. Each comparison is a process
of its own; the first finds an empty cache, the second what the first left. Seconds are of one
core, which other work on the machine disturbs less than the clock on the wall.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from zipfile import ZipFile

# It teaches zipfile Zstandard, by which logs are compressed.
import inspect_ai.log  # noqa: F401
from tabulate import tabulate

MODELS = ("lab/a", "lab/b")
VARIANTS = ("none", "sham", "prompt", "cpu-kernels@3f9a1c", "cpu-kernels@b0e781")
EPOCHS = 20
_ZSTANDARD = 93
_SAMPLES, _START, _HEADER, _SUMMARIES = (
    "samples/",
    "_journal/start.json",
    "header.json",
    "summaries.json",
)


@dataclass(frozen=True)
class Template:
    """What a log is made of: its header and its samples with their summaries."""

    header: dict[str, Any]
    samples: list[tuple[dict[str, Any], dict[str, Any]]]


def read_template(logs: Path) -> Template:
    """Read the first log of a folder."""
    file = sorted(logs.glob("*.eval"))[0]
    with ZipFile(file) as archive:
        summaries = {(s["id"], s["epoch"]): s for s in json.loads(archive.read(_SUMMARIES))}
        samples = [
            json.loads(archive.read(name))
            for name in archive.namelist()
            if name.startswith(_SAMPLES)
        ]
        header = json.loads(archive.read(_HEADER))
    return Template(header, [(s, summaries[s["id"], s["epoch"]]) for s in samples])


def write_study(template: Template, folder: Path, samples: int) -> None:
    """Write one log for each arm."""
    ops = samples // (len(MODELS) * len(VARIANTS) * EPOCHS)
    folder.mkdir(parents=True)
    for number, (model, variant) in enumerate(product(MODELS, VARIANTS)):
        header = json.loads(json.dumps(template.header))
        skill = header["eval"]["metadata"].get("skill") if "@" in variant else None
        header["eval"] |= {"model": model, "task_id": f"task{number:04}", "run_id": "large"}
        header["eval"]["metadata"] |= {"variant": variant, "skill": skill}
        cells = list(product(range(ops), range(1, EPOCHS + 1)))
        name = f"2026-01-01T00-00-00-00-00_kernel-skill_{number:04}.eval"
        # Inspect's own writing would validate each of them, for minutes.
        with ZipFile(folder / name, "w", _ZSTANDARD) as archive:
            summaries = []
            for cell, (op, epoch) in enumerate(cells):
                sample, summary = _vary(template, cell, op, epoch, f"{model} {variant}")
                archive.writestr(f"samples/{sample['id']}_epoch_{epoch}.json", json.dumps(sample))
                summaries.append(summary)
            start = {name: header[name] for name in ("version", "eval", "plan")}
            archive.writestr(_START, json.dumps(start))
            archive.writestr(_SUMMARIES, json.dumps(summaries))
            archive.writestr(_HEADER, json.dumps(header))


def _vary(
    template: Template, cell: int, op: int, epoch: int, arm: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    draw = random.Random(f"{arm} {op} {epoch}")  # noqa: S311
    sample, summary = template.samples[cell % len(template.samples)]
    name = f"operation_{op:03}"
    metadata = sample["metadata"] | {"op": name, "op_digest": f"{op:064x}"}
    identity = {"id": f"{name}/{metadata['hardware']}/{metadata['language']}", "epoch": epoch}
    score = dict(sample["scores"]["kernel_quality"])
    correct = draw.random() < 0.7
    speed = draw.lognormvariate(0.5, 0.4) if correct else None
    score["answer"] += f"\n// {arm} {op} {epoch}\n"
    score["metadata"] = score["metadata"] | {
        "operation": name,
        "candidate": f"{draw.getrandbits(256):064x}",
        "correct": correct,
        "verdict": "correct" if correct else "incorrect",
        "speedup": speed,
        "speedup_low": speed and 0.97 * speed,
        "speedup_high": speed and 1.03 * speed,
        "roofline_fraction": draw.uniform(0.1, 0.9) if correct else None,
    }
    changed = identity | {"metadata": metadata, "uuid": f"{draw.getrandbits(128):032x}"}
    thin = dict(summary["scores"]["kernel_quality"])
    thin["metadata"] = thin["metadata"] | {
        key: value for key, value in score["metadata"].items() if key in thin["metadata"]
    }
    return (
        sample | changed | {"scores": {"kernel_quality": score}},
        summary | changed | {"scores": {"kernel_quality": thin}},
    )


def stages(study: Path, report: Path) -> Iterator[tuple[str, float]]:
    """Do what `skilldyno compare` does, and say of each stage what it took of the processor."""
    begin = 0.0

    def took() -> float:
        nonlocal begin
        before, begin = begin, time.process_time()
        return begin - before

    from skilldyno.results.report import write_report
    from skilldyno.results.statistics import compare
    from skilldyno.results.table import read_rows

    yield "imports", took()
    rows = read_rows([study])
    yield "rows", took()
    comparison = compare(rows)
    yield "statistics", took()
    write_report(comparison, rows, report)
    yield "report", took()


def measure(study: Path, cache: Path) -> dict[str, str]:
    """Compare once, in a process of its own: seconds of CPU by stage, and the most memory."""
    command = [sys.executable, __file__, "--once", "--folder", str(study.parent)]
    process = subprocess.Popen(
        command, env=os.environ | {"XDG_CACHE_HOME": str(cache)}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    found = {name: float(took) for name, took in json.loads(process.stdout.read())}
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    found["in all"] = used.ru_utime + used.ru_stime
    said = {name: f"{seconds:.1f}" for name, seconds in found.items()}
    return said | {"GB at most": f"{used.ru_maxrss * 1024 / 1e9:.2f}"}


def main() -> None:
    """Make the study unless it is there, and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("logs", type=Path, nargs="?", help="The logs of a run, to multiply.")
    parser.add_argument("--folder", type=Path, required=True, help="Where the study goes.")
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--once", action="store_true", help="Compare in this process.")
    chosen = parser.parse_args()
    study, cache = chosen.folder / "logs", chosen.folder / "cache"
    if chosen.once:
        print(json.dumps(list(stages(study, chosen.folder / "report.html"))))
        return
    if not study.is_dir():
        if chosen.logs is None:
            parser.error(f"{study} is not there yet: give the logs of a run")
        write_study(read_template(chosen.logs), study, chosen.samples)
    shutil.rmtree(cache, ignore_errors=True)
    found = [{"seconds of CPU": name} | measure(study, cache) for name in ("first", "again")]
    size = sum(file.stat().st_size for file in study.iterdir())
    kept = sum(file.stat().st_size for file in cache.rglob("*") if file.is_file())
    print(f"{chosen.samples:,} samples, {size / 1e6:.0f} MB of logs, {kept / 1e6:.0f} MB of cache")
    print(tabulate(found, headers="keys", disable_numparse=True))


if __name__ == "__main__":
    main()
