"""The judge's handle on a process that computes at its word: a runner, or the baseline's."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from . import threads, wire
from .epitaph import epitaph
from .gate import Gate
from .gated_calls import CLOSING_SECONDS

if TYPE_CHECKING:
    # It imports torch, which is not waited for before a process is started.
    from .arena import Arena, Slot

_START_SECONDS = 60.0
PATIENCE = 2 * CLOSING_SECONDS
# With the baseline too it is short, but a gate that opens too early would slow the baseline.
_LESS_PATIENCE = {False: 0.02, True: 0.2}
_LOOK_SECONDS = 1e-3
OUTPUT_BYTES = 1 << 20
_OUTPUT_KEPT = 4000


class ProcessLost(Exception):
    """The process ended, or stopped following the protocol, before it answered."""


class ForgedAnswer(Exception):
    """An answer that was not asked for: the candidate speaks in the runner's place."""


class ProcessTimeout(Exception):
    """The process did not answer in time."""


class Crowded(Exception):
    """The gate could not close, since work that the candidate left behind was still running."""


class BaselineLost(Exception):
    """The baseline's process ended: the harness's fault, and the session's processes are void."""


class StartError(Exception):
    """The process did not come up before any candidate was in it: the harness's fault."""


@dataclass(frozen=True)
class Reply:
    """What one exchange gave: the claims of the process, and the judge's own clock (seconds).

    Behind a gate `outside` ends when the device says that the call has ended, and `settled` when
    the judge has seen what the call left.
    """

    claims: tuple[float, ...]
    outside: float
    settled: float | None = None


