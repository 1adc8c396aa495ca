"""A process that makes calls is told from a liar when it dies, also behind a gate."""

import sys
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from skilldyno.scorers.judge.arena import Slot
from skilldyno.scorers.judge.gate import Gate
from skilldyno.scorers.judge.process import (
    BaselineLost,
    ForgedAnswer,
    ProcessLost,
    Reply,
    StartError,
    Worker,
)
from skilldyno.scorers.judge.workers import BaselineProcess, Runner

CHILD = """
import pathlib, socket, struct, sys, time
control = socket.socket(fileno=int(sys.argv[1]))
control.send(b"hello")
control.recv(1 << 17)
{first}
{then}
"""
QUEUED = "control.send(b'queued')"


def call_behind_a_gate(
    then: str,
    first: str = QUEUED,
    *,
    kind: type[Worker] = Runner,
    seconds: float = 10.0,
    **words: Any,
) -> Reply:
    """Make one call in a child that does something once it has queued it."""
    child = CHILD.format(first=first, then=then)
    worker = kind([sys.executable, "-c", child], {})
    silent: dict[str, Any] = {
        "prepare": lambda: None,
        "is_closed": lambda: True,
        "open": lambda: None,
        "is_done": lambda: False,
        "settle": lambda: None,
    }
    gate = Gate(number=1, extent=(0, 64), queue_seconds=seconds, **(silent | words))
    try:
        return worker.call([Slot((0,), (64,), 0, 64)], [1], seconds, gate=gate)
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
    reply = call_behind_a_gate(then, is_done=lambda: next(ends), settle=settled.touch)
    assert reply.claims == (5e-6,)


def test_a_baseline_whose_launches_do_not_fit_behind_the_gate_is_timed_all_the_same(tmp_path: Path):
    opened = tmp_path / "opened"
    first = f"while not pathlib.Path({str(opened)!r}).exists(): time.sleep(0.01)\n{QUEUED}"
    then = "control.send(struct.pack('<Qq', 1, 5000)); control.recv(1)"
    reply = call_behind_a_gate(then, first, kind=BaselineProcess, seconds=1.0, open=opened.touch)
    assert reply.claims == (5e-6,)


def test_a_baseline_that_never_comes_to_its_gate_is_lost():
    with pytest.raises(BaselineLost, match="its warm calls took longer than"):
        call_behind_a_gate(
            "", "control.recv(1)", kind=BaselineProcess, seconds=0.5, is_closed=lambda: False
        )


@pytest.mark.parametrize(("kind", "error"), [(BaselineProcess, BaselineLost), (Runner, StartError)])
def test_a_process_that_does_not_come_up_says_why(kind: type[Worker], error: type[Exception]):
    worker = kind([sys.executable, "-c", "raise SystemExit('no torch')"], {})
    with pytest.raises(error, match=r"did not start.*no torch"):
        worker.ask(b"machine cpu", 10.0)
    worker.kill()
