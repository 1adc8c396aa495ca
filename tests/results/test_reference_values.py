"""The statistics against published examples and against other implementations."""

from typing import Any

import numpy as np
import pytest
import scipy.stats
import statsmodels.stats.multitest
from inspect_ai.scorer import Metric, SampleScore, Score, ci, ci_wilson, stderr

from skilldyno.results.statistics import (
    clustered_rate,
    holm,
    paired_t,
    sign_flip,
    smallest_detectable,
    wilson,
    within_cell_variance,
)

permutation_test: Any = scipy.stats.permutation_test
multipletests: Any = statsmodels.stats.multitest.multipletests

# Darwin's maize: differences in height of crossed and self-fertilised plants (Fisher 1935).
DARWIN = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=float)

# Table 1 of Benjamini and Hochberg (1995).
BENJAMINI_HOCHBERG = np.fromstring(
    "0.0001 0.0004 0.0019 0.0095 0.0201 0.0278 0.0298 0.0344 "
    "0.0459 0.3240 0.4262 0.5719 0.6528 0.7590 1.0000",
    sep=" ",
)

OPS = ([1, 1, 0], [0, 0, 0], [1, 1, 1], [1, 0, 0])


def test_darwins_paired_t():
    test = paired_t(DARWIN)
    assert test.statistic == pytest.approx(2.1479875, abs=5e-8)
    assert test.pvalue == pytest.approx(0.04970294, abs=5e-9)
    assert test.confidence_interval() == pytest.approx((0.0311933, 41.8354733), abs=5e-8)
    assert not test.floor_binds


def test_paired_t_is_scipys_without_a_floor():
    expected: Any = scipy.stats.ttest_1samp(DARWIN, 0)
    test = paired_t(DARWIN)
    assert test.statistic == pytest.approx(expected.statistic)
    assert test.pvalue == pytest.approx(expected.pvalue)
    assert test.confidence_interval(0.9) == pytest.approx(tuple(expected.confidence_interval(0.9)))


def test_fishers_exact_sign_flip():
    assert sign_flip(DARWIN) == pytest.approx(2 * 863 / 32768)


@pytest.mark.parametrize("ops", [2, 5, 9, 13])
def test_sign_flip_is_scipys_when_exact(ops: int):
    differences = np.random.default_rng(ops).normal(0.3, 1, ops).round(1)
    expected = permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert sign_flip(differences) == pytest.approx(expected.pvalue)


def test_sign_flip_is_near_scipys_when_sampled():
    differences = np.random.default_rng(3).normal(0.3, 1, 30)
    expected = permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        n_resamples=20_000,
        vectorized=True,
        random_state=np.random.default_rng(1),
    )
    assert sign_flip(differences) == pytest.approx(expected.pvalue, abs=0.015)
    assert sign_flip(differences) == sign_flip(differences)


@pytest.mark.parametrize(
    ("successes", "samples", "low", "high"),
    [
        (81, 263, 0.25529, 0.36621),
        (15, 148, 0.06239, 0.16049),
        (0, 20, 0, 0.16113),
        (1, 29, 0.00611, 0.17176),
    ],
)
def test_wilson_of_newcombe_1998(successes: int, samples: int, low: float, high: float):
    assert wilson(successes / samples, samples) == pytest.approx((low, high), abs=5e-6)


def test_holm_on_benjamini_and_hochbergs_table():
    assert np.sum(holm(BENJAMINI_HOCHBERG) <= 0.05) == 3
    assert np.sum(multipletests(BENJAMINI_HOCHBERG, method="fdr_bh")[1] <= 0.05) == 4
    shuffled = np.random.default_rng(0).permutation(BENJAMINI_HOCHBERG)
    np.testing.assert_allclose(holm(shuffled), multipletests(shuffled, method="holm")[1])


def test_holm_leaves_out_what_was_not_tested():
    adjusted = holm(np.array([0.01, np.nan, 0.03]))
    np.testing.assert_allclose(adjusted, [0.02, np.nan, 0.03])


@pytest.mark.parametrize(("effect", "deviation", "ops"), [(0.5, 1, 33.36713), (0.1, 0.25, 51.0096)])
def test_power_of_the_paired_t(effect: float, deviation: float, ops: float):
    assert smallest_detectable(deviation, ops) == pytest.approx(effect, rel=1e-5)


def test_clustered_rate_is_inspects():
    values = np.array(OPS, dtype=float).ravel()
    rate = clustered_rate(values, np.repeat(np.arange(4), 3))
    half = scipy.stats.t.ppf(0.975, 3) * rate.standard_error
    assert rate.standard_error == pytest.approx(0.2151657, abs=5e-8)
    assert rate.estimate + half == pytest.approx(1.1847534, abs=5e-8)
    assert rate.estimate - half == pytest.approx(-0.1847534, abs=5e-8)
    assert rate.confidence_interval() == pytest.approx((0.0961930, 0.9038070), abs=5e-8)

    scores = [
        SampleScore(score=Score(value=value), sample_metadata={"op": op})
        for op, samples in enumerate(OPS)
        for value in samples
    ]

    def inspects(metric: Metric) -> object:
        return metric(scores)  # pyright: ignore[reportArgumentType]

    assert inspects(stderr(cluster="op")) == pytest.approx(rate.standard_error)
    assert inspects(ci(cluster="op")) == pytest.approx(
        {"lower": rate.estimate - half, "upper": rate.estimate + half}
    )
    low, high = rate.confidence_interval()
    assert inspects(ci_wilson(cluster="op")) == pytest.approx({"lower": low, "upper": high})


def test_the_variance_floor_by_hand():
    # One model, two ops, three epochs, 3 and 2 correct: p̄ = 5.5/7, p̃ = (x + p̄)/4.
    rates = [(3 + 5.5 / 7) / 4, (2 + 5.5 / 7) / 4]
    expected = sum(rate * (1 - rate) / 3 for rate in rates) / 4
    found = within_cell_variance(np.array([[3.0, 2.0]]), np.array([[3.0, 3.0]]))
    assert found == pytest.approx(expected)


def test_the_floor_binds_at_the_ceiling_and_says_so():
    full = np.full((1, 8), 3.0)
    floor = 2 * within_cell_variance(full, full)
    test = paired_t(np.zeros(8), floor)
    assert test.floor_binds
    assert test.pvalue == 1
    low, high = test.confidence_interval()
    assert low == -high
    assert high == pytest.approx(0.048, abs=5e-4)
