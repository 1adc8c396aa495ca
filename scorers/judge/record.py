"""What is known of a candidate while it is judged."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from .evidence import Check, Launch, Timing


class OutOfTime(Exception):
    """The candidate used up the whole budget of its judging."""


@dataclass
class Record:
    """What is known of a candidate so far; it survives the exception that ends the judging."""

    checks: list[Check] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)
    launches: tuple[Launch, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    where: str = "loading"
    loaded: bool = False
    killed: bool = False
    deadline: float = float("inf")
    output: str = ""
    free_bytes: int = 0

    def enter(self, where: str) -> None:
        """Note where the judging stands, for the reason of a failure.

        Raises:
            OutOfTime: the budget of the whole judging has ended.
        """
        self.where = where
        if time.monotonic() > self.deadline:
            raise OutOfTime
