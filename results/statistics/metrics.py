"""The metrics of a sample, and how each is shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]

DEAD_BAND = 1.02
"""A speedup at or below this is timing noise and counts as 1x."""

FAST_THRESHOLDS = (0.0, 0.5, 0.8, 1.0, 1.5, 2.0)
"""The p of the fast_p profile, after KernelBench (Ouyang et al. 2025)."""


@dataclass(frozen=True)
class Metric:
    """One number per sample, compared between arms.

    Attributes:
        name: Identifier in contrasts, tables and JSON.
        title: The name in a sentence.
        hit: What a sample with the value 1 is; empty for a ratio.
        unit: `points` for a 0/1 metric or a share (shown in percentage points); `ratio` for a
            logarithm (shown as its exponential, "1.10x").
        conditional: The metric is defined for correct samples only, so a cell without one in
            either arm is left out. Such a metric has survivor bias and is named "conditional".
        role: `primary`, `secondary`, `curve` (a point of the fast_p profile beside fast_1), `cost`
            (less is better) or `extra` (measured on request only).
        values: Rows to one float a row; NaN where the metric is not defined.
    """

    name: str
    title: str
    hit: str
    unit: Literal["points", "ratio"]
    conditional: bool
    role: Literal["primary", "secondary", "curve", "cost", "extra"]
    values: Callable[[pd.DataFrame], FloatArray]


def column(rows: pd.DataFrame, name: str) -> FloatArray:
    """One numeric column as floats."""
    return np.asarray(rows[name], dtype=float)


def compiled(rows: pd.DataFrame) -> FloatArray:
    """1 where the candidate built, else 0."""
    return column(rows, "compiled")


def manifest(rows: pd.DataFrame) -> FloatArray:
    """1 where a kernel repository's build.toml was accepted, else 0; NaN for other languages."""
    return column(rows, "manifest")


def loaded(rows: pd.DataFrame) -> FloatArray:
    """1 where a kernel repository's package was imported, else 0; NaN for other languages."""
    return column(rows, "loaded")


def compat(rows: pd.DataFrame) -> FloatArray:
    """Share of the archs asked for that the candidate builds for; NaN where none was asked for.

    Its tests take each sample's share as so much of a hit. That is cautious: a share varies at most
    as much as a 0/1 value of the same mean.
    """
    return column(rows, "compat")


def correct(rows: pd.DataFrame) -> FloatArray:
    """1 where the candidate is correct on every workload, else 0."""
    return column(rows, "correct")


def deployable_log_speedup(rows: pd.DataFrame) -> FloatArray:
    """Log of the speedup that a user would get who falls back to the baseline.

    `log s` where the candidate is correct and s > 1.02, else 0: a slow or wrong kernel is not
    deployed. The 2 % dead band is a hard threshold: above it the whole `log s` counts, so that a
    real speedup is not shrunk; at or below it the sample counts as 1x.
    """
    speedup = column(rows, "speedup")
    deployed = (correct(rows) == 1) & (speedup > DEAD_BAND)
    return np.log(np.where(deployed, speedup, 1.0))


def conditional_log_speedup(rows: pd.DataFrame) -> FloatArray:
    """Log of the speedup of a correct candidate, NaN for every other."""
    return _log_if_correct(rows, "speedup")


def log_roofline_share(rows: pd.DataFrame) -> FloatArray:
    """Log of the roofline fraction of a correct candidate, NaN for every other."""
    return _log_if_correct(rows, "roofline_fraction")


def log_output_tokens(rows: pd.DataFrame) -> FloatArray:
    """Log of the tokens of the completion, NaN where they are unknown."""
    value = column(rows, "output_tokens")
    return np.log(np.where(value > 0, value, np.nan))


def _log_if_correct(rows: pd.DataFrame, name: str) -> FloatArray:
    value = column(rows, name)
    defined = (correct(rows) == 1) & (value > 0)
    return np.log(np.where(defined, value, np.nan))


def fast(threshold: float) -> Metric:
    """The metric fast_p: 1 where the candidate is correct and its speedup is above `threshold`.

    Args:
        threshold: p, a speedup over the baseline; the comparison is strict.

    Returns:
        The metric, named "fast_1", "fast_1.5" and so on.
    """

    def values(rows: pd.DataFrame) -> FloatArray:
        fast_enough = column(rows, "speedup") > threshold
        return ((correct(rows) == 1) & fast_enough).astype(float)

    name = f"{threshold:g}"
    role: Literal["secondary", "curve"] = "secondary" if threshold == 1 else "curve"
    hit = f"faster than {name}x"
    return Metric(f"fast_{name}", f"Faster than {name}x", hit, "points", False, role, values)


METRICS: tuple[Metric, ...] = (
    Metric("correct", "Correctness", "correct", "points", False, "primary", correct),
    Metric(
        "deployable_speedup",
        "Deployable speedup",
        "",
        "ratio",
        False,
        "primary",
        deployable_log_speedup,
    ),
    Metric("compiled", "Compiled", "compiled", "points", False, "secondary", compiled),
    *(fast(threshold) for threshold in FAST_THRESHOLDS if threshold > 0),
    Metric(
        "conditional_speedup",
        "Speedup conditional on correct",
        "",
        "ratio",
        True,
        "secondary",
        conditional_log_speedup,
    ),
    Metric(
        "roofline_share",
        "Roofline share conditional on correct",
        "",
        "ratio",
        True,
        "secondary",
        log_roofline_share,
    ),
    Metric("manifest", "build.toml", "accepted", "points", False, "extra", manifest),
    Metric("loaded", "Loaded", "loaded", "points", False, "extra", loaded),
    Metric("compat", "Archs built for", "built for all archs", "points", False, "extra", compat),
    Metric("output_tokens", "Output tokens", "", "ratio", False, "cost", log_output_tokens),
)
"""Every metric that `compare` contrasts, the two primary ones first; fast_0 is correctness."""

PRIMARY = tuple(metric.name for metric in METRICS if metric.role == "primary")
"""The co-primary metrics: one contrast each per variant, pooled over models."""
