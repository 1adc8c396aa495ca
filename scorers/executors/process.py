"""One judge as a child process, restarted when it dies.

Nodes of a cluster get this file as it is, so it imports the standard library alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

_ATTEMPTS = 3


class JudgeDied(Exception):
    """The judge was closed, or died again and again."""


@dataclass
class _Pending:
    line: str
    answer: Future[dict[str, Any]]
    attempts: int = 0


class JudgeProcess:
    """Feeds jobs to a judge and gives back its answers, whatever dies in between."""

    def __init__(
        self,
        command: Sequence[str],
        environment: dict[str, str],
        listener: Callable[[dict[str, Any]], None],
        cores: Sequence[int] = (),
    ) -> None:
        """Remember how the judge is started, which happens with the first job.

        Args:
            command: starts a judge that reads jobs on stdin and writes events to stdout.
            environment: all its variables.
            listener: called with the events that answer no job.
            cores: those that it may use; by default those of this process.
        """
        self._command = list(command)
        self._environment = environment
        self._listener = listener
        self._cores = cores
        self._lock = threading.Lock()
        self._pending: dict[str, _Pending] = {}
        self._process: subprocess.Popen[str] | None = None

    def judge(self, job: dict[str, Any]) -> Future[dict[str, Any]]:
        """Hand over a job.

        Returns:
            A future with the judge's last event on it, `evidence` or `refused`, or with JudgeDied.
        """
        pending = _Pending(json.dumps(job) + "\n", Future())
        with self._lock:
            self._pending[job["id"]] = pending
            if self._process is None:
                self._start()
            self._send(pending)
        return pending.answer

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment,
            # Ctrl-C is this process's to handle: it ends the judge once the logs are written.
            start_new_session=True,
            text=True,
            encoding="utf-8",
        )
        if self._cores:
            os.sched_setaffinity(self._process.pid, self._cores)
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
        # Outside the lock, since whoever waits for an answer may be about to hand over a job.
        for pending in lost:
            pending.answer.set_exception(
                JudgeDied(f"the judge died {_ATTEMPTS} times (exit code {code})")
            )

    def _receive(self, event: dict[str, Any]) -> None:
        if event["event"] not in ("evidence", "refused"):
            self._listener(event)
            return
        with self._lock:
            pending = self._pending.get(event["id"])
            if pending is None:
                return
            if event.get("verdict") == "infra_error" and pending.attempts < _ATTEMPTS:
                self._send(pending)
                return
            del self._pending[event["id"]]
        pending.answer.set_result(event)

    def _restart(self) -> list[_Pending]:
        lost = [p for p in self._pending.values() if p.attempts >= _ATTEMPTS]
        self._pending = {k: p for k, p in self._pending.items() if p.attempts < _ATTEMPTS}
        if self._pending:
            self._start()
            for pending in self._pending.values():
                self._send(pending)
        return lost

    def close(self) -> None:
        """End the judge and its children; jobs under way end in JudgeDied."""
        with self._lock:
            process, self._process = self._process, None
            abandoned, self._pending = list(self._pending.values()), {}
        if process is not None:
            process.kill()
            process.wait()
        for pending in abandoned:
            pending.answer.set_exception(JudgeDied("the judge was closed before it answered"))
