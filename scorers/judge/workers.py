"""The judge's handles on its children: the baseline's process, and the runner of a candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import wire
from .process import PATIENCE, ProcessLost, ProcessTimeout, StartError, Worker

if TYPE_CHECKING:
    from .arena import Arena


class BaselineProcess(Worker):
    """The child that runs the baselines, which trusts and is trusted: its faults are ours."""

    _trusted = True

    def set_up(self, setup: dict[str, Any], arena: Arena, seconds: float) -> None:
        """Hand over an operation's arena, wait until its baselines are ready, and freeze it.

        Raises:
            BaselineLost: it did not come up, ended, or took longer than `seconds`.
        """
        self.await_greeting()
        self._patience = PATIENCE
        self._send_setup(setup, arena)
        if not self._receive(seconds).startswith(wire.READY):
            raise self._loss(self.epitaph())
        self.stop()


class Runner(Worker):
    """A child in the sandbox, which makes everything ready before it loads its candidate."""

    def prepare(self, setup: dict[str, Any], arena: Arena, seconds: float) -> None:
        """Tell it what it will load, wait until nothing but that is missing, and freeze it.

        Raises:
            StartError: it did not come up, or took longer than `seconds`.
        """
        try:
            self._send_setup(setup, arena)
            if self._receive(seconds) != wire.PREPARED:
                raise StartError(f"a runner did not come up: {self.output() or 'no message'}")
            self.stop()
        except (ProcessLost, ProcessTimeout) as lost:
            raise StartError(f"a runner did not come up: {lost}") from lost

    def load(self, seconds: float) -> None:
        """Have it load the candidate, and freeze it.

        Raises:
            ProcessLost: the process ended while it loaded the candidate.
            ProcessTimeout: it took longer than `seconds`.
        """
        self.resume()
        if not self.ask(wire.LOAD, seconds).startswith(wire.READY):
            raise self._loss(self.epitaph())
        self.stop()
