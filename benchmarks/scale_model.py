"""A model of what a study costs: time, GPUs, cores, tokens and bytes, by published records.

    python benchmarks/scale_model.py                     # print the tables of docs/scale.md
    python benchmarks/scale_model.py --write             # write them there

Every figure comes from results/published/h200-judge, results/published/ray-nodes, the shipped
recordings and results/prices.toml.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import statistics
import sys
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).parents[1]))

from skilldyno.evals.grid import MAX_SAMPLES
from skilldyno.evals.recording import load_recording
from skilldyno.results.prices import load_prices
from skilldyno.scorers.candidate import extract_candidate
from skilldyno.scorers.evidence import compact, parse_evidence
from skilldyno.scorers.job import make_job
from skilldyno.scorers.pack import write_pack
from skilldyno.skills.skill import load_skill
from skilldyno.skills.tokens import estimate_tokens
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.hardware import load_profile

ROOT = Path(__file__).parents[1]
JUDGED = ROOT / "results" / "published" / "h200-judge"
NODES = ROOT / "results" / "published" / "ray-nodes" / "records.jsonl"
PAGE = ROOT / "docs" / "scale.md"
RECORDING, SKILL, MODEL = "claude-cuda", "cuda-hopper", "anthropic/claude-opus-4-5"
SIZES, FLEETS, OPS = (1_000, 10_000, 100_000, 1_000_000), (1, 8, 64), 40
# What a place of a Ray cluster holds (scorers/executors/ray_cluster.py).
ROOM = 3

Record = dict[str, Any]


@dataclass(frozen=True)
class Stages:
    """Seconds of each stage on one GPU.

    Attributes:
        build: of a compiler, beside as many others as there are cores for.
        candidate: checking and timing one candidate whose operation is set up.
        per_op: the mean of it for each operation.
        set_up: what the first candidate of an operation takes more.
        session: what the first candidate of all takes more than that.
        rest: of the run, in which nothing was checked or timed, for each candidate.
    """

    build: float
    candidate: float
    per_op: dict[str, float]
    set_up: float
    session: float
    rest: float

    def gpu_seconds(self, candidates: int, gpus: int, ops: int) -> float:
        """What a study takes of all its GPUs together."""
        set_ups = max(ops, gpus) * self.set_up
        return candidates * (self.candidate + self.rest) + set_ups + gpus * self.session


def read_judged() -> tuple[list[Record], float]:
    """The evidence of the recorded completions, in the order of judging, and the run's seconds."""
    with gzip.open(JUDGED / "recordings.jsonl.gz", "rt", encoding="utf-8") as file:
        evidence = [json.loads(line) for line in file]
    run = json.loads((JUDGED / "recordings-runs.jsonl").read_text(encoding="utf-8"))
    return evidence, run["seconds"]


def fit(judged: tuple[list[Record], float]) -> Stages:
    """The stages that explain a run best, by least squares, which are differences of means."""
    evidence, seconds = judged
    firsts: list[float] = []
    others: dict[str, list[float]] = {}
    for record in evidence:
        spent = record["seconds"]["check"] + record["seconds"]["time"]
        if record["operation"] in others:
            others[record["operation"]].append(spent)
        else:
            others[record["operation"]] = []
            firsts.append(spent)
    per_op = {op: statistics.mean(each) for op, each in others.items()}
    candidate = statistics.mean(spent for each in others.values() for spent in each)
    set_up = statistics.mean(firsts[1:]) - candidate
    total = sum(firsts) + sum(map(sum, others.values()))
    return Stages(
        build=statistics.mean(record["build"]["seconds"] for record in evidence),
        candidate=candidate,
        per_op=per_op,
        set_up=set_up,
        session=firsts[0] - candidate - set_up,
        rest=(seconds - total) / len(evidence),
    )


@dataclass(frozen=True)
class Sizes:
    """Means over the recorded completions: tokens of one sample, and bytes of its records."""

    input_tokens: float
    output_tokens: float
    skill_tokens: int
    packed: float
    evidence: float
    logged: float


