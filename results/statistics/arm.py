"""What one arm did by itself."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .at_k import OpAtK, mean_at_k, ops_at_k
from .cost import COST_COLUMNS, Cost, arm_cost
from .metrics import (
    FAST_THRESHOLDS,
    FloatArray,
    compiled,
    conditional_log_speedup,
    correct,
    deployable_log_speedup,
    fast,
    log_roofline_share,
)
from .rate import Rate, cluster_means, clustered_rate
from .work import WORK_COLUMNS, Work, arm_work

ARM_COLUMNS = (
    "model",
    "variant",
    "skill_fingerprint",
    "skill_tokens",
    "op",
    "verdict",
    "compiled",
    "roofline_fraction",
    *COST_COLUMNS,
    *(name for name in WORK_COLUMNS if name != "op"),
)
"""The columns that `summarise_arm` reads."""


@dataclass(frozen=True)
class Arm:
    """One model with one variant.

    Rates and speeds are means over ops of the means within each op, so that an op with more
    samples left does not count for more.

    Attributes:
        model: The model.
        variant: What it was given.
        skill_fingerprint: Digest of the Skill; empty without one.
        skill_tokens: Tokens that the Skill adds to a prompt; NaN without one.
        samples: Samples run.
        infra_failures: Samples that the harness lost, in no other figure here.
        verdicts: Number of samples of each verdict.
        compiled: Rate of candidates that built.
        correct: Rate of correct candidates.
        fast_1: Rate of candidates both correct and faster than the baseline.
        fast_profile: fast_p for each threshold p.
        pass_at: pass@k for k in 1, 2, 3, 5 and 10, as far as every op has k samples.
        fast_at: The chance that one of k is correct and faster than the baseline.
        best_of: Geometric mean over ops of the deployable speedup of the best of k.
        by_op: The same for each op.
        deployable_speedup: Geometric mean of what a user would get who falls back to 1x.
        conditional_speedup: Geometric mean over correct candidates; NaN without any.
        roofline_share: Geometric mean roofline fraction of correct candidates; NaN without any.
        cost: Tokens, dollars and time.
        work: Whether the Skill was opened, and what an agent measured.
    """

    model: str
    variant: str
    skill_fingerprint: str
    skill_tokens: float
    samples: int
    infra_failures: int
    verdicts: dict[str, int]
    compiled: Rate
    correct: Rate
    fast_1: Rate
    fast_profile: dict[float, float]
    pass_at: dict[int, float]
    fast_at: dict[int, float]
    best_of: dict[int, float]
    by_op: tuple[OpAtK, ...]
    deployable_speedup: float
    conditional_speedup: float
    roofline_share: float
    cost: Cost
    work: Work


def summarise_arm(rows: pd.DataFrame) -> Arm:
    """Describe one arm.

    Args:
        rows: `ARM_COLUMNS` of one model and one variant.

    Returns:
        The arm.
    """
    scored = rows.take(np.flatnonzero(rows["status"] == "scored"))
    ops = pd.factorize(scored["op"])[0]
    first = rows.iloc[0]
    by_op = ops_at_k(scored)
    pass_at, fast_at, best_of = mean_at_k(by_op)

    def rate(values: FloatArray) -> Rate:
        return clustered_rate(values, ops)

    def geometric_mean(logs: FloatArray) -> float:
        means = cluster_means(logs, ops)
        defined = means[~np.isnan(means)]
        return float(np.exp(defined.mean())) if len(defined) else np.nan

    return Arm(
        model=str(first["model"]),
        variant=str(first["variant"]),
        skill_fingerprint=str(first["skill_fingerprint"]),
        skill_tokens=float(first["skill_tokens"]),
        samples=len(rows),
        infra_failures=len(rows) - len(scored),
        verdicts=count_verdicts(rows),
        compiled=rate(compiled(scored)),
        correct=rate(correct(scored)),
        fast_1=rate(fast(1.0).values(scored)),
        fast_profile={p: rate(fast(p).values(scored)).estimate for p in FAST_THRESHOLDS},
        pass_at=pass_at,
        fast_at=fast_at,
        best_of=best_of,
        by_op=by_op,
        deployable_speedup=geometric_mean(deployable_log_speedup(scored)),
        conditional_speedup=geometric_mean(conditional_log_speedup(scored)),
        roofline_share=geometric_mean(log_roofline_share(scored)),
        cost=arm_cost(rows),
        work=arm_work(scored),
    )


def count_verdicts(rows: pd.DataFrame) -> dict[str, int]:
    """Number of rows of each verdict, the commonest first."""
    return dict(Counter(map(str, rows["verdict"])).most_common())
