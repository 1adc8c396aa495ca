"""Work on all cores, in copies of this process that see all that it holds."""

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_work: Callable[[int], Any] | None = None


def start_forked(
    work: Callable[[Item], Result], items: Sequence[Item]
) -> Callable[[], list[Result]]:
    """Begin to apply a function to items in several processes, while this one does other things.

    Worth its while from seconds of work on. Only results travel between processes.

    Args:
        work: The function; what it changes is lost with its process.
        items: What it is applied to.

    Returns:
        Waits for the results, in order, and raises what the function raised.
    """
    global _work
    processes = min(len(os.sched_getaffinity(0)), len(items))
    if processes < 2:
        return lambda: [work(item) for item in items]

    def work_at(index: int) -> Result:
        return work(items[index])

    # A copied process finds it here; a closure could not travel to it.
    _work = work_at
    # A collection in a copy would write to every object, and so copy the memory that is shared.
    gc.freeze()
    pool = multiprocessing.get_context("fork").Pool(processes, _leave_interrupts)
    gc.unfreeze()
    begun = pool.map_async(_call, range(len(items)), chunksize=1)

    def collect() -> list[Result]:
        with pool:
            return begun.get()

    return collect


def _call(index: int) -> Any:
    assert _work is not None
    return _work(index)


def _leave_interrupts() -> None:
    # The first process ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