def measure_sizes() -> Sizes:
    """Measure the recorded completions and their evidence."""
    recorded = load_recording(RECORDING)
    found = list(recorded.completions.items())
    jobs = []
    for (variant, eval_task, epoch), each in found:
        op = load_operation(eval_task.partition("/")[0])
        job = make_job(
            id=f"{eval_task}:{epoch:03d}:{variant}",
            source=extract_candidate(each.completion, "cuda", op.name).source or "",
            operation=op,
            hardware=load_profile("h200"),
            language="cuda",
        )
        jobs.append(job)
    judged, _ = read_judged()
    records = [parse_evidence({k: r[k] for k in r if k != "event"}) for r in judged]
    texts = [each.prompt + each.completion for _, each in found]
    logged = [
        len(zlib.compress((text + json.dumps(compact(record))).encode()))
        for text, record in zip(texts, records, strict=True)
    ]
    return Sizes(
        input_tokens=statistics.mean(estimate_tokens(each.prompt) for _, each in found),
        output_tokens=statistics.mean(estimate_tokens(each.completion) for _, each in found),
        skill_tokens=load_skill(str(ROOT / "skills" / SKILL)).tokens,
        packed=(_pack_bytes(jobs) - _pack_bytes(jobs[::2])) / (len(jobs) - len(jobs[::2])),
        evidence=statistics.mean(len(json.dumps(r.to_dict())) for r in records),
        logged=statistics.mean(logged),
    )


