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
from dataclasses import dataclass
from pathlib import Path

from summarise import Record, gather, read, table

PUBLISHED = Path(__file__).parents[2] / "results" / "published" / "h200-scale"
STAGES = ("build", "check", "time")
# So many seconds at once make two checks of several GPUs meet.
TOGETHER = 0.1


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


def pairs(evidence: list[Record]) -> int:
    """How many pairs were timed, a call of the candidate and one of the baseline each."""
    return sum(len(t["samples"]) for r in evidence for t in r["timings"])


@dataclass(frozen=True)
class Run:
    """One run of throughput.py.

    Attributes:
        cores: how many it had.
        seconds: from its start to its end.
        judged_at: when the evidence of each candidate came, in seconds from the start.
        evidence: the records, in the order in which they came.
        load: samples of the GPUs' utilisation.
    """

    cores: int
    seconds: float
    judged_at: list[float]
    evidence: list[Record]
    load: list[Record]

    @property
    def gpus(self) -> int:
        """How many it ran on."""
        return len({each["gpu"] for each in self.load})

    @property
    def a_minute(self) -> float:
        """Candidates a minute, over the whole run."""
        return 60 * len(self.evidence) / self.seconds

    @property
    def begun(self) -> float:
        """When each GPU had judged its first candidate that ran, in seconds from the start."""
        first: dict[str, float] = {}
        for at, record in zip(self.judged_at, self.evidence, strict=True):
            if "check" in record["seconds"]:
                first.setdefault(record["environment"]["place"], at)
        return max(first.values())

    def a_minute_once_begun(self, more_seconds: float = 0.0) -> float:
        """Candidates a minute from then on, had it taken so many seconds more."""
        begun = self.begun
        left = sum(at > begun for at in self.judged_at)
        return 60 * left / (self.judged_at[-1] - begun + more_seconds)

    @property
    def busy_percent(self) -> float:
        """The mean utilisation of its GPUs, as nvidia-smi tells it."""
        return statistics.fmean(each["utilisation_percent"] for each in self.load)


def read_run(folder: Path) -> Run:
    """The records of one run."""
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    evidence, load = read(folder / "evidence.jsonl.gz"), read(folder / "load.jsonl.gz")
    return Run(run["cores"], run["seconds"], run["judged_at"], evidence, load)


def growth(runs: list[Run], alone: Run) -> str:
    """Candidates a minute, and how they grow with the GPUs."""
    headers = ["GPUs", "cores", "candidates", "seconds", "a minute", "of linear"]
    headers += ["begun after, s", "a minute from there", "of linear"]
    rows = [
        [
            str(run.gpus),
            str(run.cores),
            str(len(run.evidence)),
            f"{run.seconds:.0f}",
            f"{run.a_minute:.1f}",
            f"{run.a_minute / alone.a_minute / run.gpus:.3f}",
            f"{run.begun:.0f}",
            f"{run.a_minute_once_begun():.1f}",
            f"{run.a_minute_once_begun() / alone.a_minute_once_begun() / run.gpus:.3f}",
        ]
        for run in runs
    ]
    return table(headers, rows)


def spending(runs: list[Run]) -> str:
    """Where the time goes."""
    headers = ["GPUs", "GPU busy", *(f"{name}, s" for name in STAGES)]
    rows = [
        [
            str(run.gpus),
            f"{run.busy_percent:.0f} %",
            *(f"{spent[name]:.0f}" for name in STAGES),
            str(pairs(run.evidence)),
            f"{100 * spent['time'] / run.seconds / run.gpus:.0f} %",
            f"{device_seconds(run.evidence):.1f}",
        ]
        for run, spent in ((run, stages(run.evidence)) for run in runs)
    ]
    return table([*headers, "pairs", "timing, of the wall", "timed calls, s"], rows)


def evened(runs: list[Run], alone: Run) -> str:
    """How several GPUs grow linearly, had timing taken as long in all as on one."""
    shares = []
    for run in (run for run in runs if run.gpus > 1):
        more = (stages(alone.evidence)["time"] - stages(run.evidence)["time"]) / run.gpus
        share = run.a_minute_once_begun(more) / alone.a_minute_once_begun() / run.gpus
        shares.append(f"{share:.3f} of linear on {run.gpus} GPUs")
    return (
        "How many pairs a candidate takes depends on how steady its times are, and is not the same"
        " in two runs. Had timing taken as many seconds in all as on one GPU, it would be, once"
        f" begun, {', '.join(shares)}."
    )


