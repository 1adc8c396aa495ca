"""One side of the pairs on a GPU: its timed call waits at a gate until its contents are there."""

from __future__ import annotations

from collections.abc import Callable

from .arena import GatedArena
from .bench import Bench
from .contents import Contents
from .process import Gate
from .side import HostSide, Side, Turn

_LEAST_QUEUE_SECONDS = 0.1
_PIECE_BYTES = 1 << 15


class GatedSide(Side):
    """A side on a GPU.

    The warm calls run on the very slot of the timed one and on its old contents, so that code,
    clocks and address translations are warm.  Then the gate fills the device, and the timed call
    is queued behind it: no gap between launches is timed, and nothing of the candidate's can run.
    Only now are the contents written and the cache flushed; then the gate opens.
    """

    bound_slack = 1.25
    bound_seconds = 5e-6
    bounded_share = 1.0

    def __init__(self, bench: Bench, old: Contents, *, trusted: bool = False) -> None:
        super().__init__(bench, trusted=trusted)
        assert isinstance(bench.arena, GatedArena), "a gated device has gated arenas"
        self.arena = bench.arena
        self.old = old
        self._ready: set[int] = set()
        self._claim = 0.0

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
            prepare=lambda: bench.stage(index, contents),
            open=self.arena.open_gate,
            settle=lambda: bench.glimpse(index, _PIECE_BYTES),
            queue_seconds=max(_LEAST_QUEUE_SECONDS, 3 * self.warm_calls * self._claim),
        )
        bench.worker.resume()
        reply = bench.call([index], [index] * self.warm_calls, gate=gate)
        bench.worker.stop()
        self._claim = max(reply.claims[0], 1e-9)
        self.warm_up_for(self._claim)
        return Turn(self._claim, reply.outside, clock=bench.device.clock())

    def bound(self, ours: Turn, theirs: Turn, next_contents: Callable[[], Contents]) -> Turn:
        """The claim, and what the judge's clock adds to it beyond what it adds to the baseline's.

        The baseline is trusted and has gone through the same gate.
        """
        unclaimed = (ours.outside - ours.claim) - (theirs.outside - theirs.claim)
        return Turn(ours.claim, ours.claim + max(0.0, unclaimed), clock=ours.clock)


def side_of(bench: Bench, old: Contents, *, trusted: bool = False) -> Side:
    """The side of a bench: at a gate where the device has one; `old` is for its warm calls."""
    if bench.device.gated:
        return GatedSide(bench, old, trusted=trusted)
    return HostSide(bench, trusted=trusted)