def _pack_bytes(jobs: list[Record]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        return write_pack(Path(folder) / "jobs.pyz", jobs).stat().st_size


def stages_table(stages: Stages) -> str:
    """The fitted stages."""
    low, high = min(stages.per_op.values()), max(stages.per_op.values())
    rows = [
        ("a build, on one core", f"{stages.build:.2f}"),
        ("a candidate, checked and timed", f"{stages.candidate:.2f}"),
        ("  of the quickest and of the slowest operation", f"{low:.2f} to {high:.2f}"),
        ("an operation set up on a GPU, more", f"{stages.set_up:.2f}"),
        ("a judge started on a GPU, more", f"{stages.session:.2f}"),
        (
            "of the run, in which nothing was checked or timed, for each candidate",
            f"{stages.rest:.2f}",
        ),
    ]
    return tabulate(rows, ("seconds of", "H200"), "github", disable_numparse=True)


def study_table(stages: Stages) -> str:
    """GPU hours, and wall hours with some fleets."""
    rows = []
    for candidates in SIZES:
        needed = stages.gpu_seconds(candidates, 1, OPS) / 3600
        walls = [_hours(stages.gpu_seconds(candidates, g, OPS) / g / 3600) for g in FLEETS]
        builds = candidates * stages.build / 3600
        rows.append((f"{candidates:,}", f"{needed:,.1f}", *walls, f"{builds:,.1f}"))
    headers = (
        "candidates",
        "GPU hours",
        *(f"hours, {g} GPU" for g in FLEETS),
        "core hours of builds",
    )
    return tabulate(rows, headers, "github", disable_numparse=True, colalign=("right",) * 6)


def _hours(hours: float) -> str:
    return f"{hours:,.1f}" if hours >= 1 else f"{60 * hours:.0f} min"


def size_table(sizes: Sizes) -> str:
    """Tokens, dollars and bytes."""
    prices, rows = load_prices(), []
    for candidates in SIZES:
        # Half of the samples are given the Skill.
        given = candidates * (sizes.input_tokens + sizes.skill_tokens / 2)
        asked = candidates * sizes.output_tokens
        rows.append(
            (
                f"{candidates:,}",
                f"{given / 1e6:,.1f}",
                f"{asked / 1e6:,.1f}",
                f"{prices.cost(MODEL, given, asked):,.0f}",
                *(
                    f"{candidates * n / 1e9:,.3g}"
                    for n in (sizes.packed, sizes.evidence, sizes.logged)
                ),
            )
        )
    headers = (
        *("candidates", "input, million tokens", "output", f"dollars, {MODEL}"),
        *("a pack, GB", "evidence, GB", "in the logs, GB"),
    )
    return tabulate(rows, headers, "github", disable_numparse=True, colalign=("right",) * 7)


def nodes_table(records: list[Record]) -> str:
    """What the simulations came to."""
    rows = [
        (
            "Ray nodes" if each["kind"] == "raylets" else "places without Ray",
            each["gpus"],
            each.get("cores", "-"),
            f"{each['candidates']:,}",
            f"{each['faster']:g}",
            f"{each['a_second']:.1f}",
            f"{each['model_seconds']:.1f}",
            f"{each['seconds']:.1f}",
            f"{100 * each['busy']:.0f} %",
            f"{1000 * each['driver_cpu_seconds'] / each['candidates']:.2f}",
        )
        for each in records
    ]
    headers = (
        *("", "GPUs", "cores that build", "candidates", "times as fast as an H200"),
        *(
            "candidates a second",
            "seconds by the model",
            "seconds",
            "GPUs busy",
            "driver, ms of CPU a candidate",
        ),
    )
    return tabulate(
        rows, headers, "github", disable_numparse=True, colalign=("left",) + ("right",) * 9
    )


def breaking_points(stages: Stages, sizes: Sizes, records: list[Record]) -> str:
    """What breaks first, in sentences with figures."""
    each = stages.candidate + stages.rest
    largest = max((r for r in records if r["kind"] == "raylets"), key=lambda r: r["candidates"])
    driver = largest["driver_cpu_seconds"] / largest["candidates"]
    lines = [
        f"- **Cores beside each GPU.** A GPU takes {each:.2f} s for a candidate, and a build takes "
        f"{stages.build:.2f} s of a core: {stages.build / each:.1f} cores have to build for each "
        "GPU, besides the four that are left to measuring. With fewer, the GPU waits.",
        f"- **Samples at once.** One run has {MAX_SAMPLES:,} samples under way at most, and a GPU "
        f"of a cluster holds {ROOM} of them: from {MAX_SAMPLES // ROOM:,} GPUs on some are idle.",
        f"- **The driver.** It spends {1000 * driver:.1f} ms of one core on a candidate: one "
        f"process feeds about {each / driver:,.0f} GPUs.",
        f"- **Files.** Evidence is one file a candidate, {sizes.evidence / 1000:.0f} kB on average "
        f"and in one folder: a million files and {1e6 * sizes.evidence / 1e9:.0f} GB at 10^6.",
        f"- **One pack.** A candidate adds {sizes.packed / 1000:.1f} kB to a pack, which is one "
        f"file of {1e6 * sizes.packed / 1e9:.1f} GB at 10^6.",
    ]
    return "\n".join(lines)


def blocks() -> dict[str, str]:
    """Every part of the page that is computed, by its name."""
    stages, sizes = fit(read_judged()), measure_sizes()
    records = [json.loads(line) for line in NODES.read_text().splitlines()]
    return {
        "stages": stages_table(stages),
        "study": study_table(stages),
        "sizes": size_table(sizes),
        "nodes": nodes_table(records),
        "breaks": breaking_points(stages, sizes, records),
    }


def filled(page: str) -> str:
    """A page with its computed parts, each after a comment that names it, made anew."""
    for name, text in blocks().items():
        page, times = re.subn(
            rf"(<!-- computed: {name} -->\n).*?(<!-- end -->)",
            lambda found, text=text: f"{found[1]}{text}\n{found[2]}",
            page,
            flags=re.S,
        )
        if times != 1:
            sys.exit(f"error: {PAGE.name} has {times} places for {name}: it needs one")
    return page


def main() -> None:
    """Print the computed parts, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write them into {PAGE.name}")
    if parser.parse_args().write:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return
    for name, text in blocks().items():
        print(f"{name}\n{text}\n")


if __name__ == "__main__":
    main()
