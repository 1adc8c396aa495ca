"""The statistics against published examples and against other implementations."""

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.stats
import statsmodels.stats.multitest
from inspect_ai.scorer import Metric, SampleScore, Score, ci, ci_wilson, stderr

from skilldyno.results.statistics import (
    benjamini_hochberg,
    clustered_rate,
    holm,
    paired_t,
    pass_at_k,
    sign_flip,
    smallest_detectable,
    stratified_odds,
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


def test_darwins_non_inferiority():
    shifted = paired_t(DARWIN + 10)
    assert shifted.statistic == pytest.approx(3.1740961, abs=5e-8)
    assert shifted.pvalue / 2 == pytest.approx(0.00337997, abs=5e-9)
    assert paired_t(DARWIN).confidence_interval(0.9).low == pytest.approx(3.7683858, abs=5e-8)


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
    assert np.sum(benjamini_hochberg(BENJAMINI_HOCHBERG) <= 0.05) == 4
    shuffled = np.random.default_rng(0).permutation(BENJAMINI_HOCHBERG)
    np.testing.assert_allclose(holm(shuffled), multipletests(shuffled, method="holm")[1])


def test_holm_leaves_out_what_was_not_tested():
    adjusted = holm(np.array([0.01, np.nan, 0.03]))
    np.testing.assert_allclose(adjusted, [0.02, np.nan, 0.03])


def test_adjustments_of_several_families_at_once():
    families = np.random.default_rng(2).uniform(size=(5, 4))
    families[2, 1] = np.nan
    for adjusted, family in zip(holm(families), families, strict=True):
        np.testing.assert_allclose(adjusted, holm(family))
    assert np.isnan(benjamini_hochberg(np.array([np.nan, 0.2]))[0])


# Discordant pairs 12 and 2, concordant 20 and 16: one cell for each pair, one sample in each arm.
PAIRS = np.array([(1, 1)] * 20 + [(1, 0)] * 12 + [(0, 1)] * 2 + [(0, 0)] * 16, dtype=float)


def test_mcnemar_is_the_stratified_test_with_one_epoch():
    ones = np.ones(len(PAIRS))
    corrected = stratified_odds((PAIRS[:, 1], ones), (PAIRS[:, 0], ones), correction=True)
    assert corrected.statistic == pytest.approx(5.785714, abs=5e-7)
    assert corrected.pvalue == pytest.approx(0.0161569, abs=5e-8)
    assert sign_flip(PAIRS[:, 0] - PAIRS[:, 1]) == pytest.approx(0.01293945, abs=5e-9)


def test_cochran_mantel_haenszel_on_berkeleys_admissions():
    # Six departments: admitted and rejected men, then women (Bickel, Hammel and O'Connell 1975).
    men = np.array([[512, 313], [353, 207], [120, 205], [138, 279], [53, 138], [22, 351]], float)
    women = np.array([[89, 19], [17, 8], [202, 391], [131, 244], [94, 299], [24, 317]], float)
    test = stratified_odds((women[:, 0], women.sum(axis=1)), (men[:, 0], men.sum(axis=1)))
    assert test.statistic == pytest.approx(1.5246067, abs=5e-8)
    assert test.odds_ratio == pytest.approx(0.9046968, abs=5e-8)
    assert (test.low, test.high) == pytest.approx((0.7719074, 1.0603298), abs=5e-8)


@pytest.mark.parametrize(
    ("samples", "successes", "k", "expected"),
    [(5, 2, 2, 0.7), (10, 3, 5, 0.9166667), (20, 1, 10, 0.5)],
)
def test_pass_at_k(samples: float, successes: float, k: int, expected: float):
    found = pass_at_k(np.array([samples]), np.array([successes]), k)
    assert found == pytest.approx(expected, abs=5e-8)


@pytest.mark.parametrize(("effect", "deviation", "ops"), [(0.5, 1, 33.36713), (0.1, 0.25, 51.0096)])
def test_power_of_the_paired_t(effect: float, deviation: float, ops: float):
    assert smallest_detectable(deviation, ops) == pytest.approx(effect, rel=1e-5)


def test_more_ops_detect_less_and_an_effect_is_found_for_any_number_of_them():
    effects = [smallest_detectable(1.0, ops) for ops in range(2, 130)]
    assert all(more < fewer for fewer, more in itertools.pairwise(effects))
    assert 0 < effects[-1] < effects[0] < 20


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
    assert high == pytest.approx(1.959964 * floor**0.5)
