"""Writes results/published/h200-scale from what throughput.py left on the GPU machines.

Runs where skilldyno is installed: `throughput_page.py FOLDER...`, one folder a run; without any,
the page is made again from the records beside it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
from collections import Counter, defaultdict
from pathlib import Path

from summarise import Record, gather, read, table

PUBLISHED = Path(__file__).parents[2] / "results" / "published" / "h200-scale"
STAGES = ("build", "check", "time")


def publish(sources: list[Path], target: Path) -> None:
    """Put the records beside the page, a folder for each run by its number of GPUs."""
    for source in sources:
        lines = (source / "load.jsonl").read_text(encoding="utf-8").splitlines()
        folder = target / f"{len({json.loads(line)['gpu'] for line in lines})}-gpus"
        gather(source, folder)
        shutil.copyfile(source / "run.json", folder / "run.json")


def stages(evidence: list[Record]) -> dict[str, float]:
    """Seconds of all candidates, by stage."""
    return {name: sum(r["seconds"].get(name, 0.0) for r in evidence) for name in STAGES}


def device_seconds(evidence: list[Record]) -> float:
    """Seconds of the timed calls themselves, the candidates' and the baseline's."""
    return sum(sum(map(sum, t["samples"])) for r in evidence for t in r["timings"])


def speed(folders: list[Path]) -> str:
    """Candidates a minute, and where the time goes."""
    rows, alone = [], None
    for folder in folders:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        evidence = read(folder / "evidence.jsonl.gz")
        load = read(folder / "load.jsonl.gz")
        gpus = len({each["gpu"] for each in load})
        rate = 60 * len(evidence) / run["seconds"]
        alone = rate if gpus == 1 else alone
        spent = stages(evidence)
        rows.append(
            [
                str(gpus),
                str(run["cores"]),
                str(len(evidence)),
                f"{run['seconds']:.0f}",
                f"{rate:.1f}",
                f"{rate / alone / gpus:.2f}" if alone else "–",
                f"{statistics.fmean(each['utilisation_percent'] for each in load):.0f} %",
                *(f"{spent[name]:.0f}" for name in STAGES),
                f"{100 * spent['time'] / run['seconds'] / gpus:.0f} %",
                f"{device_seconds(evidence):.1f}",
            ]
        )
    headers = ["GPUs", "cores", "candidates", "seconds", "a minute", "of linear", "GPU busy"]
    headers += [f"{name}, s" for name in STAGES]
    return table([*headers, "timing, of the wall", "timed calls, s"], rows)


def verdicts(folder: Path) -> str:
    """The verdicts of each mutation, and what a correct candidate of it costs."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    cost: defaultdict[str, list[float]] = defaultdict(list)
    for record in read(folder / "evidence.jsonl.gz"):
        name = record["id"].rpartition(":")[2]
        counts[name][record["verdict"]] += 1
        if record["verdict"] == "correct":
            cost[name].append(sum(record["seconds"][stage] for stage in ("check", "time")))
    rows = [
        [
            name,
            ", ".join(f"{n} {verdict}" for verdict, n in sorted(found.items())),
            f"{statistics.median(cost[name]):.2f}" if cost[name] else "–",
        ]
        for name, found in counts.items()
    ]
    return table(["candidates", "verdicts", "checking and timing a correct one, s (median)"], rows)


def write(target: Path) -> None:
    """Write the page from the records beside it."""
    folders = sorted(folder.parent for folder in target.glob("*-gpus/run.json"))
    text = (
        "# How fast candidates are judged on an H200\n\n"
        "Every figure is computed by `benchmarks/h200_suite/throughput_page.py` from the"
        " records beside this page, which `throughput.py` left on the GPU machine: 200"
        " candidates, the recorded CUDA completions and mutations of them"
        " (`throughput_pack.py`), judged with every cache cold and all three baselines. The"
        " stages' seconds are summed over candidates; builds go on beside the rest, on other"
        " cores. What is called timing holds the verified pairs, the flushes of the cache and"
        " each operation's baselines; the floor below it are the timed calls themselves.\n\n"
        f"{speed(folders)}\n\n{verdicts(folders[0])}\n"
    )
    (target / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*", help="of throughput.py")
    parser.add_argument("--target", type=Path, default=PUBLISHED)
    arguments = parser.parse_args()
    publish(arguments.folders, arguments.target)
    write(arguments.target)