class Worker:
    """A child that serves calls over a socket pair, and can be stopped, resumed and killed.

    It comes up by itself; its greeting is waited for with its first use.
    """

    _trusted = False

    def __init__(
        self,
        command: list[str],
        environment: dict[str, str],
        arguments: Sequence[str] = (),
    ) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket = ours
        self._sequence = 0
        self._patience = PATIENCE
        self._spread: list[int] = []
        self._output = tempfile.TemporaryFile()  # noqa: SIM115
        self._child = subprocess.Popen(
            [*command, str(theirs.fileno()), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            pass_fds=(theirs.fileno(),),
            env=environment,
            start_new_session=True,
        )
        theirs.close()

    @cached_property
    def pid(self) -> int:
        """Its process ID, by which it greets once its imports are done.

        Raises:
            StartError: it did not greet; of the baseline's this is a BaselineLost.
        """
        self._socket.settimeout(_START_SECONDS)
        try:
            message, ancillary, _, _ = self._socket.recvmsg(
                wire.MESSAGE_BYTES, socket.CMSG_SPACE(12)
            )
        except TimeoutError:
            message, ancillary = b"", []
        if message != b"hello" or not ancillary:
            if self._trusted:
                raise self._loss("it did not start")
            raise StartError(f"a runner did not start: {self.output() or 'no message'}")
        return int(struct.unpack("3i", ancillary[0][2])[0])

    def await_greeting(self) -> None:
        """Wait until it has come up.

        Raises:
            StartError: it did not; of the baseline's this is a BaselineLost.
        """
        _ = self.pid

    def _send_setup(self, setup: dict[str, Any], arena: Arena) -> None:
        shared, descriptors = arena.share()
        message = wire.SETUP + json.dumps({**setup, **shared}).encode()
        try:
            socket.send_fds(self._socket, [message], descriptors)
        except OSError as error:
            raise self._loss(self.epitaph()) from error

    def call(
        self,
        slots: Sequence[Slot],
        dims: Sequence[int],
        seconds: float,
        *,
        warm: int = 0,
        keep: bool = False,
        function: int = 0,
        gate: Gate | None = None,
    ) -> Reply:
        """Run the kernel once on each slot, in order.

        Args:
            slots: where the tensors of each call lie.
            dims: the operation's dims, in calling order.
            seconds: how long to wait for the answer.
            warm: how many of the calls, from the first on, are there to warm up the baseline.
            keep: whether the baseline writes its outputs into the slot, for the judge to verify.
            function: which of the baseline's functions is called.
            gate: what the last call waits behind, if anything.

        Raises:
            ProcessLost: the process ended.
            ProcessTimeout: no answer within `seconds`.
            ForgedAnswer: the answer is not to this question.
            Crowded: the candidate's own work kept the gate from closing.
        """
        self.await_greeting()
        message = self._request(slots, dims, warm=warm, keep=keep, function=function, gate=gate)
        begin = time.perf_counter()
        try:
            self._socket.send(message)
        except OSError as error:
            raise self._loss(self.epitaph()) from error
        settled = None
        if gate is None:
            answer = self._receive(seconds)
            outside = time.perf_counter() - begin
        else:
            answer, outside, settled = self._through(gate, seconds)
        expected = 8 + 8 * len(slots)
        if len(answer) != expected or struct.unpack_from("<Q", answer)[0] != self._sequence:
            raise ForgedAnswer("it answered the judge in the runner's place")
        claims = struct.unpack_from(f"<{len(slots)}q", answer, 8)
        return Reply(tuple(c * 1e-9 for c in claims), outside, settled)

    def _request(
        self,
        slots: Sequence[Slot],
        dims: Sequence[int],
        *,
        warm: int = 0,
        keep: bool = False,
        function: int = 0,
        gate: Gate | None = None,
    ) -> bytes:
        self._sequence += 1
        begin, size = (0, 0) if gate is None else gate.extent
        request = wire.Request(
            sequence=self._sequence,
            dims=dims,
            width=len(slots[0].offsets),
            calls=len(slots),
            warm=warm,
            keep=keep,
            function=function,
            gate=0 if gate is None else gate.number,
            slot_begin=begin,
            slot_bytes=size,
            offsets=wire.pack_offsets(slot.offsets for slot in slots),
        )
        return wire.pack_request(request)

    def _through(self, gate: Gate, seconds: float) -> tuple[bytes, float, float]:
        if self._trusted:
            # A baseline may compile in its warm calls; once its gate is closed it only launches.
            self._wait_until_closed(gate, seconds)
        queued = self._wait_until_queued(self._patience + gate.queue_seconds)
        gate.prepare()
        begin = time.perf_counter()
        gate.open()
        answer = self._wait_until_done(gate, seconds)
        outside = time.perf_counter() - begin
        gate.settle()
        settled = time.perf_counter() - begin
        if answer is None:
            answer = self._receive(seconds)
        if not queued and answer in (wire.QUEUED, wire.CROWDED):
            answer = self._receive(seconds)
        return answer, outside, settled

    def _wait_until_done(self, gate: Gate, seconds: float) -> bytes | None:
        # Neither the other process's way to its answer nor this one's waking is the call's time,
        # and a system call takes as long as a short kernel: the page alone is read again and again.
        now = time.monotonic()
        end, look = now + seconds, now + _LOOK_SECONDS
        # Not MSG_DONTWAIT: Python waits all the same, where the socket has a timeout.
        self._socket.setblocking(False)
        try:
            while not gate.is_done() and now <= end:
                now = time.monotonic()
                if now < look:
                    continue
                look = now + _LOOK_SECONDS
                with contextlib.suppress(BlockingIOError):
                    answer = self._read()
                    if answer not in (wire.QUEUED, wire.CROWDED):
                        return answer
        finally:
            self._socket.setblocking(True)
        return None

    def _wait_until_closed(self, gate: Gate, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not gate.is_closed() and not select.select([self._socket], [], [], _LOOK_SECONDS)[0]:
            if time.monotonic() > deadline:
                raise self._loss(f"its warm calls took longer than {seconds:.3g} s")

    def _wait_until_queued(self, seconds: float) -> bool:
        # What waits for the device would wait for its own gate, and so would the launches that find
        # no room in the queue (a thousand or so): then the gate opens all the same, and the gaps
        # between launches are timed.
        self._socket.settimeout(seconds)
        try:
            answer = self._read()
        except TimeoutError:
            self._patience = _LESS_PATIENCE[self._trusted]
            return False
        if answer == wire.CROWDED:
            raise Crowded("work of its own was still running on the device before its turn came")
        if answer != wire.QUEUED:
            raise ForgedAnswer("it answered the judge in the runner's place")
        return True

    def record(self, slot: Slot, dims: Sequence[int], seconds: float) -> list[tuple[str, float]]:
        """Run the kernel once, and learn what it ran on the GPU: names in order, with seconds.

        Raises:
            ProcessLost: the process ended.
            ProcessTimeout: no answer within `seconds`.
            ForgedAnswer: the answer is not to this question.
        """
        answer = self.ask(wire.RECORD + self._request([slot], dims), seconds)
        launches = re.findall(
            r"^(\d{1,15}) (.+)$", answer[len(wire.RECORD) :].decode(errors="replace"), re.M
        )
        if not answer.startswith(wire.RECORD):
            raise ForgedAnswer("it answered the judge in the runner's place")
        return [(name, int(nanoseconds) * 1e-9) for nanoseconds, name in launches]

    def ask(self, question: bytes, seconds: float) -> bytes:
        """Send one message and wait for its answer.

        Raises:
            StartError: it did not come up.
            ProcessLost: the process ended.
            ProcessTimeout: no answer within `seconds`.
        """
        self.await_greeting()
        try:
            self._socket.send(question)
        except OSError as error:
            raise self._loss(self.epitaph()) from error
        return self._receive(seconds)

    def _receive(self, seconds: float) -> bytes:
        self._socket.settimeout(seconds)
        try:
            return self._read()
        except TimeoutError as error:
            late = f"no answer within {seconds:.3g} s"
            raise (self._loss(late) if self._trusted else ProcessTimeout(late)) from error

    def _read(self) -> bytes:
        try:
            answer = self._socket.recv(wire.MESSAGE_BYTES)
        except (TimeoutError, BlockingIOError):
            raise
        except OSError as error:
            raise self._loss(self.epitaph()) from error
        if not answer:
            raise self._loss(self.epitaph())
        return answer

    def _loss(self, reason: str) -> Exception:
        if self._trusted:
            return BaselineLost(f"the baseline's process was lost: {reason}; {self.output()}")
        return ProcessLost(reason)

    def stop(self) -> None:
        """Freeze every thread, so that nothing runs between calls.

        Raises:
            ProcessLost: the process has ended, or a thread of it would not stop.
        """
        self._signal(signal.SIGSTOP)
        deadline = time.monotonic() + 5.0
        while not self._all_stopped():
            if time.monotonic() > deadline:
                raise self._loss("a thread of it would not stop")

    def resume(self) -> None:
        """Let the process go on after `stop`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        try:
            os.kill(self.pid, number)
        except ProcessLookupError as error:
            raise self._loss(self.epitaph()) from error

    def _all_stopped(self) -> bool:
        try:
            return threads.all_stopped(self.pid)
        except FileNotFoundError as error:
            raise self._loss(self.epitaph()) from error

    def spread_threads(self) -> None:
        """Give each thread a core of its own, where they are others than the last time."""
        found = threads.of_process(self.pid)
        if found != self._spread:
            threads.spread(found)
            self._spread = found

    def kill(self) -> None:
        """End the process and all that it started, and give its socket back."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self._socket.close()

    def epitaph(self) -> str:
        """Why the process ended, in words: the signal, or the exit code."""
        try:
            code = self._child.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            return "it closed its connection to the judge"
        return epitaph(code, self.output())

    def output(self) -> str:
        """The tail of what the process wrote to stdout and stderr."""
        size = os.fstat(self._output.fileno()).st_size
        tail = os.pread(self._output.fileno(), _OUTPUT_KEPT, max(0, size - _OUTPUT_KEPT))
        return tail.decode(errors="replace").strip()
