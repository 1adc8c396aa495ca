"""Judges at several places, fed from one line: what every executor has in common."""

from __future__ import annotations

import atexit
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from ...tasks.errors import UsageError
from ...tasks.hardware import HardwareProfile
from ...tasks.language import Kind, Language
from ..evidence import Evidence, EvidenceError, parse_evidence
from .executor import JudgeError, Listener
from .line import Candidate, Line, Place, Seat

_TRIES = 3
# Jobs come in bursts, and the first of them says little about which operations there are.
_BURST_SECONDS = 0.05
_LOOK_SECONDS = 10.0
_PATIENCE_SECONDS = 300.0


class PlaceLost(Exception):
    """A place that will not answer any more, such as a node that died."""


class Machines(Protocol):
    """Where places are."""

    @property
    def builds_ahead(self) -> int:
        """How many candidates may be built, or be building, and wait for a place."""
        ...

    def hardware(self, name: str, language: Language, kind: Kind | None) -> HardwareProfile:
        """What `Executor.hardware` returns."""
        ...

    def open(self, hardware: str, opened: Callable[[Place], None], tell: Listener) -> None:
        """Open the places of a profile that are not open yet.

        Args:
            hardware: the profile's name.
            opened: called with each as it comes up, from any thread.
            tell: called with the judges' other events, from any thread.
        """
        ...

    def build(self, job: dict[str, Any]) -> Future[tuple[float, Any]] | None:
        """Build a candidate ahead; None where the place that judges it does so.

        Returns:
            A future with the seconds that it took, and with what `Place.judge` is to be given.
        """
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


@dataclass
class _Pool:
    """All that belongs to one profile."""

    seats: list[Seat] = field(default_factory=list)
    waiting: Line = field(default_factory=Line)
    ready: Line = field(default_factory=Line)
    ahead: Counter[str] = field(default_factory=Counter)
    looked: float = -_LOOK_SECONDS
    alone_since: float | None = None


class Fleet:
    """An executor over machines, which are opened with the first job.

    What befalls a place is no fault of a candidate's: it is judged again, at another place if there
    is one, and ends as an infra_error or a JudgeError after some tries.
    """

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self._feeder: _Feeder | None = None
        atexit.register(self.close)

    def hardware(self, name: str, language: Language, kind: Kind | None = None) -> HardwareProfile:
        """See Executor."""
        return self._machines.hardware(name, language, kind)

    def subscribe(self, listener: Listener) -> None:
        """See Executor."""
        self._listeners.append(listener)

    def unsubscribe(self, listener: Listener) -> None:
        """See Executor."""
        self._listeners.remove(listener)

    def submit(self, job: dict[str, Any]) -> Future[Evidence]:
        """See Executor."""
        with self._lock:
            if self._feeder is None:
                self._feeder = _Feeder(self._machines, self._tell)
            return self._feeder.enter(Candidate(job, Future()))

    def close(self) -> None:
        """See Executor."""
        with self._lock:
            feeder, self._feeder = self._feeder, None
        if feeder is not None:
            feeder.close()
        self._machines.close()

    def _tell(self, event: dict[str, Any]) -> None:
        for listener in list(self._listeners):
            listener(event)


