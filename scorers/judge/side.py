"""One side of the pairs on the host: how a timed call is made, and what bounds its claim."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .bench import Bench
from .contents import Contents
from .process import Reply
from .threads import seconds_waited

WARM = 0
MOST_WARM = 16
OUTSIDE_SLACK = 1.3
_LEAST_WARM = 2
_WARM_SECONDS = 1e-3
_QUIET_SHARE = 0.05
_QUIET_SECONDS = 20e-6
_BATCH_SECONDS = 300e-6
_LEAST_BATCH = 4


@dataclass(frozen=True)
class Turn:
    """One timed call: the claim of its process and the judge's own time, in seconds.

    A turn was quiet if nothing but the call itself had a part in its time.  `clock` is the
    device's clock rate beside it in hertz, where it can be read.  `settled` is the judge's time
    until it had seen for itself what the call left, where `outside` trusts the device's word.
    """

    claim: float
    outside: float
    quiet: bool = True
    clock: float | None = None
    settled: float | None = None


class Side(ABC):
    """One side of the pairs: its bench, and how often it is called untimed to be awake and warm.

    Attributes:
        bound_slack: a bound may exceed a claim by this factor,
        bound_seconds: and by this much,
        settled_seconds: or by this much where the judge looked for the outputs itself.
        bound_percentile: the percentile of a series that counts as its bound, a low one, since
            whatever else the machine does only adds to a bound.
        bounded_share: the share of pairs in which a bound is asked for.
        most_looks: how many times more pairs are added while a series is suspicious.
        drifts: whether the machine's speed drifts within a series, so that each bound is held
            against the claim of its own pair.
    """

    bound_slack: float
    bound_seconds: float
    settled_seconds: float
    bound_percentile: float
    bounded_share: float
    most_looks: int
    drifts: bool

    def __init__(self, bench: Bench, *, trusted: bool = False) -> None:
        self.bench = bench
        self.trusted = trusted
        self.warm_calls = MOST_WARM

    @abstractmethod
    def turn(self, index: int, contents: Contents) -> Turn:
        """Make one timed call on new contents."""

    @abstractmethod
    def bound(self, ours: Turn, theirs: Turn, next_contents: Callable[[], Contents]) -> Turn:
        """The time of one call by the judge's own clock, as the `outside` of a turn.

        Args:
            ours: the candidate's turn.
            theirs: the baseline's turn of the same pair.
            next_contents: gives contents for further calls.
        """

    def overhead(self) -> float:
        """Seconds that each bound holds beyond the call, by all the turns so far."""
        return 0.0

    def warm_up_for(self, claim: float) -> None:
        """Choose the number of warm calls for calls of this length, in seconds."""
        typical = max(claim, 1e-9)
        self.warm_calls = max(_LEAST_WARM, min(MOST_WARM, int(_WARM_SECONDS / typical)))


class HostSide(Side):
    """A side on the host's cores.

    The trusted side makes its warm calls in the message of the timed ones, with nothing between
    them.  An untrusted one would see the timed contents while it is called on old ones, so it gets
    them after its warm calls have ended; the baseline's best is thus held against it.
    """

    bound_slack = 1.6
    bound_seconds = 1e-6
    settled_seconds = 0.0
    bound_percentile = 25
    bounded_share = 0.35
    most_looks = 1
    drifts = True

    def __init__(self, bench: Bench, *, trusted: bool = False) -> None:
        super().__init__(bench, trusted=trusted)
        self._messages: list[float] = []

    def turn(self, index: int, contents: Contents) -> Turn:
        """Make one timed call: awake threads and warm code, cold data."""
        reply, quiet = self._timed_calls([index], [contents])
        self._messages.append(reply.outside - reply.claims[0])
        return Turn(max(reply.claims[0], 1e-9), reply.outside, quiet)

    def bound(self, ours: Turn, theirs: Turn, next_contents: Callable[[], Contents]) -> Turn:
        """The time of one call by the judge's own clock.

        Where a call is long, that is the time from asking to answer.  Where a call is short beside
        the messages, many calls are made in one message, each on new contents: their typical claim,
        and whatever each added to the judge's clock beyond its claim.
        """
        if ours.outside <= OUTSIDE_SLACK * ours.claim:
            return ours
        spare = len(self.bench.slots) - 1
        calls = min(spare, max(_LEAST_BATCH, int(np.ceil(_BATCH_SECONDS / ours.claim))))
        contents = [next_contents() for _ in range(calls)]
        indices = list(range(1, calls + 1))
        reply, quiet = self._timed_calls(indices, contents)
        for index, item in zip(indices, contents, strict=True):
            self.bench.take(index, item)
        # What one message costs is known from all the turns better than from this pair's.
        message = float(np.median(self._messages))
        unclaimed = reply.outside - sum(reply.claims) - message
        outside = float(np.median(reply.claims)) + max(0.0, unclaimed / (calls - 1))
        return Turn(ours.claim, outside, quiet and ours.quiet)

    def _timed_calls(self, indices: list[int], contents: list[Contents]) -> tuple[Reply, bool]:
        bench = self.bench
        warm = [WARM] * self.warm_calls
        bench.worker.resume()
        if not self.trusted:
            bench.call([], warm)
            warm = []
        bench.worker.spread_threads()
        for index, item in zip(indices, contents, strict=True):
            bench.stage(index, item)
        waited = seconds_waited(bench.worker.pid)
        reply = bench.call(indices, warm)
        waited = seconds_waited(bench.worker.pid) - waited
        bench.worker.stop()
        self.warm_up_for(min(reply.claims))
        return reply, waited <= _QUIET_SHARE * reply.outside + _QUIET_SECONDS
