"""The judges of one machine, a process for each GPU or one for the CPU, and what feeds them."""

from __future__ import annotations

import contextlib
import json
import math
import os
import queue
import subprocess
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_ATTEMPTS = 3
_FAULTS_IN_A_ROW = 3
# A judge that dies costs each job that it holds a try.
_MOST_ON_A_GPU = 32

Job = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a judge runs: a GPU, by its number in CUDA_VISIBLE_DEVICES, or else the CPU.

    `hardware` names the profiles whose jobs are for it.
    """

    hardware: frozenset[str]
    gpu: str | None = None

    def __str__(self) -> str:
        return "the CPU" if self.gpu is None else f"GPU {self.gpu}"


@dataclass(eq=False)
class _Judge:
    place: Place
    process: subprocess.Popen[bytes]
    under_way: dict[str, Job] = field(default_factory=dict)
    operation: str | None = None
    faults: int = 0


def share_of_cores(index: int, judges: int) -> list[int]:
    """The cores of one of several judges of this machine; all of them where there are too few."""
    cores = sorted(os.sched_getaffinity(0))
    share = max(1, len(cores) // judges)
    return cores[index * share : (index + 1) * share] or cores


def room_on_a_gpu(gpus: int) -> int:
    """How many jobs the judge of one of several GPUs of this machine may hold.

    Enough to be built while one is measured, and little enough for all GPUs to end together.
    """
    cores = len(os.sched_getaffinity(0))
    return _MOST_ON_A_GPU if gpus == 1 else max(2, min(_MOST_ON_A_GPU, cores // gpus // 2))


class Judges:
    """Feeds jobs to judges and hands on their evidence, whatever dies in between.

    The jobs of one operation go to one judge after another, since each measures its baseline first.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        places: Sequence[Place],
        on_evidence: Callable[[str, dict[str, Any]], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        """Start nothing yet.

        Args:
            command: starts a judge, which reads jobs from stdin and writes events to stdout.
            environment: its variables; each GPU's gets its CUDA_VISIBLE_DEVICES besides.
            places: where to run one.
            on_evidence: takes a job's digest and evidence; at the last attempt an infra_error too.
            on_trouble: takes sentences on jobs and places that are given up.
        """
        self._command = command
        self._environment = environment
        self._places = places
        self._on_evidence = on_evidence
        self._on_trouble = on_trouble
        self._events: queue.Queue[tuple[_Judge, dict[str, Any] | None]] = queue.Queue()
        self._waiting: dict[tuple[str, str], deque[tuple[str, Job]]] = defaultdict(deque)
        self._again: list[tuple[str, Job]] = []
        self._faulty: dict[str, list[Place]] = defaultdict(list)
        self._judges: list[_Judge] = []
        self._faults: dict[Place, int] = defaultdict(int)

    def judge(self, jobs: Mapping[str, Job]) -> None:
        """Judge jobs, by their digests; return when none can be judged any more."""
        # By id, in which epochs come before variants: arms share whatever drift a machine has.
        for digest, job in sorted(jobs.items(), key=lambda pair: pair[1]["id"]):
            self._waiting[job["hardware"], job["operation"]["name"]].append((digest, job))
        try:
            for place in self._places:
                self._start(place)
            for judge in self._judges:
                self._feed(judge)
            while any(judge.under_way for judge in self._judges):
                judge, event = self._events.get()
                if judge not in self._judges:
                    continue
                if event is None:
                    self._bury(judge)
                else:
                    self._take(judge, event)
                    self._feed(judge)
        finally:
            for judge in self._judges:
                judge.process.kill()
                judge.process.wait()

    def _start(self, place: Place) -> _Judge:
        chosen = {} if place.gpu is None else {"CUDA_VISIBLE_DEVICES": place.gpu}
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**self._environment, **chosen},
            # Ctrl-C is the parent's to handle.
            start_new_session=True,
        )
        # Each builds on its own share of the cores, beside the others' measurements.
        own = share_of_cores(self._places.index(place), len(self._places))
        os.sched_setaffinity(process.pid, own)
        judge = _Judge(place, process)
        self._judges.append(judge)
        threading.Thread(target=self._read, args=(judge,), daemon=True).start()
        return judge

    def _read(self, judge: _Judge) -> None:
        assert judge.process.stdout is not None
        for line in judge.process.stdout:
            self._events.put((judge, json.loads(line)))
        self._events.put((judge, None))

    def _feed(self, judge: _Judge) -> None:
        taken = self._choose(judge)
        judge.under_way.update(taken)
        assert judge.process.stdin is not None
        # The judge orders by id too; the digest tells jobs apart.
        named = ({**job, "id": f"{job['id']}#{digest}"} for digest, job in taken)
        try:
            judge.process.stdin.writelines(json.dumps(job).encode() + b"\n" for job in named)
            judge.process.stdin.flush()
        except BrokenPipeError:
            # Its reader sees the same death.
            return

    def _choose(self, judge: _Judge) -> list[tuple[str, Job]]:
        taken: list[tuple[str, Job]] = []
        few = room_on_a_gpu(len(self._places)) // 2
        while len(judge.under_way) + len(taken) < self._room(judge):
            again = next((pair for pair in self._again if self._may_try(judge, *pair)), None)
            if again is not None:
                self._again.remove(again)
                taken.append(again)
                continue
            own = self._queues(judge)
            if not own:
                break
            busy = {other.operation for other in self._judges if other is not judge}
            # Its own operation, else one that no other judge is at, else the longest queue.
            key = max(own, key=lambda k: (k[1] == judge.operation, k[1] not in busy, len(own[k])))
            left = len(judge.under_way) + len(taken)
            if key[1] != judge.operation and key[1] in busy and left >= few:
                # It helps another once it is nearly done: the builds take about as long.
                break
            judge.operation = key[1]
            taken.append(self._waiting[key].popleft())
        return taken

    def _room(self, judge: _Judge) -> float:
        if judge.place.gpu is None:
            # All builds come before the first measurement, so that all are wanted at once.
            return math.inf
        gpus = len(self._places)
        enough = room_on_a_gpu(gpus)
        waiting = sum(map(len, self._queues(judge).values()))
        # More while many wait, since builds may be slow; at the end all GPUs shall end together.
        return min(_MOST_ON_A_GPU, 2 * enough, max(enough, waiting // gpus))

    def _queues(self, judge: _Judge) -> dict[tuple[str, str], deque[tuple[str, Job]]]:
        return {k: w for k, w in self._waiting.items() if w and k[0] in judge.place.hardware}

    def _may_try(self, judge: _Judge, digest: str, job: Job) -> bool:
        # Where a job met a fault, it is tried again only if there is nowhere else.
        faulty = self._faulty[digest]
        return job["hardware"] in judge.place.hardware and (
            judge.place not in faulty
            or all(
                other.place in faulty
                for other in self._judges
                if job["hardware"] in other.place.hardware
            )
        )

    def _take(self, judge: _Judge, event: dict[str, Any]) -> None:
        kind, digest = event.pop("event"), event["id"].rpartition("#")[2]
        if kind not in ("evidence", "refused") or digest not in judge.under_way:
            return
        job = judge.under_way.pop(digest)
        event["id"] = job["id"]
        event["environment"] = {**event.get("environment", {}), "place": judge.place.gpu or "cpu"}
        if kind == "refused":
            self._on_trouble(f"the judge refused {job['id']}: {event['reason']}")
        elif event["verdict"] != "infra_error":
            judge.faults = self._faults[judge.place] = 0
            self._on_evidence(digest, event)
        else:
            judge.faults += 1
            if not self._retry(judge, digest, job):
                self._on_evidence(digest, event)
            if judge.faults == _FAULTS_IN_A_ROW:
                # What CUDA has lost, it has lost for this process.
                judge.process.kill()

    def _retry(self, judge: _Judge, digest: str, job: Job) -> bool:
        self._faulty[digest].append(judge.place)
        if len(self._faulty[digest]) >= _ATTEMPTS:
            return False
        self._again.append((digest, job))
        return True

    def _bury(self, judge: _Judge) -> None:
        code = judge.process.wait()
        self._judges.remove(judge)
        assert judge.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            judge.process.stdin.close()
        for digest, job in judge.under_way.items():
            if not self._retry(judge, digest, job):
                self._on_trouble(f"{job['id']}: the judge died {_ATTEMPTS} times ({code})")
        self._faults[judge.place] += 1
        if self._faults[judge.place] < _FAULTS_IN_A_ROW:
            self._start(judge.place)
        else:
            self._on_trouble(f"{judge.place} is given up: its judges die, or find it unusable")
        for other in self._judges:
            self._feed(other)
