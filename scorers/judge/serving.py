"""What the judge's process does: jobs in on stdin, evidence out on stdout, one JSON object a line.

On a CPU a build would disturb a measurement, so all builds that are waiting come first, on all
cores, and then one measurement at a time.  On a GPU they go on beside the measurements, and leave
them some cores.  Candidates of one operation follow one another, epochs before variants, so that
arms share whatever drift the machine has.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import traceback
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from .alone import alone_on
from .build import Built
from .cuda import CudaDevice
from .device import CpuDevice, Device
from .errors import MachineError
from .evidence import Evidence
from .job import Job, JobError, parse_job
from .preparation import prepare
from .session import Session
from .workers import BaselineProcess

_MEASURING_CORES = 4

_emitting = threading.Lock()
_events = sys.stdout


def _read_jobs(lines: Any, jobs: queue.Queue[Job | None]) -> None:
    for line in lines:
        if line.strip():
            data = json.loads(line)
            try:
                jobs.put(parse_job(data))
            except JobError as error:
                _emit({"event": "refused", "id": data.get("id"), "reason": str(error)})
    jobs.put(None)


def _emit(record: dict[str, Any]) -> None:
    line = json.dumps(record, allow_nan=False) + "\n"
    with _emitting:
        _events.write(line)
        _events.flush()


def _emit_evidence(evidence: Evidence) -> None:
    _emit({"event": "evidence", **evidence.to_dict()})


class Serving:
    """Reads jobs, builds what waits, judges what is built, and emits evidence as it comes."""

    def __init__(self, baseline: BaselineProcess) -> None:
        """Wait for jobs.

        Args:
            baseline: the baseline's process of the first session.
        """
        self.baseline: BaselineProcess | None = baseline
        self.jobs: queue.Queue[Job | None] = queue.Queue()
        self.open = True
        self.session: Session | None = None
        self.operation = ""
        self.ready: list[tuple[Job, Future[Built | None]]] = []
        cores = len(os.sched_getaffinity(0))
        self.builders = {
            "cpu": ThreadPoolExecutor(cores),
            "gpu": ThreadPoolExecutor(max(1, cores - _MEASURING_CORES)),
        }

    def serve(self) -> None:
        """Serve until stdin ends and every job has its evidence."""
        threading.Thread(target=_read_jobs, args=(sys.stdin, self.jobs), daemon=True).start()
        while self.open or self.ready:
            waiting = self._take(block=not self.ready)
            if waiting:
                for device in sorted({job.device for job in waiting}):
                    with alone_on(device):
                        jobs = [job for job in waiting if job.device == device]
                        self.ready += self._build(device, sorted(jobs, key=self._order))
                self.ready.sort(key=lambda pair: self._order(pair[0]))
            elif self.ready:
                job, building = self.ready.pop(0)
                self.operation = job.operation.name
                with alone_on(job.device):
                    self._judge(job, building)
        if self.session is not None:
            self.session.close()
        if self.baseline is not None:
            self.baseline.kill()

    def _order(self, job: Job) -> tuple[str, bool, str, str]:
        # The operation whose baseline is set up is finished first.
        name = job.operation.name
        return job.device, name != self.operation, name, job.id

    def _take(self, *, block: bool) -> list[Job]:
        taken: list[Job] = []
        while self.open:
            try:
                job = self.jobs.get(block=block and not taken)
            except queue.Empty:
                break
            if job is None:
                self.open = False
            else:
                taken.append(job)
        return taken

    def _following(self) -> tuple[Job, Path] | None:
        for job, building in self.ready:
            if self.session is None or self.session.device.name != job.device:
                return None
            if not building.done():
                return None
            built = building.result()
            if built is not None and built.library is not None and job.settings.until != "build":
                return job, built.library
        return None

    def _session_for(self, job: Job) -> Session:
        if self.session is not None and self.session.device.name != job.device:
            self.session.close()
            self.session = None
        if self.session is None:
            device: Device = CpuDevice() if job.device == "cpu" else CudaDevice()
            seed, unsafe = job.settings.seed, job.settings.unsafe
            self.session = Session(device, seed, self.baseline, self._following, unsafe=unsafe)
            self.baseline = None
        return self.session

    def _build(self, device: str, jobs: list[Job]) -> list[tuple[Job, Future[Built | None]]]:
        try:
            session = self._session_for(jobs[0])
        except MachineError as error:
            for job in jobs:
                _emit_evidence(Evidence.about(job, "infra_error", str(error)))
            return []
        builds = [self.builders[device].submit(_build_one, session, job) for job in jobs]
        if device == "cpu":
            wait(builds)
        return list(zip(jobs, builds, strict=True))

    def _judge(self, job: Job, building: Future[Built | None]) -> None:
        try:
            session = self._session_for(job)
            if not building.done():
                for _ in prepare(session, job):
                    if building.done():
                        break
            built = building.result()
            if built is None:
                return
            evidence = session.judge(job, built)
        except Exception as error:
            # The session's processes may be in any state now; the next job gets fresh ones.
            evidence = Evidence.about(job, "infra_error", _describe(error))
            if self.session is not None:
                self.session.close()
                self.session = None
        _emit_evidence(evidence)


def _build_one(session: Session, job: Job) -> Built | None:
    try:
        built = session.build(job)
    except Exception as error:
        _emit_evidence(Evidence.about(job, "infra_error", _describe(error)))
        return None
    _emit({"event": "built", "id": job.id, "seconds": built.record.seconds})
    return built


def _describe(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({os.path.basename(where.filename)}:{where.lineno})"
