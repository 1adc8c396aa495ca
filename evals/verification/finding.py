"""What a check found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal

Check = Literal[
    "plan", "setting", "Skill", "delivery", "prompt", "operation", "candidate", "score",
    "evidence", "samples of time", "judged again", "figures",
]  # fmt: skip
State = Literal["verified", "mismatch", "unverified"]

CHECKS: Final[dict[Check, str]] = {
    "plan": "every sample that was planned is in the log",
    "setting": "arms were asked the same, of the same judge",
    "Skill": "the Skill's files have its fingerprint",
    "delivery": "the model was given the variant, and nothing else",
    "prompt": "the prompt is that of the catalogue",
    "operation": "the operation is that of the catalogue",
    "candidate": "what was judged is what the model wrote",
    "score": "the score is what the evidence says",
    "evidence": "the evidence agrees with itself",
    "samples of time": "speedups follow from each timed call",
    "judged again": "this machine's judge says the same",
    "figures": "leaderboard.json follows from the logs",
}
"""What each check is about, in the order of a report."""


@dataclass(frozen=True)
class Finding:
    """The outcome of one check of one thing.

    Attributes:
        check: Which check.
        state: Whether it agrees, does not, or cannot be told.
        where: The log, or the sample of a log; empty for the whole.
        said: One sentence without a full stop; empty if it agrees.
    """

    check: Check
    state: State
    where: str = ""
    said: str = ""


@dataclass(frozen=True)
class Report:
    """All findings on some logs.

    Attributes:
        findings: In the order in which they came.
        seed: Of the sample of candidates that was judged again.
        logs: Number of logs.
        samples: Number of their samples.
    """

    findings: tuple[Finding, ...]
    seed: int
    logs: int
    samples: int

    @property
    def mismatches(self) -> tuple[Finding, ...]:
        """What does not agree."""
        return tuple(each for each in self.findings if each.state == "mismatch")

    def counts(self, check: Check) -> Counter[State]:
        """How many things were verified, do not match, and could not be verified."""
        return Counter(each.state for each in self.findings if each.check == check)

    def reasons(self, check: Check) -> dict[str, int]:
        """Why things could not be verified, with their number."""
        return dict(
            Counter(
                each.said
                for each in self.findings
                if each.check == check and each.state == "unverified"
            ).most_common()
        )


def agreed(check: Check, where: str, problem: str | None) -> Finding:
    """A mismatch if there is a problem, else verified."""
    if problem is None:
        return Finding(check, "verified", where)
    return Finding(check, "mismatch", where, problem)


def unknown(check: Check, where: str, reason: str) -> Finding:
    """What cannot be verified, and why."""
    return Finding(check, "unverified", where, reason)
