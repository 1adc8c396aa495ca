"""One session of judging on this machine: what candidates share, and the way of each."""

from __future__ import annotations

import json
import platform
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import timing
from .arena import least_work
from .authorship import NotAuthored, attribute, require_authored
from .baselines import Baselines
from .bench import Bench, Tampering, WrongOutput, arena_capacity
from .build import GXX, Built, processor
from .builder import build_job
from .clock import geometric_mean_interval
from .compatibility import build_for_archs
from .contents import Contents, ContentsCache, checked_distributions
from .device import Device
from .epitaph import KILLED
from .evidence import Check, Evidence
from .files import judge_digest
from .gated_side import GatedSide
from .job import Job, Operation, Workload
from .opening import Openings
from .preparation import FAULTS
from .process import (
    Crowded,
    ForgedAnswer,
    ProcessLost,
    ProcessTimeout,
)
from .record import OutOfTime, Record
from .sandbox import Sandbox, require_sandbox
from .side import WARM, HostSide, Side
from .start import remove_runner_home, start_baseline
from .steps import with_steps
from .wire import MACHINE
from .workers import BaselineProcess

_CEILING_ATTEMPTS = 4
_HOGGED_SHARE = 0.25
_RETURN_SECONDS = 10.0
# What Triton raises, torch's load_inline, and the runner for a result of another form.
_LOSSES = {
    "CompilationError": "compile_error",
    "Error building extension": "compile_error",
    "OutputError: ": "incorrect",
}


