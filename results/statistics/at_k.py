"""What k tries at an operation give: pass@k, fast_p at k, best of k."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .metrics import FAST_THRESHOLDS, FloatArray, correct, deployable_log_speedup, fast
from .rate import best_of_k, pass_at_k

TRIES = (1, 2, 3, 5, 10)
"""The k that are reported, as far as there are so many samples."""


ByTries = dict[int, float]
"""A value for each k."""


@dataclass(frozen=True)
class OpAtK:
    """One op in one arm; every estimate is unbiased for k independent tries.

    Attributes:
        op: The op.
        samples: n, samples that were scored.
        pass_at: For each k up to n, the chance that one of k is correct.
        fast_at: For each threshold p and each k, the chance that one of k is correct and more than
            p times as fast as the baseline.
        best_of: For each k, the deployable speedup of the best of k: exp of its expected logarithm.
    """

    op: str
    samples: int
    pass_at: ByTries
    fast_at: dict[float, ByTries]
    best_of: ByTries


def ops_at_k(rows: pd.DataFrame) -> tuple[OpAtK, ...]:
    """What k tries give, for each op of one arm.

    Args:
        rows: Scored samples of one model and one variant.

    Returns:
        One an op, sorted by name.
    """
    codes, names = pd.factorize(rows["op"], sort=True)
    right, speeds = correct(rows), deployable_log_speedup(rows)
    quick = {p: fast(p).values(rows) for p in FAST_THRESHOLDS}
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(len(names) + 1))
    members = [order[ends[index] : ends[index + 1]] for index in range(len(names))]
    return tuple(
        OpAtK(
            op=str(name),
            samples=len(chosen),
            pass_at=_chances(right[chosen]),
            fast_at={p: _chances(hits[chosen]) for p, hits in quick.items()},
            best_of={k: float(np.exp(best_of_k(speeds[chosen], k))) for k in _tries(len(chosen))},
        )
        for name, chosen in zip(names, members, strict=True)
    )


def mean_at_k(ops: tuple[OpAtK, ...]) -> tuple[ByTries, ByTries, ByTries]:
    """The means over ops, for each k that every op has the samples for.

    Args:
        ops: Result of `ops_at_k`.

    Returns:
        pass@k, fast_1 at k, and the geometric mean of the best of k.
    """
    fewest = min((each.samples for each in ops), default=0)
    shared = _tries(fewest)
    return (
        {k: float(np.mean([each.pass_at[k] for each in ops])) for k in shared},
        {k: float(np.mean([each.fast_at[1.0][k] for each in ops])) for k in shared},
        {k: float(np.exp(np.mean([np.log(each.best_of[k]) for each in ops]))) for k in shared},
    )


def _tries(samples: int) -> list[int]:
    return [k for k in TRIES if k <= samples]


def _chances(hits: FloatArray) -> ByTries:
    samples, successes = np.array([float(len(hits))]), np.array([float(hits.sum())])
    return {k: float(pass_at_k(samples, successes, k)[0]) for k in _tries(len(hits))}
