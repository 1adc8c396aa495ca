"""How far the executor goes: a Ray cluster of simulated GPU nodes, and places without Ray.

The nodes are real raylets on this machine, each of which claims a GPU; the judges on them sleep as
long as the published candidates took (`benchmarks/scale_model.py`), divided by `--faster`.  Where
no more raylets fit into this machine's memory, places that only sleep show what lies beyond.

    python benchmarks/ray_nodes.py --raylets 1,4,16,64 --places 64,512 -o records.jsonl
"""

from __future__ import annotations

import argparse
import heapq
import json
import logging
import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.scale_model import Stages, fit, read_judged
from benchmarks.simulated_judge import simulated_job, simulated_judge
from skilldyno.scorers.executors.executor import Listener
from skilldyno.scorers.executors.fleet import Fleet
from skilldyno.scorers.executors.line import Place
from skilldyno.scorers.judge.evidence import SCHEMA
from skilldyno.tasks.hardware import HardwareProfile, load_profile
from skilldyno.tasks.language import Kind, Language

PROFILE = "h200"
OPS = 8
# What the executor sets aside for the judge of a GPU.
MEASURING_CORES = 4
LEAST_FREE = 5 << 30


class Clock:
    """Answers futures when their time has come; one thread for all."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._change = threading.Condition()
        threading.Thread(target=self._run, daemon=True).start()

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call something later."""
        with self._change:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), call))
            self._change.notify()

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._due or self._due[0][0] > time.monotonic():
                    wait = self._due[0][0] - time.monotonic() if self._due else None
                    self._change.wait(wait)
                call = heapq.heappop(self._due)[2]
            call()


class SimulatedPlace:
    """A place that measures one candidate at a time by letting time pass."""

    room = 3

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self._clock = clock
        self._free_at = 0.0
        self._op: str | None = None

    def judge(self, job: dict[str, Any], build: Any) -> Future[dict[str, Any]]:
        """See Place."""
        todo, op = job["settings"]["simulated"], job["operation"]["name"]
        slept = todo.get("measure", 0) + (op != self._op) * todo.get("set_up", 0)
        self._op = op
        now = time.monotonic()
        self._free_at = max(now, self._free_at) + slept
        answer: Future[dict[str, Any]] = Future()
        record = {
            "event": "evidence",
            "schema": SCHEMA,
            "id": job["id"],
            "candidate": "",
            "operation": op,
            "operation_digest": op,
            "hardware": job["hardware"],
            "language": job["language"],
            "verdict": "correct",
            "reason": json.dumps({"slept": slept}),
        }
        self._clock.after(self._free_at - now, lambda: answer.set_result(record))
        return answer

    def close(self) -> None:
        """See Place."""


class SimulatedMachines:
    """Any number of places, whose candidates are built elsewhere in no time."""

    builds_ahead = sys.maxsize

    def __init__(self, places: int) -> None:
        self._clock = Clock()
        self._left = places

    def hardware(self, name: str, language: Language, kind: Kind | None) -> HardwareProfile:
        """See Executor."""
        return load_profile(name)

    def open(self, hardware: str, opened: Callable[[Place], None], tell: Listener) -> None:
        """See Machines."""
        for number in range(self._left):
            opened(SimulatedPlace(f"place {number}", self._clock))
        self._left = 0

    def build(self, job: dict[str, Any]) -> None:
        """See Machines."""

    def close(self) -> None:
        """See Machines."""


def run(
    executor: Fleet, gpus: int, candidates: int, stages: Stages, faster: float, cores: int
) -> dict:
    """Have candidates judged, and say how long it took and how long the model says.

    On all of the `cores` they are built ahead.
    """
    todo = {
        "build": stages.build / faster,
        "set_up": stages.set_up / faster,
        "measure": stages.candidate / faster,
    }
    jobs = [
        simulated_job(f"op{n % OPS}:{n:07d}", f"op{n % OPS}", PROFILE, **todo)
        for n in range(candidates)
    ]
    before = resource.getrusage(resource.RUSAGE_SELF)
    # Ray starts its workers for builds when there are some.
    warm = [
        executor.submit(simulated_job(f"warm:{n}", "warm", PROFILE, build=2.0))
        for n in range(2 * cores)
    ]
    for future in warm:
        future.result(timeout=600)
    begin = time.monotonic()
    evidence = [f.result(timeout=600) for f in [executor.submit(job) for job in jobs]]
    seconds = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_SELF)
    measuring = (candidates * stages.candidate + max(OPS, gpus) * stages.set_up) / gpus
    building = candidates * stages.build / cores if cores else 0.0
    slept = sum(json.loads(each.reason)["slept"] for each in evidence)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "gpus": gpus,
        "candidates": candidates,
        "faster": faster,
        "seconds": seconds,
        "model_seconds": max(measuring, building) / faster,
        "busy": slept / (gpus * seconds),
        "a_second": candidates / seconds,
        "driver_cpu_seconds": spent,
        "judged": sum(each.verdict == "correct" for each in evidence),
    }


def on_raylets(
    numbers: list[int], each: int, stages: Stages, faster: float, cores: int
) -> list[dict]:
    """Grow one cluster to each number of nodes, and judge on it."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    from skilldyno.scorers.executors.ray_cluster import RayExecutor

    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    os.environ["RAY_ADDRESS"] = str(cluster.address)
    logging.getLogger("ray").setLevel(logging.ERROR)
    records, nodes = [], 0
    try:
        for wanted in numbers:
            while nodes < wanted and _free_bytes() > LEAST_FREE:
                cluster.add_node(
                    wait=False,
                    num_cpus=cores + MEASURING_CORES,
                    num_gpus=1,
                    resources={PROFILE: 1},
                    object_store_memory=80 << 20,
                )
                nodes += 1
            cluster.wait_for_nodes(timeout=300)
            executor = RayExecutor(None, simulated_judge())
            found = run(executor, nodes, each * nodes, stages, faster, cores * nodes)
            records.append({"kind": "raylets", "cores": cores * nodes, **found})
            executor.close()
            print(json.dumps(records[-1]), flush=True)
            if nodes < wanted:
                print(f"no memory for more than {nodes} nodes", file=sys.stderr)
                break
    finally:
        cluster.shutdown()
    return records


def _free_bytes() -> int:
    with open("/proc/meminfo", encoding="utf-8") as file:
        lines = dict(line.split(":") for line in file)
    return int(lines["MemAvailable"].split()[0]) << 10


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part]


def main() -> None:
    """Run the simulations that were asked for, and write a record of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raylets", type=_numbers, default=[], help="numbers of nodes")
    parser.add_argument("--places", type=_numbers, default=[], help="numbers of places")
    parser.add_argument("--each", type=int, default=20, help="candidates a GPU")
    parser.add_argument("--faster", type=float, default=1.0, help="by how much time is shortened")
    parser.add_argument("--cores", type=int, default=2, help="cores of a node that build")
    parser.add_argument("-o", "--output", type=Path, help="append the records to this file")
    asked = parser.parse_args()
    stages = fit(read_judged())
    records = []
    if asked.raylets:
        records = on_raylets(asked.raylets, asked.each, stages, asked.faster, asked.cores)
    for places in asked.places:
        executor = Fleet(SimulatedMachines(places))
        found = run(executor, places, asked.each * places, stages, asked.faster, cores=0)
        records.append({"kind": "places", **found})
        executor.close()
        print(json.dumps(records[-1]), flush=True)
    if asked.output is not None:
        with open(asked.output, "a", encoding="utf-8") as file:
            file.writelines(json.dumps(record) + "\n" for record in records)


if __name__ == "__main__":
    main()
