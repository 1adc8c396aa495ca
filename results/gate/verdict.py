"""From p-values to verdicts, for one gate or for many simulated ones."""

from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ..statistics import holm
from ..statistics.metrics import FloatArray

Verdict: TypeAlias = Literal["PASS", "FAIL", "INCONCLUSIVE"]

VERDICTS: tuple[Verdict, ...] = ("PASS", "FAIL", "INCONCLUSIVE")

FINAL_ALPHA = 0.05
INTERIM_ALPHA = 0.001
"""Error of a look before the last, so that the last keeps its own (Haybittle 1971, Peto 1976)."""


def verdicts(
    p_inferior: FloatArray, p_worse: FloatArray, alpha: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Verdicts of criteria and of the gates that they make up, as indices into `VERDICTS`.

    A criterion passes if a loss of its margin is rejected, and fails if it does not pass and is
    worse after Holm over its gate. A gate fails with any criterion and passes with all of them,
    which needs no adjustment (an intersection-union test, Berger 1982).

    Args:
        p_inferior: One-sided p-values against a loss of the margin, shape (..., k criteria).
        p_worse: One-sided p-values against no loss, unadjusted.
        alpha: One-sided error.

    Returns:
        The criteria's verdicts, shape (..., k), and the gates', shape (...).
    """
    passed = p_inferior < alpha
    failed = (holm(p_worse) < alpha) & ~passed
    criteria = np.where(passed, 0, np.where(failed, 1, 2))
    gates = np.where(failed.any(axis=-1), 1, np.where(passed.all(axis=-1), 0, 2))
    return criteria, gates
