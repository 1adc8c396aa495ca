"""Comparison of two arms on one suite: what its own operations say, not others like them."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.stats
from statsmodels.stats.contingency_tables import StratifiedTable

from .metrics import FloatArray
from .moments import Moments
from .paired import ConfidenceInterval


@dataclass(frozen=True)
class SuiteEffect:
    """Result of `suite_effect`; every field has the shape of the studies, () for one.

    Attributes:
        estimate: Mean over cells of variant - baseline.
        centre: What the interval is built around: the estimate, for a proportion drawn a little
            towards zero.
        standard_error: Of the centre, from the samples within cells alone.
        skewness: Of the centre's sampling distribution; 0 for a ratio.
        df: Degrees of freedom of the standard error; infinite for a proportion.
    """

    estimate: FloatArray
    centre: FloatArray
    standard_error: FloatArray
    skewness: FloatArray
    df: FloatArray

    def pvalue(
        self, null: float = 0.0, alternative: Literal["less", "greater", "two-sided"] = "two-sided"
    ) -> FloatArray:
        """P-value against a true effect of `null`, consistent with `bound`.

        Args:
            null: The effect that is tested.
            alternative: Which side speaks against it.

        Returns:
            The p-value; where there is no spread at all, 1 if the estimate is the null, else 0.
        """
        score = self._score(null)
        below, above = scipy.stats.t.cdf(score, self.df), scipy.stats.t.sf(score, self.df)
        if alternative == "less":
            return below
        return above if alternative == "greater" else np.minimum(1, 2 * np.minimum(below, above))

    def bound(self, confidence_level: float, side: Literal["lower", "upper"]) -> FloatArray:
        """One-sided confidence bound.

        Args:
            confidence_level: Such as 0.95.
            side: Which bound.
        """
        quantile = scipy.stats.t.ppf(confidence_level, self.df)
        score = quantile if side == "lower" else -quantile
        return self.centre - self.standard_error * _untransform(score, self.skewness)

    def confidence_interval(self, confidence_level: float = 0.95) -> ConfidenceInterval:
        """Two-sided interval of one study.

        Args:
            confidence_level: Between 0 and 1.
        """
        level = (1 + confidence_level) / 2
        return ConfidenceInterval(
            float(self.bound(level, "lower")), float(self.bound(level, "upper"))
        )

    def _score(self, null: float) -> FloatArray:
        distance = np.asarray(self.centre - null)
        flat = np.where(np.abs(distance) < 1e-12, 0.0, np.copysign(np.inf, distance))
        t = np.divide(distance, self.standard_error, out=flat, where=self.standard_error > 0)
        finite = np.isfinite(t)
        score = _transform(np.where(finite, t, 0.0), self.skewness)
        return np.where(finite, np.where(self.standard_error > 0, score, 0.0), t)


def suite_effect(baseline: Moments, variant: Moments, *, proportion: bool) -> SuiteEffect:
    """Compare two arms over the cells of a suite; only the sampling of epochs is chance.

    SE² = sum over cells of w² (s₁²/E₁ + s₀²/E₀), w = 1 / (M T), which for a 0/1 metric is the sum
    of w² p(1-p)/(E-1). A cell with a single sample takes the mean variance of the others; where no
    cell has two, SE² is the sum of w² d² over the differences d. A plain normal interval is too
    short twice. Near 0 and 1 it passes a regression of 10 points in 9 to 13 % of studies: so each
    arm of a 0/1 metric gets one success and one failure more (Agresti and Caffo 2000), and the
    quantiles follow the skewness by Hall's monotone transformation (Hall 1992). With two or three
    epochs it covers a speed in 92 to 94 %: so a ratio takes Student's quantiles on the degrees of
    freedom of Satterthwaite (1946).

    Args:
        baseline: Moments of the baseline arm, shape (..., M, T); NaN where a cell has no value.
        variant: Moments of the variant arm; NaN in the same cells.
        proportion: The metric is 0/1.

    Returns:
        The effect, one for each leading index.
    """
    difference = variant.means - baseline.means
    weight = _weights(difference)
    spare = _mean_over_arms(baseline.variances, variant.variances)
    # Without a second sample anywhere, differences between cells are all that tells of chance.
    alone = np.isnan(spare)
    parts = [
        weight**2 * _or_else(arm.variances, spare) / np.maximum(arm.samples, 1)
        for arm in (baseline, variant)
    ]
    squared = weight**2 * difference**2
    variance = np.where(alone, _total(squared), _total(parts[0]) + _total(parts[1]))
    estimate = _total(weight * difference)
    if proportion:
        cubed = np.where(alone, _total(weight**3 * difference**3), 0)
        return _of_proportion(estimate, variance, cubed, weight, (baseline, variant))
    uncertainty = sum(
        _total(part**2 / np.maximum(arm.samples - 1, 1))
        for part, arm in zip(parts, (baseline, variant), strict=True)
    )
    uncertain = np.where(alone, _total(squared**2), uncertainty)
    flat = np.zeros_like(variance)
    df = np.divide(variance**2, uncertain, out=np.ones_like(variance), where=uncertain > 0)
    return SuiteEffect(estimate, estimate, np.sqrt(variance), flat, np.maximum(df, 1))


def _of_proportion(
    estimate: FloatArray,
    variance: FloatArray,
    third: FloatArray,
    weight: FloatArray,
    arms: tuple[Moments, Moments],
) -> SuiteEffect:
    centre = np.zeros_like(estimate)
    for sign, arm in zip((-1, 1), arms, strict=True):
        samples = _total(np.where(weight > 0, arm.samples, 0))
        centre = centre + sign * (samples * _total(weight * arm.means) + 1) / (samples + 2)
        variance = variance + 1 / (samples + 2) ** 2
        third = third + sign * _total(weight**3 * arm.thirds / np.maximum(arm.samples, 1) ** 2)
    error = np.sqrt(variance)
    return SuiteEffect(estimate, centre, error, third / error**3, np.full_like(error, np.inf))


@dataclass(frozen=True)
class StratifiedOdds:
    """Result of `stratified_odds`, after Cochran (1954) and Mantel and Haenszel (1959).

    Attributes:
        statistic: Chi-squared on one degree of freedom.
        pvalue: Two-sided; 1 where no cell has both hits and misses.
        odds_ratio: Pooled odds ratio, variant over baseline.
        low: Lower bound of its 95 % interval.
        high: Upper bound.
    """

    statistic: float
    pvalue: float
    odds_ratio: float
    low: float
    high: float


def stratified_odds(
    baseline: tuple[FloatArray, FloatArray],
    variant: tuple[FloatArray, FloatArray],
    *,
    correction: bool = False,
) -> StratifiedOdds:
    """Cochran-Mantel-Haenszel test of hits in two arms over cells, by statsmodels.

    Args:
        baseline: Hits and samples of each cell, shape (K,) each.
        variant: The same for the variant.
        correction: Subtract one half from the difference of hits, as McNemar's test usually does.

    Returns:
        The test; where nothing varies within any cell, the odds ratio is NaN.
    """
    tables = np.array([[hits, samples - hits] for hits, samples in (variant, baseline)])
    mixed = (tables.sum(axis=0) > 0).all(axis=0) & (tables.sum(axis=1) > 0).all(axis=0)
    if not mixed.any():
        return StratifiedOdds(0.0, 1.0, np.nan, np.nan, np.nan)
    table: Any = StratifiedTable(tables[:, :, mixed])
    test = table.test_null_odds(correction=correction)
    with np.errstate(all="ignore"):
        low, high = table.oddsratio_pooled_confint()
        ratio = table.oddsratio_pooled
    return StratifiedOdds(*map(float, (test.statistic, test.pvalue, ratio, low, high)))


def _weights(difference: FloatArray) -> FloatArray:
    there = ~np.isnan(difference)
    models = there.sum(axis=-2, keepdims=True)
    ops = (models > 0).sum(axis=-1, keepdims=True)
    return np.where(there, 1 / np.maximum(models * ops, 1), 0.0)


def _total(cells: FloatArray) -> FloatArray:
    # A cell of weight zero may hold NaN.
    return np.asarray(np.nansum(cells, axis=(-2, -1)))


def _mean_over_arms(first: FloatArray, second: FloatArray) -> FloatArray:
    both = np.stack([first, second])
    there = ~np.isnan(both)
    count = there.sum(axis=(0, -2, -1))
    total = np.where(there, both, 0).sum(axis=(0, -2, -1))
    return np.divide(total, count, out=np.full(np.shape(count), np.nan), where=count > 0)


def _or_else(cells: FloatArray, spare: FloatArray) -> FloatArray:
    return np.where(np.isnan(cells), np.asarray(spare)[..., None, None], cells)


def _transform(t: FloatArray, skewness: FloatArray) -> FloatArray:
    a = skewness / 3
    return t + a * t**2 + a**2 * t**3 / 3 + skewness / 6


def _untransform(score: FloatArray, skewness: FloatArray) -> FloatArray:
    a = skewness / 3
    shifted = score - skewness / 6
    safe = np.where(np.abs(a) < 1e-9, 1.0, a)
    return np.where(np.abs(a) < 1e-9, shifted, (np.cbrt(1 + 3 * safe * shifted) - 1) / safe)
