"""The judge on this machine: one process for all candidates, restarted when it dies."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..evidence import Evidence, EvidenceError, parse_evidence

_ATTEMPTS = 3


class JudgeError(Exception):
    """The judge refused a job or cannot be kept alive: the harness's fault, never a candidate's."""


@dataclass
class _Pending:
    line: str
    future: Future[Evidence]
    attempts: int = 0


class LocalExecutor:
    """Feeds jobs to a judge process and gives back its evidence, whatever dies in between."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: dict[str, _Pending] = {}
        self._process: subprocess.Popen[str] | None = None
        self._listeners: list[Callable[[dict[str, Any]], None]] = []
        atexit.register(self.close)

    def subscribe(self, listener: Callable[[dict[str, Any]], None]) -> None:
        """Call `listener` with each event of the judge (`built`, `evidence`), for progress bars."""
        self._listeners.append(listener)

    def unsubscribe(self, listener: Callable[[dict[str, Any]], None]) -> None:
        """Stop calling `listener`."""
        self._listeners.remove(listener)

    def submit(self, job: dict[str, Any]) -> Future[Evidence]:
        """Hand over a job; its `id` must be unique among the jobs under way.

        Returns:
            A future with the evidence, or with a JudgeError.
        """
        pending = _Pending(json.dumps(job) + "\n", Future())
        with self._lock:
            if job["id"] in self._pending:
                raise JudgeError(f"a job with the id {job['id']!r} is under way already")
            self._pending[job["id"]] = pending
            if self._process is None:
                self._start()
            self._send(pending)
        return pending.future

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "skilldyno.scorers.judge"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C is this process's to handle: it ends the judge once the logs are written.
            start_new_session=True,
            text=True,
            encoding="utf-8",
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()

    def _send(self, pending: _Pending) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        pending.attempts += 1
        try:
            self._process.stdin.write(pending.line)
            self._process.stdin.flush()
        except BrokenPipeError:
            # The reader sees the same death and sends everything again to a new judge.
            return

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._receive(json.loads(line))
        code = process.wait()
        with self._lock:
            lost = []
            if self._process is process:
                self._process = None
                lost = self._restart()
        # Outside the lock, since whoever waits for a future may be about to submit.
        for pending in lost:
            pending.future.set_exception(
                JudgeError(f"the judge died {_ATTEMPTS} times (exit code {code})")
            )

    def _receive(self, event: dict[str, Any]) -> None:
        kind = event.pop("event")
        if kind == "evidence":
            self._settle(event)
        elif kind == "refused":
            refusal = JudgeError(f"the judge refused a job: {event['reason']}")
            with self._lock:
                pending = self._pending.pop(event["id"], None)
            if pending is not None:
                pending.future.set_exception(refusal)
        for listener in self._listeners:
            listener({"event": kind, **event})

    def _settle(self, record: dict[str, Any]) -> None:
        with self._lock:
            pending = self._pending.get(record["id"])
            if pending is None:
                return
            if record["verdict"] == "infra_error" and pending.attempts < _ATTEMPTS:
                self._send(pending)
                return
            del self._pending[record["id"]]
        try:
            pending.future.set_result(parse_evidence(record))
        except EvidenceError as error:
            pending.future.set_exception(error)

    def _restart(self) -> list[_Pending]:
        lost = [p for p in self._pending.values() if p.attempts >= _ATTEMPTS]
        self._pending = {k: p for k, p in self._pending.items() if p.attempts < _ATTEMPTS}
        if self._pending:
            self._start()
            for pending in self._pending.values():
                self._send(pending)
        return lost

    def close(self) -> None:
        """End the judge and its children; jobs under way end in a JudgeError."""
        with self._lock:
            process, self._process = self._process, None
            abandoned, self._pending = list(self._pending.values()), {}
        if process is not None:
            process.kill()
            process.wait()
        for pending in abandoned:
            pending.future.set_exception(JudgeError("the judge was closed before it answered"))


@lru_cache(maxsize=1)
def local_executor() -> LocalExecutor:
    """The one executor of this process: its judge's caches and baseline serve every sample."""
    return LocalExecutor()
