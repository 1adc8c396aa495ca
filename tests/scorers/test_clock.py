"""When timing stops, and what its pairs say."""

import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skilldyno.scorers.judge.clock import (
    StoppingCriterion,
    bootstrap_medians,
    geometric_mean_interval,
    median_at_least,
    median_interval,
)

ratios = st.lists(st.floats(-3, 3), min_size=1, max_size=40)


@settings(max_examples=50, deadline=None)
@given(ratios)
def test_interval_holds_its_estimate_and_lies_within_the_data(values):
    interval = median_interval(bootstrap_medians(values), values)
    assert min(values) - 1e-12 <= interval.low <= interval.estimate + 1e-12
    assert interval.estimate - 1e-12 <= interval.high <= max(values) + 1e-12


@settings(max_examples=50, deadline=None)
@given(ratios, st.floats(-2, 2))
def test_a_faster_baseline_shifts_the_interval(values, shift):
    there = median_interval(bootstrap_medians(values), values)
    moved = [v + shift for v in values]
    here = median_interval(bootstrap_medians(moved), moved)
    np.testing.assert_allclose(
        [here.low, here.estimate, here.high],
        [there.low + shift, there.estimate + shift, there.high + shift],
        atol=1e-9,
    )


def test_interval_covers_the_median():
    random = np.random.default_rng(7)
    hits = 0
    for _ in range(400):
        values = list(random.normal(0.5, 0.1, 15))
        interval = median_interval(bootstrap_medians(values), values)
        hits += interval.low <= 0.5 <= interval.high
    assert 0.90 <= hits / 400 <= 0.985


def test_speed_of_a_candidate_is_the_geometric_mean_over_workloads():
    interval = geometric_mean_interval([[np.log(2.0)] * 5, [np.log(8.0)] * 5])
    np.testing.assert_allclose(np.exp(interval.estimate), 4.0)
    np.testing.assert_allclose(interval.low, interval.high)


def test_criterion_wants_its_pairs_then_precision_then_gives_up():
    criterion = StoppingCriterion(
        half_width=0.01, min_pairs=4, max_pairs=8, seconds=60.0, patience_seconds=120.0
    )
    now = time.monotonic()
    wide = [0.0, 1.0, 0.0, 1.0]
    assert not criterion.done([0.5] * 3, 3, now)
    assert criterion.done([0.5] * 4, 4, now)
    assert not criterion.done(wide, 4, now)
    assert criterion.done(wide * 2, 8, now)
    assert criterion.done(wide, 4, now - 61.0)
    assert not criterion.done([], 30, now - 61.0)
    assert criterion.done([], 30, now - 121.0)


def test_least_median_is_an_order_statistic():
    # Of ten values at most one lies below the median with probability 11/1024.
    values = [7.0, 1.0, 9.0, 4.0, 2.0, 8.0, 3.0, 10.0, 6.0, 5.0]
    assert median_at_least(values, 11 / 1024) == 2.0
    assert median_at_least(values, 10 / 1024) == 1.0
    assert median_at_least(values, 0.5 / 1024) == -np.inf
    assert median_at_least([], 0.5) == -np.inf


def test_least_median_is_seldom_above_the_median():
    random = np.random.default_rng(3)
    above = sum(
        median_at_least(list(random.exponential(size=20)), 0.05) > np.log(2) for _ in range(4000)
    )
    assert above / 4000 < 0.06
