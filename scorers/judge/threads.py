"""The threads of a process, as Linux tells of them under /proc."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence


def of_process(pid: int) -> list[int]:
    """The numbers of its threads, in order.

    Raises:
        FileNotFoundError: there is no such process.
    """
    return sorted(int(thread) for thread in os.listdir(f"/proc/{pid}/task"))


def all_stopped(pid: int) -> bool:
    """Whether none of its threads runs, or ever will before it is told to.

    Raises:
        FileNotFoundError: there is no such process.
    """
    return all(_state(pid, thread) in "TtZX" for thread in of_process(pid))


def _state(pid: int, thread: int) -> str:
    try:
        with open(f"/proc/{pid}/task/{thread}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def spread(threads: Sequence[int]) -> None:
    """Give each a core of its own, where there are no more threads than cores.

    Some schedulers wake sleeping threads on the core of their waker, and then a team of two takes
    turns on one core for milliseconds.
    """
    cores = sorted(os.sched_getaffinity(0))
    if not 1 < len(threads) <= len(cores):
        return
    for thread, core in zip(threads, cores, strict=False):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(thread, {core})


def seconds_waited(pid: int) -> float:
    """How long they have been runnable but not running, by the kernel's account.

    Raises:
        FileNotFoundError: there is no such process.
    """
    nanoseconds = 0
    for thread in of_process(pid):
        with (
            contextlib.suppress(FileNotFoundError, ProcessLookupError),
            open(f"/proc/{pid}/task/{thread}/schedstat", encoding="utf-8") as file,
        ):
            nanoseconds += int(file.read().split()[1])
    return nanoseconds * 1e-9
