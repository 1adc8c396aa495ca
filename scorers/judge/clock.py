"""When to stop timing, and what the pairs say."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_RESAMPLES = 2000


@dataclass(frozen=True)
class Interval:
    """An estimate with its two-sided 95 % interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class StoppingCriterion:
    """Pairs are added until the interval of the ratio is narrow, or the budget ends.

    Attributes:
        half_width: the relative half-width of the interval at which the ratio counts as known.
        min_pairs: the least number of pairs.
        max_pairs: the most.
        seconds: the time after which no further pair is started once `min_pairs` are there.
        patience_seconds: the time after which what there is must do: for very slow kernels, and for
            machines that are never quiet.
    """

    half_width: float = 0.03
    min_pairs: int = 8
    max_pairs: int = 30
    seconds: float = 0.6
    patience_seconds: float = 8.0

    def at_most(self, pairs: int | None) -> StoppingCriterion:
        """The same with no more than so many pairs, if a number is given."""
        if pairs is None:
            return self
        most = min(pairs, self.max_pairs)
        return replace(self, min_pairs=min(self.min_pairs, most), max_pairs=most)

    def narrow(self, interval: Interval) -> bool:
        """Whether the interval (of a log-ratio) is as narrow as asked."""
        return (interval.high - interval.low) / 2 <= self.half_width

    def done(self, ratios: list[float], tried: int, begin: float) -> bool:
        """Whether to stop.

        Args:
            ratios: log-ratios of the pairs that count.
            tried: how many pairs were timed, those that do not count included.
            begin: the monotonic time at which the pairs began.
        """
        elapsed = time.monotonic() - begin
        if tried >= 3 and elapsed > self.patience_seconds:
            return True
        if len(ratios) < self.min_pairs:
            return False
        if len(ratios) >= self.max_pairs or elapsed > self.seconds:
            return True
        return self.narrow(median_interval(bootstrap_medians(ratios), ratios))


def bootstrap_medians(log_ratios: list[float], seed: int = 0) -> Floats:
    """Medians of resampled log-ratios.

    Source: the percentile bootstrap, Efron and Tibshirani (1993), chapter 13.
    """
    values = np.asarray(log_ratios, dtype=np.float64)
    draws = np.random.default_rng(seed).integers(0, values.size, (_RESAMPLES, values.size))
    return np.median(values[draws], axis=1)


def median_interval(medians: Floats, log_ratios: list[float]) -> Interval:
    """The median of log-ratios with its percentile bootstrap interval."""
    low, high = np.percentile(medians, [2.5, 97.5])
    return Interval(float(np.median(log_ratios)), float(low), float(high))


def median_at_least(values: Sequence[float], error: float) -> float:
    """A lower bound of the median, exact for any distribution; minus infinity for too few values.

    Args:
        values: independent values.
        error: the probability that the bound lies above the median.

    Source: the interval of a quantile by order statistics, Conover, Practical Nonparametric
    Statistics (1999), section 3.2.
    """
    ordered, below = sorted(values), 0.0
    bound = -math.inf
    for rank, value in enumerate(ordered):
        below += math.comb(len(ordered), rank) / 2 ** len(ordered)
        if below > error:
            return bound
        bound = value
    return bound


def geometric_mean_interval(workloads: list[list[float]]) -> Interval:
    """The mean over workloads of the median log-ratios, with the interval of that mean."""
    medians = np.stack([bootstrap_medians(w, seed) for seed, w in enumerate(workloads)])
    low, high = np.percentile(medians.mean(axis=0), [2.5, 97.5])
    return Interval(float(np.mean([np.median(w) for w in workloads])), float(low), float(high))