class _Feeder:
    """Feeds the places from the first job until it is closed.

    One thread decides everything, so nothing but the list of what is under way is shared.
    """

    def __init__(self, machines: Machines, tell: Listener) -> None:
        self._machines = machines
        self._tell = tell
        self._under_way: dict[str, Candidate] = {}
        self._pools: dict[str, _Pool] = {}
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def enter(self, candidate: Candidate) -> Future[Evidence]:
        """Take a job, as `Executor.submit` does."""
        id = candidate.job["id"]
        if id in self._under_way:
            raise JudgeError(f"a job with the id {id!r} is under way already")
        self._under_way[id] = candidate
        self._calls.put(partial(self._wait, candidate))
        return candidate.answer

    def close(self) -> None:
        """End the judges, and give up what is under way."""
        self._calls.put(None)
        self._thread.join()

    def _run(self) -> None:
        end = JudgeError("the judge was closed before it answered")
        try:
            self._serve()
        except Exception as error:
            end = JudgeError(f"the executor failed: {type(error).__name__}: {error}")
            end.__cause__ = error
        for pool in self._pools.values():
            for seat in pool.seats:
                seat.place.close()
        for candidate in list(self._under_way.values()):
            self._fail(candidate, end)

    def _serve(self) -> None:
        feed_at = float("inf")
        while True:
            wait = min(feed_at - time.monotonic(), _LOOK_SECONDS)
            try:
                call = self._calls.get(timeout=max(0.0, wait))
            except queue.Empty:
                feed_at = float("inf")
                for hardware, pool in self._pools.items():
                    self._feed(hardware, pool)
                continue
            if call is None:
                return
            call()
            feed_at = min(feed_at, time.monotonic() + _BURST_SECONDS)

    def _later(self, call: Callable[..., None], *arguments: Any) -> None:
        self._calls.put(partial(call, *arguments))

    def _wait(self, candidate: Candidate) -> None:
        self._pools.setdefault(candidate.job["hardware"], _Pool()).waiting.add(candidate)

    def _feed(self, hardware: str, pool: _Pool) -> None:
        if not (pool.waiting or pool.ready or any(seat.held for seat in pool.seats)):
            return
        try:
            self._look(hardware, pool)
        except UsageError as error:
            self._give_up(pool, str(error))
        while pool.waiting and pool.seats and pool.ahead.total() < self._machines.builds_ahead:
            self._build(pool, pool.waiting.next_to_build(pool.ahead, pool.seats))
        given = pool.ready.hand_out(pool.seats) if pool.seats else []
        for seat, candidate in given:
            pool.ahead[candidate.op] -= 1
            judging = seat.place.judge(candidate.job, candidate.build)
            judging.add_done_callback(partial(self._later, self._answered, pool, seat, candidate))

    def _look(self, hardware: str, pool: _Pool) -> None:
        """Look for places now and then; give up where there has been none for a while."""
        now = time.monotonic()
        if now - pool.looked >= _LOOK_SECONDS:
            pool.looked = now
            self._machines.open(hardware, partial(self._later, self._opened, pool), self._tell)
        if pool.seats:
            pool.alone_since = None
            return
        pool.alone_since = pool.alone_since or now
        if now - pool.alone_since > _PATIENCE_SECONDS:
            self._give_up(pool, f"no machine with {hardware} is left to judge on")

    def _give_up(self, pool: _Pool, reason: str) -> None:
        for candidate in (*pool.waiting.drain(), *pool.ready.drain()):
            self._fail(candidate, JudgeError(reason))
        pool.ahead.clear()

    def _opened(self, pool: _Pool, place: Place) -> None:
        pool.seats.append(Seat(place))

    def _build(self, pool: _Pool, candidate: Candidate) -> None:
        pool.ahead[candidate.op] += 1
        building = self._machines.build(candidate.job)
        if building is None:
            pool.ready.add(candidate)
        else:
            building.add_done_callback(partial(self._later, self._built, pool, candidate))

    def _built(self, pool: _Pool, candidate: Candidate, done: Future[tuple[float, Any]]) -> None:
        # A build that was lost costs nothing but time: whoever judges the candidate builds it.
        if done.exception() is None:
            seconds, candidate.build = done.result()
            self._tell({"event": "built", "id": candidate.job["id"], "seconds": seconds})
        pool.ready.add(candidate)

    def _answered(
        self, pool: _Pool, seat: Seat, candidate: Candidate, done: Future[dict[str, Any]]
    ) -> None:
        seat.held.discard(candidate)
        if (error := done.exception()) is not None:
            self._fault(pool, seat, candidate, error)
            return
        event = dict(done.result())
        if event.pop("event") == "refused":
            self._fail(candidate, JudgeError(f"the judge refused a job: {event['reason']}"))
        elif event["verdict"] == "infra_error":
            self._fault(pool, seat, candidate, event)
        else:
            seat.faults = 0
            self._settle(seat, candidate, event)

    def _fault(
        self, pool: _Pool, seat: Seat, candidate: Candidate, fault: BaseException | dict[str, Any]
    ) -> None:
        candidate.failed_at.append(seat.place.name)
        seat.faults += fault is not seat.last_fault
        seat.last_fault = fault
        is_sick = seat.faults >= _TRIES and len(pool.seats) > 1
        if seat in pool.seats and (is_sick or isinstance(fault, PlaceLost)):
            pool.seats.remove(seat)
            seat.place.close()
        if len(candidate.failed_at) < _TRIES:
            # What was built may have been lost with the place.
            candidate.build = None
            pool.ahead[candidate.op] += 1
            pool.ready.add(candidate)
        elif isinstance(fault, BaseException):
            self._fail(candidate, JudgeError(f"{fault}, at the last of {_TRIES} tries"))
        else:
            self._settle(seat, candidate, fault)

    def _settle(self, seat: Seat, candidate: Candidate, record: dict[str, Any]) -> None:
        record["environment"] = {**record.get("environment", {}), "place": seat.place.name}
        self._tell({"event": "evidence", **record})
        self._under_way.pop(candidate.job["id"], None)
        try:
            candidate.answer.set_result(parse_evidence(record))
        except EvidenceError as error:
            candidate.answer.set_exception(error)

    def _fail(self, candidate: Candidate, error: JudgeError) -> None:
        self._under_way.pop(candidate.job["id"], None)
        candidate.answer.set_exception(error)