def checks(run: Run) -> list[tuple[str, str, float, float]]:
    """Place, id, begin and end of each candidate's check, counted back from its evidence."""
    found = []
    for at, record in zip(run.judged_at, run.evidence, strict=True):
        if "check" in record["seconds"]:
            end = at - record["seconds"].get("time", 0.0)
            begin = end - record["seconds"]["check"]
            found.append((record["environment"]["place"], record["id"], begin, end))
    return found


def longer_checks(alone: Run, several: Run) -> dict[bool, list[float]]:
    """How much longer checks took than on one GPU, by whether they met with another GPU's."""
    before = {record["id"]: record["seconds"].get("check", 0.0) for record in alone.evidence}
    found = checks(several)
    longer: dict[bool, list[float]] = {True: [], False: []}
    for place, id, begin, end in found:
        met = sum(
            max(0.0, min(end, other_end) - max(begin, other_begin))
            for other, _, other_begin, other_end in found
            if other != place
        )
        longer[met >= TOGETHER].append(end - begin - before[id])
    return longer


def meetings(runs: list[Run], alone: Run) -> str:
    """What checks on several GPUs cost one another."""
    sentences = []
    for several in (run for run in runs if run.gpus > 1):
        longer = longer_checks(alone, several)
        together, apart = longer[True], longer[False]
        sentences.append(
            f"On {several.gpus} GPUs, {len(together)} checks that for {TOGETHER} s or more fell"
            f" together with another GPU's took {statistics.fmean(together):.3f} s longer each than"
            f" on one GPU, and the {len(apart)} others {statistics.fmean(apart):.3f} s: during a"
            " check the next candidate's process makes its CUDA context, and the driver makes one"
            " after another, whichever GPUs they are for."
        )
    return "\n".join(sentences)


def differing(runs: list[Run]) -> str:
    """The candidates whose verdicts are not the same in all runs."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for run in runs:
        for record in run.evidence:
            found[record["id"]].setdefault(record["verdict"], record["reason"])
    lines = [
        f"- `{id}`: " + "; ".join(f"{verdict} ({reason})" for verdict, reason in told.items())
        for id, told in sorted(found.items())
        if len(told) > 1
    ]
    if not lines:
        return "All verdicts are the same in all runs."
    return "Contents are drawn anew for each run, and these verdicts with them:\n\n" + "\n".join(
        lines
    )


def verdicts(run: Run) -> str:
    """The verdicts of each mutation, and what a correct candidate of it costs."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    cost: defaultdict[str, list[float]] = defaultdict(list)
    for record in run.evidence:
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
    runs = [read_run(path.parent) for path in sorted(target.glob("*-gpus/run.json"))]
    alone = next(run for run in runs if run.gpus == 1)
    text = (
        "# How fast candidates are judged on an H200\n\n"
        "Every figure is computed by `benchmarks/h200_suite/throughput_page.py` from the"
        " records beside this page, which `throughput.py` left on the GPU machine: the recorded"
        " CUDA completions and mutations of them (`throughput_pack.py`), judged with every cache"
        " cold and all three baselines. Two GPUs judged the same candidates as one, which had"
        " half of the cores.\n\n"
        f"{growth(runs, alone)}\n\n"
        "A run has begun when each GPU has judged its first candidate that ran. Until then"
        " PyTorch and the compilers are loaded and the first candidates are built, once for a"
        " judge, however many candidates follow.\n\n"
        f"{spending(runs)}\n\n"
        "The stages' seconds are summed over candidates; builds go on beside the rest, on other"
        " cores. What is called timing holds the verified pairs, the flushes of the cache and"
        " each operation's baselines; the floor below it are the timed calls themselves.\n\n"
        f"{evened(runs, alone)}\n\n"
        f"{meetings(runs, alone)}\n\n"
        f"{verdicts(alone)}\n\n"
        f"{differing(runs)}\n"
    )
    (target / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*", help="of throughput.py")
    parser.add_argument("--target", type=Path, default=PUBLISHED)
    arguments = parser.parse_args()
    publish(arguments.folders, arguments.target)
    write(arguments.target)
