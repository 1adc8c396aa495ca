"""What one arm did by itself."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from .metrics import (
    FAST_THRESHOLDS,
    FloatArray,
    column,
    compiled,
    conditional_log_speedup,
    correct,
    deployable_log_speedup,
    fast,
    log_roofline_share,
)
from .rate import Rate, cluster_means, clustered_rate, pass_at_k

_PASS_AT = (1, 2, 5, 10)

ARM_COLUMNS = (
    "model",
    "variant",
    "skill_fingerprint",
    "skill_tokens",
    "op",
    "status",
    "verdict",
    "compiled",
    "correct",
    "speedup",
    "roofline_fraction",
    "input_tokens",
    "output_tokens",
    "cost",
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
        pass_at: pass@k for k in 1, 2, 5 and 10, as far as every op has k samples.
        deployable_speedup: Geometric mean of what a user would get who falls back to 1x.
        conditional_speedup: Geometric mean over correct candidates; NaN without any.
        roofline_share: Geometric mean roofline fraction of correct candidates; NaN without any.
        input_tokens: Mean per sample; NaN if unknown of any.
        output_tokens: Mean per sample; NaN if unknown of any.
        cost: Dollars for all samples; NaN if unknown of any.
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
    deployable_speedup: float
    conditional_speedup: float
    roofline_share: float
    input_tokens: float
    output_tokens: float
    cost: float


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
        pass_at=_pass_at(correct(scored), ops),
        deployable_speedup=geometric_mean(deployable_log_speedup(scored)),
        conditional_speedup=geometric_mean(conditional_log_speedup(scored)),
        roofline_share=geometric_mean(log_roofline_share(scored)),
        input_tokens=float(np.mean(column(rows, "input_tokens"))),
        output_tokens=float(np.mean(column(rows, "output_tokens"))),
        cost=float(np.sum(column(rows, "cost"))),
    )


def _pass_at(values: FloatArray, ops: npt.NDArray[np.intp]) -> dict[int, float]:
    samples = np.bincount(ops).astype(float)
    successes = np.bincount(ops, weights=values, minlength=len(samples)).astype(float)
    possible = [k for k in _PASS_AT if len(samples) and k <= samples.min()]
    return {k: float(np.mean(pass_at_k(samples, successes, k))) for k in possible}


def count_verdicts(rows: pd.DataFrame) -> dict[str, int]:
    """Number of rows of each verdict, the commonest first."""
    return dict(Counter(map(str, rows["verdict"])).most_common())
