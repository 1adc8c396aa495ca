"""Who may ask a model next: arms take turns, so that a provider's drift favours none."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count

import anyio
from inspect_ai.model._model import sample_model_usage
from inspect_ai.solver import Generate, Solver, TaskState, solver

from ..tasks.errors import RunError
from .budget import Budget, CostLimitError
from .providers import explain

Place = tuple[int, str, str]
"""Where a sample stands in the queue: its epoch, its eval task, its variant."""

_FAILURES_IN_A_ROW = 3


class ModelCallError(RunError):
    """A completion that a model's provider did not give."""


@dataclass
class _Queue:
    """Who waits for one model."""

    free: int
    waiting: list[tuple[Place, int, anyio.Event]] = field(default_factory=list)
    failures: int = 0
    problem: str = ""


class Turns:
    """The queues for the models of one run.

    The samples of all arms wait in one queue for each model, in the order of epochs, eval tasks and
    variants: the arms of one eval task and epoch are asked one after the other.  A model that fails
    some times in a row is not asked again: a wrong key costs three calls, not one for each sample.

    Attributes:
        problems: why completions were not given, and how often.
    """

    def __init__(self, connections: Mapping[str, int], budget: Budget) -> None:
        """Begin with nobody waiting.

        Args:
            connections: for each model, how many completions it may work on at a time.
            budget: what may be spent.
        """
        self._queues = {name: _Queue(free) for name, free in connections.items()}
        self._budget = budget
        self._numbers = count()
        self.problems: Counter[str] = Counter()

    @asynccontextmanager
    async def turn(self, model: str, place: Place) -> AsyncIterator[None]:
        """Wait for a turn, and hold it while the body asks the model.

        Raises:
            ModelCallError: the provider gave no completion, or has given none for a while.
            CostLimitError: the budget is spent.
        """
        queue = self._queues[model]
        await self._wait(queue, place)
        try:
            self._require_budget()
            if queue.problem:
                raise ModelCallError(queue.problem)
            try:
                yield
            except Exception as error:
                said = explain(model, error)
                if said is None:
                    raise
                queue.failures += 1
                queue.problem = said if queue.failures >= _FAILURES_IN_A_ROW else ""
                self.problems[said] += 1
                raise ModelCallError(said) from error
            queue.failures, queue.problem = 0, ""
            self._budget.add(sample_model_usage())
        finally:
            self._leave(queue)

    def _require_budget(self) -> None:
        try:
            self._budget.require_rest()
        except CostLimitError as error:
            self.problems[str(error)] += 1
            raise

    async def _wait(self, queue: _Queue, place: Place) -> None:
        if queue.free:
            queue.free -= 1
            return
        event = anyio.Event()
        heapq.heappush(queue.waiting, (place, next(self._numbers), event))
        try:
            await event.wait()
        except BaseException:
            # Cancelled: whoever was given the turn meanwhile hands it on.
            if event.is_set():
                self._leave(queue)
            else:
                queue.waiting = [each for each in queue.waiting if each[2] is not event]
                heapq.heapify(queue.waiting)
            raise

    def _leave(self, queue: _Queue) -> None:
        if queue.waiting:
            heapq.heappop(queue.waiting)[2].set()
        else:
            queue.free += 1


_under_way: Turns | None = None
_listeners: list[Callable[[], None]] = []


@contextmanager
def taking_turns(turns: Turns) -> Iterator[None]:
    """Let the samples that run meanwhile take turns."""
    global _under_way
    _under_way = turns
    try:
        yield
    finally:
        _under_way = None


@contextmanager
def hearing_answers(listener: Callable[[], None]) -> Iterator[None]:
    """Call `listener` at each completion meanwhile, for progress bars."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@solver
def in_turn(answer: Solver, variant: str) -> Solver:
    """Let a solver that asks the model do so in its turn; outside of a grid, at once.

    Args:
        answer: the solver.
        variant: the arm's variant.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if _under_way is None:
            return await answer(state, generate)
        place = (state.epoch, str(state.sample_id), variant)
        async with _under_way.turn(str(state.model), place):
            answered = await answer(state, generate)
        for listener in _listeners:
            listener()
        return answered

    return solve