class Session:
    """Contents, baseline and ceilings, shared by all candidates that are judged here."""

    def __init__(
        self,
        device: Device,
        seed: int | None,
        baseline: BaselineProcess | None,
        following: Callable[[], tuple[Job, Path] | None],
        *,
        unsafe: bool,
    ) -> None:
        """Open a session on a device.

        Args:
            device: the device.
            seed: of all that is random; by default one is drawn.
            baseline: the baseline's process, if it has been started.
            following: gives the candidate that comes next, with its library, if it is built.
            unsafe: whether kernels may run where they cannot be isolated.

        Raises:
            SandboxError: kernels cannot be isolated here, and `unsafe` is false.
        """
        self.seed = secrets.randbits(63) if seed is None else seed
        self.sandbox: Sandbox = require_sandbox(device.name, unsafe)
        self.device = device
        self.contents = ContentsCache(self.seed, device.torch_name, device.contents_bytes)
        self.baselines = Baselines(self.contents, self.side_of)
        self._baseline = baseline or start_baseline()
        self._bench: Bench | None = None
        self.openings = Openings(device, self.sandbox, self.seed)
        self.following = following

    @cached_property
    def machine(self) -> dict[str, float]:
        """This machine's measured memory bandwidth and rates, and the baseline's threads."""
        return self.measure_machine()

    def measure_machine(self) -> dict[str, float]:
        """Have the baseline's process measure memory bandwidth and rates now."""
        if self._bench is not None:
            self._baseline.resume()
        question = MACHINE + self.device.torch_name.encode()
        found = json.loads(self._baseline.ask(question, 60.0))
        if self._bench is not None:
            self._baseline.stop()
        return found

    def raise_ceilings(self) -> None:
        """Measure the ceilings once more: the first time may have been a slow moment."""
        again = self.measure_machine()
        again["event_seconds"] = self.machine["event_seconds"]
        self.machine = {k: max(v, again[k]) for k, v in self.machine.items()}

    def baseline_bench(self, operation: Operation) -> Bench:
        """The baseline set up for an operation, frozen."""
        if self._bench is not None and self._bench.operation.digest == operation.digest:
            return self._bench
        self.raise_ceilings()
        if self._bench is not None:
            self._bench.arena.close()
            self._baseline.resume()
        arena = self.device.open_arena(arena_capacity(operation, self.device))
        setup = {"operation": asdict(operation), **self.device.setup(operation)}
        self._baseline.set_up(setup, arena, 60.0)
        random = np.random.default_rng([self.seed, 1])
        self._bench = Bench(operation, self.device, self._baseline, arena, random, 120.0)
        return self._bench

    def other_baselines(self, job: Job) -> tuple[str, ...]:
        """Those besides eager that the job asks for and that this device has."""
        return tuple(n for n in self.device.other_baselines if n in job.settings.baselines)

    def side_of(self, bench: Bench, old: Contents, *, trusted: bool = False) -> Side:
        """The side of a bench: at a gate where the device has one; `old` is for its warm calls."""
        if self.device.gated:
            return GatedSide(bench, old, self.machine["event_seconds"], trusted=trusted)
        # Model is PyTorch as ModelNew is: each is called as the other.
        return HostSide(bench, trusted=trusted and not bench.operation.is_problem)

    def environment(self) -> dict[str, Any]:
        """Versions, hashes and the seed that made the evidence."""
        return {
            "judge_digest": judge_digest(),
            "seed": self.seed,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
            "compiler": GXX.version(),
            "cpu": processor(),
            **self.machine,
            **self.device.environment(),
            "kernel": platform.release(),
        }

    def close(self) -> None:
        """End the processes of the session."""
        self.openings.close()
        self._baseline.kill()
        self.device.close()
        remove_runner_home()

    def build(self, job: Job) -> Built:
        """Build one candidate; safe to call from several threads."""
        built = build_job(job, self.sandbox)
        return replace(built, archs=build_for_archs(job, self.sandbox))

    def judge(self, job: Job, built: Built) -> Evidence:
        """Load, check and time one built candidate, and say what it is worth."""
        evidence, record = self._judge(job, built)
        if record.killed:
            # Maybe by something else on the machine: what a candidate does it does again.
            evidence, record = self._judge(job, built)
        if job.extension is None:
            return evidence
        return with_steps(evidence, job.extension, loaded=record.loaded)

    def _judge(self, job: Job, built: Built) -> tuple[Evidence, Record]:
        record = Record(deadline=time.monotonic() + job.settings.total_seconds)
        record.seconds["build"] = built.record.seconds
        evidence = replace(
            Evidence.about(job, "infra_error", ""),
            build=built.record,
            builds=built.archs,
            isolation=self.sandbox.describe(),
            environment=self.environment(),
        )
        if built.library is None:
            verdict = "timeout" if built.timed_out else "compile_error"
            return _finish(evidence, record, verdict, built.reason), record
        evidence = replace(evidence, compiled=True)
        if job.settings.until == "build":
            return _finish(evidence, record, "correct", "it builds; it was not run"), record
        return self._judge_library(job, built.library, evidence, record), record

    def _judge_library(
        self, job: Job, library: Path, evidence: Evidence, record: Record
    ) -> Evidence:
        try:
            self._trial(job, library, record)
        except WrongOutput as wrong:
            return _finish(evidence, record, "incorrect", f"{record.where}: {wrong}")
        except (Tampering, ForgedAnswer, Crowded, NotAuthored, timing.Implausible) as cheat:
            reason = f"{record.where}: {cheat}"
            return replace(_finish(evidence, record, "flagged", reason), flags=(str(cheat),))
        except ProcessTimeout as late:
            return _finish(evidence, record, "timeout", f"{record.where}: {late}")
        except OutOfTime:
            limit = f"{job.settings.total_seconds:.0f} s"
            reason = f"{record.where}: its judging took longer than {limit}"
            return _finish(evidence, record, "timeout", reason)
        except ProcessLost as lost:
            record.killed = str(lost) == KILLED
            verdict = next((v for words, v in _LOSSES.items() if words in str(lost)), None)
            evidence = replace(evidence, compiled=verdict != "compile_error")
            reason = f"{record.where}: {lost}"
            return _finish(evidence, record, verdict or "runtime_error", reason)
        except torch.OutOfMemoryError as full:
            return self._out_of_memory(evidence, record, full)
        except FAULTS as fault:
            return _finish(evidence, record, "infra_error", f"{record.where}: {fault}")
        return self._success(evidence, record)

    def _out_of_memory(
        self, evidence: Evidence, record: Record, full: torch.OutOfMemoryError
    ) -> Evidence:
        # The candidate's process has been killed by now: what comes back is what it had held.
        deadline, hogged = time.monotonic() + _RETURN_SECONDS, False
        while not hogged and time.monotonic() < deadline:
            free, total = self.device.memory()
            hogged = free - record.free_bytes > _HOGGED_SHARE * total
            time.sleep(0.1)
        reason = f"{record.where}: the device's memory ran out: {full}"
        return _finish(evidence, record, "runtime_error" if hogged else "infra_error", reason)

    def _success(self, evidence: Evidence, record: Record) -> Evidence:
        if not record.timings:
            reason = f"right in all {len(record.checks)} verified calls; it was not timed"
            return replace(_finish(evidence, record, "correct", reason), correct=True)
        pairs = [[float(np.log(b / c)) for c, b in t.samples] for t in record.timings]
        speed = geometric_mean_interval(pairs)
        fractions = [t.roofline_fraction for t in record.timings]
        done = _finish(
            evidence, record, "correct", _sentence(record, float(np.exp(speed.estimate)))
        )
        return replace(
            done,
            correct=True,
            speedup=float(np.exp(speed.estimate)),
            speedup_low=float(np.exp(speed.low)),
            speedup_high=float(np.exp(speed.high)),
            ambiguous=not self.device.criterion.narrow(speed),
            roofline_fraction=float(np.exp(np.mean(np.log(fractions)))),
        )

    def _trial(self, job: Job, library: Path, record: Record) -> None:
        if job.timed:
            self.baseline_bench(job.operation)
        begin = time.monotonic()
        bench = self.openings.open(job, library, record)
        record.loaded = True
        try:
            if (following := self.following()) is not None:
                self.openings.begin(*following)
            self._check(job.operation, bench, record)
            self.openings.settle()
            record.seconds["check"] = time.monotonic() - begin
            begin = time.monotonic()
            for workload in job.timed:
                self._time(job, workload, bench, record)
            record.seconds["time"] = time.monotonic() - begin
            recordable = self.device.gated or job.extension is not None
            if job.timed and job.operation.library == "forbidden" and recordable:
                self._require_authored(job, library, bench, record)
        except torch.OutOfMemoryError:
            record.free_bytes = self.device.memory()[0]
            raise
        finally:
            # Of a check that failed.
            record.seconds.setdefault("check", time.monotonic() - begin)
            bench.close()
            record.output = bench.worker.output()
            # A check that failed has not waited for it, and baselines may be timed next.
            self.openings.settle()

    def _require_authored(self, job: Job, library: Path, bench: Bench, record: Record) -> None:
        workload = next(w for w in job.operation.workloads if w.timed)
        record.enter(f"{workload.name}, recorded")
        bench.set_workload(workload)
        contents = self.contents.get(job.operation, workload, "normal", 0)
        bench.checked_call(WARM, contents)
        record.launches = attribute(bench.record(WARM, contents), job, library)
        require_authored(record.launches)

    def _check(self, operation: Operation, bench: Bench, record: Record) -> None:
        for workload in operation.workloads:
            bench.set_workload(workload)
            for distribution in checked_distributions(operation, workload, bench.random):
                record.enter(f"{workload.name}, {distribution} inputs")
                contents = self.contents.get(operation, workload, distribution, 0)
                check = Check(workload.name, distribution, workload.visible, "fail", None, "")
                try:
                    error = bench.checked_call(0, contents)
                except WrongOutput as wrong:
                    finite = wrong.error is not None and np.isfinite(wrong.error)
                    failed = replace(
                        check, error=wrong.error if finite else None, detail=str(wrong)
                    )
                    record.checks.append(failed)
                    raise
                record.checks.append(replace(check, status="pass", error=error))

    def _time(self, job: Job, workload: Workload, bench: Bench, record: Record) -> None:
        operation, criterion = job.operation, self.device.criterion.at_most(job.settings.pairs)
        baseline = self.baseline_bench(operation)
        record.enter(f"{workload.name}, timed")
        bench.set_workload(workload)
        baseline.set_workload(workload)
        self.baselines.trust(operation, workload, baseline)
        old = self.contents.get(operation, workload, "normal", 0)
        bench.checked_call(WARM, old)
        index = 0

        def next_contents() -> Contents:
            nonlocal index
            index += 1
            record.enter(record.where)
            return self.contents.get(operation, workload, "normal", index)

        race = timing.Race(
            self.side_of(bench, old),
            self.side_of(baseline, old, trusted=True),
            next_contents,
            bench.random,
        )
        bound = race.run(criterion)
        roofline = self._plausible_roofline(operation, workload, race.series)
        names = self.other_baselines(job)
        others = self.baselines.faster_than_eager(operation, workload, baseline, names)
        record.timings.append(
            timing.summarise(workload, race.series, bound, roofline, criterion, others)
        )

    def _plausible_roofline(
        self, operation: Operation, workload: Workload, series: timing.Series
    ) -> float:
        pairs = series.kept()
        seconds = float(np.median([p.candidate for p in pairs]))
        needed = least_work(operation, workload)
        least = timing.roofline_seconds(needed, self.machine, operation.rate)
        for _ in range(_CEILING_ATTEMPTS):
            if seconds >= timing.ROOFLINE_SLACK * least:
                return timing.roofline_seconds(workload, self.machine, operation.rate)
            self.raise_ceilings()
            least = timing.roofline_seconds(needed, self.machine, operation.rate)
        raise timing.Implausible(
            f"it claims {seconds * 1e6:.3g} us, and this machine's memory and arithmetic need "
            f"{least * 1e6:.3g} us at the least"
        )


def _finish(evidence: Evidence, record: Record, verdict: str, reason: str) -> Evidence:
    return replace(
        evidence,
        verdict=verdict,
        reason=reason,
        checks=tuple(record.checks),
        timings=tuple(record.timings),
        launches=record.launches,
        seconds=record.seconds,
        output=record.output,
    )


def _sentence(record: Record, speedup: float) -> str:
    calls = len(record.checks) + sum(t.pairs for t in record.timings)
    return f"right in all {calls} verified calls, {speedup:.2f} times as fast as eager PyTorch"
