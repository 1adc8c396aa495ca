"""What an agent is told of a judging: all that its author needs, and nothing that is secret."""

from __future__ import annotations

import re
from typing import Final

from .judge.evidence import Evidence

_LETTERS: Final = 6000
_VALUES: Final = re.compile(r" is \S+, expected \S+ \(")


def feedback(evidence: Evidence) -> str:
    """Say what came of a judging on visible workloads, without a value that the judge expects."""
    lines = [f"{evidence.verdict}: {_VALUES.sub(' is wrong (', evidence.reason)}"]
    if evidence.build is not None and not evidence.compiled and evidence.build.log:
        lines += ["", _end(evidence.build.log)]
    if evidence.checks and not evidence.timings:
        lines += ["", *(_check(c.workload, c.distribution, c.error) for c in evidence.checks)]
    if evidence.verdict != "correct" and evidence.output:
        lines += ["", "What the kernel printed (the end):", _end(evidence.output)]
    if evidence.timings:
        lines += [""]
        lines += [
            f"{t.workload}: {t.candidate_seconds * 1e6:.4g} us, eager PyTorch "
            f"{t.baseline_seconds * 1e6:.4g} us, {t.speedup:.2f}x, "
            f"{100 * t.roofline_fraction:.0f} % of the roofline"
            for t in evidence.timings
        ]
    return "\n".join(lines)


def _check(workload: str, distribution: str, error: float | None) -> str:
    size = "wrong" if error is None else f"largest error {error:.3g} of what is allowed"
    return f"{workload}, {distribution} inputs: {size}"


def _end(text: str) -> str:
    return text if len(text) <= _LETTERS else f"…{text[-_LETTERS:]}"
