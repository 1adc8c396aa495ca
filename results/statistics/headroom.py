"""What room the ops leave: where every arm is right, and how far from the roofline the best is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .metrics import FloatArray, correct, log_roofline_share


@dataclass(frozen=True)
class Headroom:
    """One op over all arms.

    Attributes:
        op: The op.
        correct: Correct samples.
        samples: Samples that were scored.
        roofline_share: Geometric mean roofline fraction of correct candidates; NaN without any.
        best_roofline_share: Of the fastest correct candidate; NaN without any.
    """

    op: str
    correct: int
    samples: int
    roofline_share: float
    best_roofline_share: float

    @property
    def saturated(self) -> bool:
        """Every sample of every arm is correct: an effect upwards could not show."""
        return 0 < self.samples == self.correct


def headroom(rows: pd.DataFrame) -> tuple[Headroom, ...]:
    """Measure the room that each op leaves.

    Args:
        rows: Columns op, status, correct and roofline_fraction of all arms.

    Returns:
        The ops that have a scored sample, sorted by name.
    """
    scored = rows.take(np.flatnonzero(rows["status"] == "scored"))
    names, right, share = scored["op"], correct(scored), log_roofline_share(scored)
    return tuple(
        _of_op(str(op), right[np.flatnonzero(names == op)], share[np.flatnonzero(names == op)])
        for op in sorted(set(names))
    )


def _of_op(op: str, right: FloatArray, shares: FloatArray) -> Headroom:
    known = shares[~np.isnan(shares)]
    return Headroom(
        op=op,
        correct=int(np.sum(right == 1)),
        samples=len(right),
        roofline_share=float(np.exp(known.mean())) if len(known) else np.nan,
        best_roofline_share=float(np.exp(known.max())) if len(known) else np.nan,
    )


def room_for_speed(ops: Sequence[Headroom]) -> str:
    """What speed leaves, in one sentence without a full stop; empty where nothing was timed."""
    timed = sorted(
        (each for each in ops if not np.isnan(each.best_roofline_share)),
        key=lambda each: each.best_roofline_share,
    )
    if not timed:
        return ""
    shares = [each.best_roofline_share for each in timed]
    least, most = timed[0], timed[-1]
    if len(timed) == 1:
        share = least.best_roofline_share
        return f"Room for speed: the fastest right kernel reaches {share:.0%} of the roofline"
    return (
        f"Room for speed: an op's fastest right kernel reaches {np.median(shares):.0%} of the "
        f"roofline in the median, from {least.best_roofline_share:.0%} ({least.op}) to "
        f"{most.best_roofline_share:.0%} ({most.op})"
    )
