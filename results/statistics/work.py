"""How the samples of an arm came about: whether the Skill was opened, and what measuring gave."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .metrics import column
from .rate import cluster_means

WORK_COLUMNS = ("op", "activated", "opened", "judge_calls", "best_after", "stopped_by")
"""The columns that `arm_work` reads, of scored samples."""


@dataclass(frozen=True)
class Work:
    """What went before the candidates of an arm, apart from how they fared.

    Attributes:
        activated: Share of the samples in which the model opened the Skill; NaN where it could not,
            because there was none or it was put in front of the prompt.
        opened: In how many samples each file of the Skill was shown to the model.
        judge_calls: Mean calls of the judge by an agent; NaN in single mode.
        best_after: Geometric mean over ops of the best speedup after 1, 2, 3, … measurements, 1x
            until a correct kernel was timed and where none is faster; an agent that stops earlier
            keeps its best. Over the workloads that the prompt names.
        stopped_by: Number of samples that each budget ended.
    """

    activated: float
    opened: dict[str, int]
    judge_calls: float
    best_after: tuple[float, ...]
    stopped_by: dict[str, int]


def arm_work(scored: pd.DataFrame) -> Work:
    """Describe how the scored samples of one arm came about.

    Args:
        scored: `WORK_COLUMNS` of one model and one variant.

    Returns:
        The work.
    """
    could = column(scored, "activated")
    known = could[~np.isnan(could)]
    calls = column(scored, "judge_calls")
    at_work = calls[~np.isnan(calls)]
    files = [file for each in scored["opened"] for file in str(each).split(",") if file]
    return Work(
        activated=float(known.mean()) if len(known) else np.nan,
        opened=dict(sorted(Counter(files).items())),
        judge_calls=float(at_work.mean()) if len(at_work) else np.nan,
        best_after=_best_after(scored),
        stopped_by=dict(Counter(str(each) for each in scored["stopped_by"] if each)),
    )


def _best_after(scored: pd.DataFrame) -> tuple[float, ...]:
    series = [[max(best or 1.0, 1.0) for best in each] for each in scored["best_after"]]
    ops = pd.factorize(scored["op"])[0]
    means = []
    for number in range(max(map(len, series), default=0)):
        # One that has measured nothing yet has what one has without it.
        best = [each[min(number, len(each) - 1)] if each else 1.0 for each in series]
        means.append(float(np.exp(cluster_means(np.log(best), ops).mean())))
    return tuple(means)
