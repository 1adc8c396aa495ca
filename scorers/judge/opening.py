"""How candidates get their runners: each is started while the one before is checked.

A process takes as long to come up, with a CUDA context, as a check does. It is frozen before
anything is timed, and its candidate is loaded at its turn: until then no code of it has run.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .arena import Arena
from .bench import Bench, arena_capacity
from .device import Device
from .errors import MachineError
from .job import Job
from .process import OUTPUT_BYTES, ProcessLost, ProcessTimeout, StartError
from .record import Record
from .sandbox import Sandbox
from .workers import Runner

_PREPARE_SECONDS = 20.0
_LOAD_SECONDS = 20.0


@dataclass(frozen=True)
class _Opening:
    job: Job
    runner: Runner
    bench: Bench
    prepared: Future[None]


class Openings:
    """The runners of a session's candidates, of which one may be ahead."""

    def __init__(self, device: Device, sandbox: Sandbox, seed: int) -> None:
        self.device = device
        self.sandbox = sandbox
        self.seed = seed
        self._ahead: _Opening | None = None
        self._threads = ThreadPoolExecutor(2)

    def open(self, job: Job, library: Path, record: Record) -> Bench:
        """Load a candidate; its runner is frozen.

        Raises:
            StartError, MachineError: the runner did not come up.
            ProcessLost: the candidate ended it.
            ProcessTimeout: the candidate took too long to load.
        """
        opening = self._take(job) or self._begin(job, library)
        # A ModelNew may compile its kernels while it is imported.
        building = job.settings.build_seconds if job.operation.is_problem else 0.0
        try:
            opening.prepared.result()
            opening.runner.load(_LOAD_SECONDS + building)
        except (StartError, ProcessLost, ProcessTimeout, MachineError):
            opening.bench.close()
            record.output = opening.runner.output()
            raise
        return opening.bench

    def begin(self, job: Job, library: Path) -> None:
        """Start the runner of a candidate whose turn has not come, unless another's is ahead.

        Where that fails, it is tried again at its turn.
        """
        if self._ahead is None and self.device.has_room(arena_capacity(job.operation, self.device)):
            try:
                self._ahead = self._begin(job, library)
            except (StartError, MachineError):
                return

    def settle(self) -> None:
        """Wait until the runner ahead is frozen; one that does not come up is given up."""
        if self._ahead is not None:
            try:
                self._ahead.prepared.result()
            except (StartError, MachineError):
                self.close()

    def close(self) -> None:
        """End the runner ahead."""
        if self._ahead is not None:
            wait([self._ahead.prepared])
            self._ahead.bench.close()
            self._ahead = None

    def _take(self, job: Job) -> _Opening | None:
        ahead = self._ahead
        if ahead is None or ahead.job is not job:
            return None
        self._ahead = None
        return ahead

    def _begin(self, job: Job, library: Path) -> _Opening:
        operation = job.operation
        arena = self.device.open_arena(arena_capacity(operation, self.device))
        runner = self.device.start_runner(job, self.sandbox, library)
        random = np.random.default_rng([self.seed, int(job.candidate[:15], 16)])
        bench = Bench(operation, self.device, runner, arena, random, job.settings.call_seconds)
        setup = {
            "library": str(library),
            "function": operation.function,
            "scalars": [(s.type, s.value) for s in operation.scalars],
            "confine": self.sandbox.confine,
            "output_bytes": OUTPUT_BYTES,
            **self.device.runner_setup(job),
        }
        prepared = self._threads.submit(self._prepare, runner, setup, arena)
        return _Opening(job, runner, bench, prepared)

    def _prepare(self, runner: Runner, setup: dict[str, Any], arena: Arena) -> None:
        runner.await_greeting()
        with self.device.turn_to_start():
            runner.prepare(setup, arena, _PREPARE_SECONDS)
