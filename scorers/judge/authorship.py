"""Whose kernels a candidate runs: its own, or a library's."""

from __future__ import annotations

import re
from pathlib import Path

from .evidence import Launch
from .job import Job

LEAST_SHARE = 0.5
_ATEN = "aten::"


class NotAuthored(Exception):
    """Library code does the work where the operation asks for a kernel."""


def attribute(launches: list[tuple[str, float]], job: Job, library: Path) -> tuple[Launch, ...]:
    """Tell for each kernel that ran whether it comes from the candidate.

    A native kernel is the candidate's if its symbol is in the candidate's library, a Triton kernel
    if the candidate's source defines a function of its name. Of a repository on a CPU not kernels
    are recorded but operators, and ATen's are a library's.

    Args:
        launches: names of the kernels in order, with seconds.
        job: the candidate.
        library: what was built from it.
    """
    binary = b"" if job.is_triton else library.read_bytes()

    def authored(name: str) -> bool:
        if job.device == "cpu":
            return not name.startswith(_ATEN)
        if job.is_triton:
            return re.search(rf"^\s*def {re.escape(name)}\s*\(", job.source, re.M) is not None
        return name.encode() in binary

    return tuple(Launch(name, seconds, authored(name)) for name, seconds in launches)


def require_authored(launches: tuple[Launch, ...]) -> None:
    """Refuse a candidate most of whose device time is a library's.

    Raises:
        NotAuthored: it is.
    """
    total = sum(launch.seconds for launch in launches)
    own = sum(launch.seconds for launch in launches if launch.authored)
    if total > 0 and own < LEAST_SHARE * total:
        foreign = max((launch for launch in launches if not launch.authored), key=_seconds)
        raise NotAuthored(
            f"{100 * (1 - own / total):.0f} % of its time is library code, which this "
            f"operation forbids: {foreign.kernel[:120]}"
        )


def _seconds(launch: Launch) -> float:
    return launch.seconds
