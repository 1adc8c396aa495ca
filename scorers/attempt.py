"""What happened on the way to a candidate: the Skill opened, the judge asked, budgets used up."""

from __future__ import annotations

from typing import Any

from inspect_ai.util import StoreModel
from pydantic import BaseModel, Field


class JudgeCall(BaseModel):
    """One call of the judge by an agent: which, of what, and what came of it.

    `at` is in seconds of work, without waiting for the judge; `speedup` is over the visible
    workloads, and null unless a correct kernel was timed.
    """

    tool: str
    at: float
    verdict: str
    speedup: float | None
    candidate: str


class Attempt(StoreModel):
    """The record of one sample, in Inspect's store until the score takes it.

    Attributes:
        activated: whether the model opened the Skill that it could open; null where there was none
            to open.
        opened: the files of the Skill whose text it was shown.
        judge_calls: the calls of the judge, in their order.
        stopped_by: the budget that ended an agent's work, if one did.
    """

    activated: bool | None = None
    opened: list[str] = Field(default_factory=list)
    judge_calls: list[JudgeCall] = Field(default_factory=list)
    stopped_by: str | None = None

    def record(self) -> dict[str, Any]:
        """The record as JSON-ready values, with the best speedup after each measurement."""
        return {
            "activated": self.activated,
            "opened": self.opened,
            "judge_calls": [call.model_dump() for call in self.judge_calls],
            "stopped_by": self.stopped_by,
            "best_after": best_after(self.judge_calls),
        }


def best_after(calls: list[JudgeCall]) -> list[float | None]:
    """The best speedup after 1, 2, 3, … measurements; null until a correct kernel was timed."""
    best: list[float | None] = []
    for call in calls:
        if call.tool == "time_kernel":
            known = [s for s in (best[-1] if best else None, call.speedup) if s is not None]
            best.append(max(known, default=None))
    return best
