"""A process that makes calls is told from a liar when it dies, also behind a gate."""

import sys

import pytest

from skilldyno.scorers.judge.arena import Slot
from skilldyno.scorers.judge.process import ForgedAnswer, Gate, ProcessLost, Worker

CHILD = """
import socket, sys
control = socket.socket(fileno=int(sys.argv[1]))
control.send(b"hello")
control.recv(1 << 17)
control.send(b"queued")
{then}
"""


def call_behind_a_gate(then: str) -> None:
    """Make one call in a child that does something else once it has queued it."""
    worker = Worker([sys.executable, "-c", CHILD.format(then=then)], {})
    gate = Gate(
        number=1,
        extent=(0, 64),
        prepare=lambda: None,
        open=lambda: None,
        is_done=lambda: False,
        settle=lambda: None,
        queue_seconds=10.0,
    )
    try:
        worker.call([Slot((0,), (64,), 0, 64)], [1], 10.0, gate=gate)
    finally:
        worker.kill()


def test_a_process_that_dies_behind_the_gate_is_lost():
    with pytest.raises(ProcessLost, match="exit code 7"):
        call_behind_a_gate("sys.exit(7)")


def test_a_process_that_answers_something_else_is_a_forger():
    with pytest.raises(ForgedAnswer):
        call_behind_a_gate("control.send(b'forged'); control.recv(1)")
