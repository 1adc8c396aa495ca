"""Who is judged next, and where: candidates of one operation follow one another at one place."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..evidence import Evidence

# A place that changes to another operation sets its baseline up, which takes as long as about
# three candidates (benchmarks/scale_model.py).
_AHEAD_OF_A_PLACE = 3


class Place(Protocol):
    """Where candidates are measured one at a time: a judge with its GPU, or with its CPU."""

    @property
    def name(self) -> str:
        """What tells it from others."""
        ...

    @property
    def room(self) -> float:
        """How many candidates it may hold, the one that is measured included."""
        ...

    def judge(self, job: dict[str, Any], build: Any) -> Future[dict[str, Any]]:
        """Hand over a job, with what was built ahead if anything.

        Returns:
            A future with the judge's last event on it, or with what was wrong with the place.
        """
        ...

    def close(self) -> None:
        """End the judge."""
        ...


@dataclass(eq=False)
class Candidate:
    """A job under way.

    Attributes:
        job: the job.
        answer: what the submitter waits for.
        failed_at: names of the places where the harness's fault befell it.
        build: what was built of it ahead, if anything.
    """

    job: dict[str, Any]
    answer: Future[Evidence]
    failed_at: list[str] = field(default_factory=list)
    build: Any = None

    @property
    def op(self) -> str:
        """What a place's baseline is set up for."""
        operation = self.job["operation"]
        return f"{operation['name']} {operation['digest']}"

    def __lt__(self, other: Candidate) -> bool:
        """By id: epochs come before variants, so that arms share whatever drift a machine has."""
        return self.job["id"] < other.job["id"]


@dataclass(eq=False)
class Seat:
    """A place with what it holds and the operation that it was given last.

    Attributes:
        faults: how many there were in a row; a judge's death is one, however many it held.
        last_fault: the last of them.
    """

    place: Place
    held: set[Candidate] = field(default_factory=set)
    op: str | None = None
    faults: int = 0
    last_fault: object = None

    @property
    def is_free(self) -> bool:
        """Whether it may be given another candidate."""
        return len(self.held) < self.place.room

    @property
    def ops(self) -> set[str]:
        """The operations that it has, or had last, a baseline of."""
        return {candidate.op for candidate in self.held} | ({self.op} if self.op else set())

    def hold(self, candidate: Candidate) -> None:
        """Note that it is given a candidate."""
        self.held.add(candidate)
        self.op = candidate.op


class Line:
    """Candidates that wait, by operation."""

    def __init__(self) -> None:
        self._heaps: dict[str, list[Candidate]] = {}
        self._number = 0

    def __len__(self) -> int:
        return self._number

    def add(self, candidate: Candidate) -> None:
        """Let a candidate wait."""
        heapq.heappush(self._heaps.setdefault(candidate.op, []), candidate)
        self._number += 1

    def next_to_build(self, ahead: Counter[str], seats: Collection[Seat]) -> Candidate:
        """Take the candidate that is needed first: a place shall not run out of its operation.

        Args:
            ahead: how many of each operation are built or being built, and not yet handed over.
            seats: the places.
        """
        busy = Counter(seat.op for seat in seats)
        begun = {op for op, number in ahead.items() if number > 0}
        begun |= {candidate.op for seat in seats for candidate in seat.held}
        begun |= busy.keys() & self._heaps.keys()
        new = self._heaps.keys() - begun
        # As many operations at a time as there are places.
        ops = new if new and len(begun) < len(seats) else self._heaps.keys() - new or new
        op = min(ops, key=lambda op: (ahead[op] - _AHEAD_OF_A_PLACE * busy[op], op))
        return self._take(op, 0)

    def hand_out(self, seats: Sequence[Seat]) -> list[tuple[Seat, Candidate]]:
        """Take candidates for the places that have room, and have these hold them.

        A place is given what it has a baseline of, then what no place has one of; and what another
        place has one of only where it would have nothing to do.
        """
        handing = _HandingOut(self, seats)
        for op in sorted(self._heaps):
            for seat in handing.owners[op]:
                handing.fill(seat, op)
        for op in sorted(op for op in self._heaps if not handing.owners[op]):
            # An idle one, if there is any.
            handing.fill(min(seats, key=lambda seat: (not seat.is_free, len(seat.held))), op)
        for seat in seats:
            if not seat.held:
                handing.help_out(seat)
        return handing.given

    @property
    def waiting(self) -> dict[str, int]:
        """How many wait of each operation."""
        return {op: len(heap) for op, heap in self._heaps.items()}

    def take_for(self, seat: Seat, op: str, names: set[str]) -> Candidate | None:
        """Take a candidate that has not failed there, unless it has failed everywhere."""
        for index, candidate in enumerate(self._heaps.get(op, [])):
            failed_at = candidate.failed_at
            if seat.place.name not in failed_at or names.issubset(failed_at):
                return self._take(op, index)
        return None

    def drain(self) -> list[Candidate]:
        """Take them all."""
        taken = [candidate for heap in self._heaps.values() for candidate in heap]
        self._heaps, self._number = {}, 0
        return taken

    def _take(self, op: str, index: int) -> Candidate:
        heap = self._heaps[op]
        if index == 0:
            taken = heapq.heappop(heap)
        else:
            taken = heap.pop(index)
            heapq.heapify(heap)
        if not heap:
            del self._heaps[op]
        self._number -= 1
        return taken


class _HandingOut:
    """One time of handing out: what was given, and which places have a baseline of what."""

    def __init__(self, line: Line, seats: Sequence[Seat]) -> None:
        self._line = line
        self._names = {seat.place.name for seat in seats}
        self.given: list[tuple[Seat, Candidate]] = []
        self.owners: defaultdict[str, list[Seat]] = defaultdict(list)
        for seat in sorted(seats, key=lambda seat: len(seat.held)):
            for op in seat.ops:
                self.owners[op].append(seat)

    def fill(self, seat: Seat, op: str) -> None:
        """Give a place as many of an operation as it has room for."""
        while self._give(seat, op):
            pass

    def help_out(self, seat: Seat) -> None:
        """Give a place one candidate, of the operation that has the most for each of its places."""
        waiting = self._line.waiting
        for op in sorted(waiting, key=lambda op: len(self.owners[op]) / waiting[op]):
            if self._give(seat, op):
                self.owners[op].append(seat)
                return

    def _give(self, seat: Seat, op: str) -> bool:
        candidate = self._line.take_for(seat, op, self._names) if seat.is_free else None
        if candidate is None:
            return False
        seat.hold(candidate)
        self.given.append((seat, candidate))
        return True
