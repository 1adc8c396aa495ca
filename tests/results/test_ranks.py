"""Intervals that hold at once, and the ranks that follow from them."""

import itertools

import numpy as np
import pytest
import scipy.stats

from skilldyno.results.statistics import rank_intervals, simultaneous_intervals


def test_one_difference_has_students_interval_nearly():
    differences = np.random.default_rng(5).normal(0.3, 1, size=(1, 40))
    found = simultaneous_intervals(differences, np.zeros(1))
    students = scipy.stats.ttest_1samp(differences[0], 0).confidence_interval()
    assert found.method == "max-T sign-flip"
    assert found.low[0] == pytest.approx(students.low, abs=0.03)
    assert found.high[0] == pytest.approx(students.high, abs=0.03)


def test_intervals_grow_with_the_number_of_differences_but_less_than_bonferronis():
    rng = np.random.default_rng(6)
    skills = rng.normal(size=(8, 20))
    pairs = list(itertools.combinations(range(8), 2))
    differences = np.array([skills[a] - skills[b] for a, b in pairs])
    alone = simultaneous_intervals(differences[:1], np.zeros(1))
    found = simultaneous_intervals(differences, np.zeros(len(pairs)))
    quantile = scipy.stats.t.ppf(1 - 0.025 / len(pairs), 19)
    bonferroni = quantile * scipy.stats.sem(differences[0])
    half = (found.high - found.low)[0] / 2
    assert (alone.high - alone.low)[0] / 2 < half < bonferroni


def test_all_intervals_together_cover_nineteen_of_twenty_where_all_tie():
    rng, replicates, pairs = np.random.default_rng(7), 200, [(0, 1), (0, 2), (1, 2), (0, 3), (2, 3)]
    covered = sure = 0
    for _ in range(replicates):
        skills = rng.normal(size=(4, 12)) + rng.normal(size=12)
        differences = np.array([skills[a] - skills[b] for a, b in pairs])
        found = simultaneous_intervals(differences, np.zeros(len(pairs)))
        covered += bool(np.all((found.low <= 0) & (found.high >= 0)))
        ranks = rank_intervals(4, np.array(pairs), found)
        sure += any(rank != (1, 4) for rank in ranks)
    assert 0.92 <= covered / replicates <= 0.985
    assert sure == replicates - covered


def test_too_few_ops_and_no_spread_give_no_interval():
    rng = np.random.default_rng(8)
    few = simultaneous_intervals(rng.normal(size=(1, 7)), np.zeros(1))
    assert np.isnan(few.low[0])
    assert few.method == ""
    assert np.isnan(simultaneous_intervals(np.ones((1, 9)), np.zeros(1)).low[0])


def test_where_flips_leave_no_spread_the_intervals_are_bonferronis():
    # All residuals of one size: eight flips in a hundred give some difference one sign throughout.
    patterns = [plus for plus in itertools.combinations(range(8), 4) if 0 in plus][:10]
    differences = np.array([[1.0 if op in plus else -1.0 for op in range(8)] for plus in patterns])
    found = simultaneous_intervals(differences, np.zeros(10))
    assert found.method == "Bonferroni"
    half = scipy.stats.t.ppf(1 - 0.025 / 10, 7) * scipy.stats.sem(differences[0])
    assert found.high == pytest.approx(half)
    assert simultaneous_intervals(differences[:1], np.zeros(1)).method == "max-T sign-flip"


def test_chance_within_cells_bounds_an_interval_without_spread():
    found = simultaneous_intervals(np.full((1, 10), 0.2), np.array([0.15**2]))
    assert found.low[0] == pytest.approx(0.2 - 1.959964 * 0.15)
    assert found.high[0] == pytest.approx(0.2 + 1.959964 * 0.15)


def test_missing_ops_are_left_out_of_their_difference():
    values = np.random.default_rng(9).normal(size=(1, 12))
    padded = np.full((1, 14), np.nan)
    padded[:, :12] = values
    whole, part = (simultaneous_intervals(each, np.zeros(1)) for each in (values, padded))
    assert part.estimate == pytest.approx(whole.estimate)
    assert part.low == pytest.approx(whole.low, abs=0.02)


def test_ranks_follow_from_the_differences():
    # 0 beats 1 and 2; 1 and 2 tie; 3 loses against 0 alone.
    pairs = np.array([(0, 1), (0, 2), (3, 0), (1, 2), (1, 3), (2, 3)])
    low = np.array([0.1, 0.2, -0.9, -0.2, -0.1, np.nan])
    high = np.array([0.5, 0.6, -0.1, 0.3, 0.4, np.nan])
    found = simultaneous_intervals(np.zeros((6, 1)), np.zeros(6))
    found = type(found)(found.estimate, low, high, "max-T sign-flip")
    assert rank_intervals(4, pairs, found) == ((1, 1), (2, 4), (2, 4), (2, 4))
