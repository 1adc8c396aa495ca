"""The gate that a queued call on a GPU waits behind, as the judge sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Gate:
    """What a queued call waits behind.

    Attributes:
        number: tells this gate from earlier ones.
        extent: where the slot of the call begins, and its bytes.
        prepare: puts the contents into the slot while the call waits.
        is_closed: whether the device says that the gate holds it.
        open: lets the call run; the judge's clocks start there.
        is_done: whether the device says that the call has ended; one clock ends there.
        settle: fetches a piece of what the call left; the other clock ends there.
        queue_seconds: how long the warm calls before it may take.
    """

    number: int
    extent: tuple[int, int]
    prepare: Callable[[], None]
    is_closed: Callable[[], bool]
    open: Callable[[], None]
    is_done: Callable[[], bool]
    settle: Callable[[], None]
    queue_seconds: float
