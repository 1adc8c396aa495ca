"""A process that makes calls is told from a liar when it dies, also behind a gate."""

import sys
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path

import pytest

from skilldyno.scorers.judge.arena import Slot
from skilldyno.scorers.judge.gate import Gate
from skilldyno.scorers.judge.process import ForgedAnswer, ProcessLost, Reply, Worker

CHILD = """
import pathlib, socket, struct, sys, time
control = socket.socket(fileno=int(sys.argv[1]))
control.send(b"hello")
control.recv(1 << 17)
control.send(b"queued")
{then}
"""


def call_behind_a_gate(
    then: str, done: Callable[[], bool] = lambda: False, settle: Callable[[], None] = lambda: None
) -> Reply:
    """Make one call in a child that does something once it has queued it."""
    worker = Worker([sys.executable, "-c", CHILD.format(then=then)], {})
    gate = Gate(
        number=1,
        extent=(0, 64),
        prepare=lambda: None,
        open=lambda: None,
        is_done=done,
        settle=settle,
        queue_seconds=10.0,
    )
    try:
        return worker.call([Slot((0,), (64,), 0, 64)], [1], 10.0, gate=gate)
    finally:
        worker.kill()


def test_a_process_that_dies_behind_the_gate_is_lost():
    with pytest.raises(ProcessLost, match="exit code 7"):
        call_behind_a_gate("sys.exit(7)")


def test_a_process_that_answers_something_else_is_a_forger():
    with pytest.raises(ForgedAnswer):
        call_behind_a_gate("control.send(b'forged'); control.recv(1)")


def test_the_end_is_seen_on_the_device_before_the_process_answers(tmp_path: Path):
    settled = tmp_path / "settled"
    then = f"while not pathlib.Path({str(settled)!r}).exists(): time.sleep(0.01)\n"
    then += "control.send(struct.pack('<Qq', 1, 5000)); control.recv(1)"
    ends = chain([False, False], repeat(True))
    reply = call_behind_a_gate(then, lambda: next(ends), settled.touch)
    assert reply.claims == (5e-6,)
