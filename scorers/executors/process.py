"""One judge as a child process, started again after its death.

Nodes of a cluster get this file as it is, so it imports the standard library alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any


class JudgeDied(Exception):
    """The judge's process ended before it answered."""


class JudgeProcess:
    """Feeds jobs to a judge and gives back its answers; a new one is started after its death."""

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
        self._pending: dict[str, Future[dict[str, Any]]] = {}
        self._process: subprocess.Popen[str] | None = None

    def judge(self, job: dict[str, Any]) -> Future[dict[str, Any]]:
        """Hand over a job.

        Returns:
            A future with the judge's last event on it, `evidence` or `refused`, or with JudgeDied.
        """
        answer: Future[dict[str, Any]] = Future()
        with self._lock:
            self._pending[job["id"]] = answer
            if self._process is None:
                self._start()
            assert self._process is not None
            assert self._process.stdin is not None
            # Its reader sees the same death.
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(json.dumps(job) + "\n")
                self._process.stdin.flush()
        return answer

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

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] not in ("evidence", "refused"):
                self._listener(event)
                continue
            with self._lock:
                answer = self._pending.pop(event["id"], None)
            if answer is not None:
                answer.set_result(event)
        code = process.wait()
        with self._lock:
            if self._process is not process:
                return
            self._process = None
            lost, self._pending = list(self._pending.values()), {}
        died = JudgeDied(f"the judge died (exit code {code})")
        # Outside the lock, since whoever waits for an answer may be about to hand over a job.
        for answer in lost:
            answer.set_exception(died)

    def close(self) -> None:
        """End the judge and its children; jobs under way end in JudgeDied."""
        with self._lock:
            process, self._process = self._process, None
            abandoned, self._pending = list(self._pending.values()), {}
        if process is not None:
            process.kill()
            process.wait()
        for answer in abandoned:
            answer.set_exception(JudgeDied("the judge was closed before it answered"))
