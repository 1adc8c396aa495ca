"""One side of the pairs on a GPU: its timed call waits at a gate until its contents are there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .arena import GatedArena
from .bench import Bench
from .contents import Contents
from .gate import Gate
from .side import Side, Turn

_LEAST_QUEUE_SECONDS = 0.1
_PIECE_BYTES = 1 << 15


class GatedSide(Side):
    """A side on a GPU.

    The warm calls run on the very slot of the timed one and on its old contents, so that code,
    clocks and address translations are warm.  Then the gate fills the device, and the timed call
    is queued behind it: no gap between launches is timed, and nothing of the candidate's can run.
    Only now are the contents written and the cache flushed; the gate touches the slot, since the
    judge's writing has cost the candidate's process its address translations, and opens.
    """

    bound_slack = 1.25
    bound_seconds = 3e-6
    settled_seconds = 20e-6
    bound_percentile = 10
    bounded_share = 1.0
    most_looks = 4
    drifts = False

    def __init__(
        self, bench: Bench, old: Contents, event_seconds: float, *, trusted: bool = False
    ) -> None:
        """Take a bench at a gate.

        Args:
            bench: the bench.
            old: contents for the warm calls.
            event_seconds: what two events record with nothing between them.
            trusted: whether this is the baseline's side.
        """
        super().__init__(bench, trusted=trusted)
        self.event_seconds = event_seconds
        assert isinstance(bench.arena, GatedArena), "a gated device has gated arenas"
        self.arena = bench.arena
        self.old = old
        self._ready: set[int] = set()
        self._claim = 0.0
        self._overheads: list[float] = []

    def turn(self, index: int, contents: Contents) -> Turn:
        """Make one timed call behind the gate."""
        bench = self.bench
        # The warm calls are about to write to the outputs of the last call.
        bench.check_all_unchanged()
        if index not in self._ready:
            bench.stage(index, self.old)
            self._ready.add(index)
        slot = bench.slots[index]
        gate = Gate(
            number=self.arena.close_gate(),
            extent=(slot.begin, slot.end - slot.begin),
            prepare=lambda: self._prepare(index, contents),
            is_closed=self.arena.gate_is_closed,
            open=self.arena.open_gate,
            is_done=self.arena.call_is_done,
            settle=lambda: bench.glimpse(index, _PIECE_BYTES),
            queue_seconds=max(_LEAST_QUEUE_SECONDS, 3 * self.warm_calls * self._claim),
        )
        bench.worker.resume()
        reply = bench.call([index], [index] * self.warm_calls, gate=gate)
        bench.worker.stop()
        self._claim = max(reply.claims[0] - self.event_seconds, 1e-9)
        self.warm_up_for(self._claim)
        clock = bench.device.clock()
        return Turn(self._claim, reply.outside, clock=clock, settled=reply.settled)

    def _prepare(self, index: int, contents: Contents) -> None:
        self.bench.stage(index, contents)
        self.arena.say_staged()

    def bound(self, ours: Turn, theirs: Turn, next_contents: Callable[[], Contents]) -> Turn:
        """The judge's own time of the candidate's call, from opening the gate to its end."""
        self._overheads.append(theirs.outside - theirs.claim)
        return ours

    def overhead(self) -> float:
        """What the judge's clock adds to the calls of the trusted baseline, at the same gate."""
        return float(np.percentile(self._overheads, self.bound_percentile))
