"""What must hold of the statistics for any data."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from synthetic_rows import NAMES, make_rows

from skilldyno.results.statistics import (
    Comparison,
    Moments,
    clustered_rate,
    compare,
    holm,
    moments_of_samples,
    paired_t,
    sign_flip,
    suite_effect,
    within_cell_variance,
)

differences = arrays(
    float,
    st.integers(2, 14),
    elements=st.floats(-1, 1, allow_subnormal=False).map(lambda value: round(value, 6)),
)
tables = st.integers(0, 2**32 - 1)


def random_rows(seed: int, ops: int = 9) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rate = rng.uniform(0.2, 1)

    def sample(*_: object) -> tuple[float, float] | None:
        if rng.random() < 0.05:
            return None
        return float(rng.random() < rate), float(np.exp(rng.normal(0.3, 0.5)))

    return make_rows(sample, ops=NAMES[:ops], models=("lab/a", "lab/b"), epochs=2)


@given(differences, st.floats(0, 0.1))
def test_p_and_interval_agree(values: np.ndarray, floor: float):
    test = paired_t(values, floor)
    low, high = test.confidence_interval()
    if not np.isnan(test.pvalue) and abs(test.pvalue - 0.05) > 1e-9:
        assert (test.pvalue < 0.05) == (low > 0 or high < 0)


@given(differences, st.floats(0, 0.1))
def test_the_floor_only_widens(values: np.ndarray, floor: float):
    plain, floored = paired_t(values), paired_t(values, floor)
    if not np.isnan(plain.standard_error):
        assert floored.standard_error >= plain.standard_error


@given(differences)
def test_negated_differences_negate_the_test(values: np.ndarray):
    test, mirror = paired_t(values, 0.01), paired_t(-values, 0.01)
    low, high = test.confidence_interval()
    assert mirror.confidence_interval() == pytest.approx((-high, -low))
    assert mirror.pvalue == pytest.approx(test.pvalue)
    assert sign_flip(-values) == pytest.approx(sign_flip(values))


@given(differences, st.randoms(use_true_random=False))
def test_the_order_of_ops_changes_nothing(values: np.ndarray, random):
    shuffled = values.copy()
    random.shuffle(shuffled)
    assert paired_t(shuffled, 0.01).pvalue == pytest.approx(paired_t(values, 0.01).pvalue)
    assert sign_flip(shuffled) == pytest.approx(sign_flip(values))


@given(arrays(float, st.integers(1, 12), elements=st.floats(0, 1)))
def test_holm_lies_between_p_and_bonferroni(pvalues: np.ndarray):
    adjusted = holm(pvalues)
    assert np.all(adjusted >= pvalues)
    assert np.all(adjusted <= np.minimum(1, len(pvalues) * pvalues) + 1e-12)


@given(
    arrays(float, st.tuples(st.integers(1, 3), st.integers(1, 6)), elements=st.integers(0, 3)),
    st.integers(3, 5),
)
def test_the_within_cell_variance_is_never_zero(successes: np.ndarray, epochs: int):
    assert within_cell_variance(successes, np.full(successes.shape, float(epochs))) > 0


@given(st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=4), min_size=2, max_size=8))
def test_a_rates_interval_holds_its_estimate_within_0_and_1(ops: list[list[int]]):
    values = np.array([value for op in ops for value in op], dtype=float)
    clusters = [index for index, op in enumerate(ops) for _ in op]
    rate = clustered_rate(values, clusters)
    low, high = rate.confidence_interval()
    assert 0 <= low <= rate.estimate + 1e-12
    assert rate.estimate - 1e-12 <= high <= 1


cells = st.tuples(
    st.integers(1, 3), st.integers(1, 8), st.integers(1, 4), st.integers(0, 2**32 - 1)
)


def suite_arms(shape: tuple[int, int, int, int], proportion: bool) -> tuple[Moments, Moments]:
    models, ops, epochs, seed = shape
    rng = np.random.default_rng(seed)

    def arm() -> Moments:
        size = (models, ops, epochs)
        values = rng.random(size) < rng.random() if proportion else rng.normal(0, 1, size)
        return moments_of_samples(values.astype(float))

    return arm(), arm()


@given(cells, st.booleans())
def test_swapped_arms_negate_the_suite_effect(shape: tuple[int, int, int, int], proportion: bool):
    one, other = suite_arms(shape, proportion)
    forth = suite_effect(one, other, proportion=proportion)
    back = suite_effect(other, one, proportion=proportion)
    low, high = forth.confidence_interval()
    assert back.confidence_interval() == pytest.approx((-high, -low), abs=1e-9)
    assert back.estimate == pytest.approx(-forth.estimate)
    assert back.pvalue(0, "less") == pytest.approx(forth.pvalue(0, "greater"))


@given(cells, st.booleans(), st.floats(-0.9, 0.9), st.floats(0.5, 0.999))
def test_p_and_bounds_of_the_suite_effect_agree(
    shape: tuple[int, int, int, int], proportion: bool, null: float, level: float
):
    effect = suite_effect(*suite_arms(shape, proportion), proportion=proportion)
    p = float(effect.pvalue(null, "greater"))
    if effect.standard_error > 0 and abs(p - (1 - level)) > 1e-7:
        assert (p < 1 - level) == (effect.bound(level, "lower") > null)
    p = float(effect.pvalue(null, "less"))
    if effect.standard_error > 0 and abs(p - (1 - level)) > 1e-7:
        assert (p < 1 - level) == (effect.bound(level, "upper") < null)


def test_a_ratio_of_a_suite_is_welchs_test_in_a_single_cell():
    rng = np.random.default_rng(4)
    one, other = rng.normal(0, 1, 7), rng.normal(0.5, 2, 7)
    effect = suite_effect(
        moments_of_samples(one[None, None]), moments_of_samples(other[None, None]), proportion=False
    )
    welch: Any = scipy.stats.ttest_ind(other, one, equal_var=False)
    assert effect.pvalue() == pytest.approx(welch.pvalue)
    assert effect.confidence_interval() == pytest.approx(tuple(welch.confidence_interval()))


def test_a_proportion_of_a_suite_is_agresti_and_caffos_up_to_the_count():
    # 10 of 10 against 8 of 10 in one cell: one success and one failure are added to each arm.
    one, other = np.ones(10), np.r_[np.ones(8), np.zeros(2)]
    effect = suite_effect(
        moments_of_samples(one[None, None]), moments_of_samples(other[None, None]), proportion=True
    )
    assert effect.estimate == pytest.approx(-0.2)
    assert effect.centre == pytest.approx(9 / 12 - 11 / 12)
    assert effect.standard_error**2 == pytest.approx(0.8 * 0.2 / 9 + 2 / 12**2)


def numbers(comparison: Comparison) -> list[tuple[object, ...]]:
    return [
        (
            (each.metric, each.model, each.variant, each.ops, each.saturated_ops),
            *(
                None if np.isnan(value) else round(value, 9)
                for value in (each.estimate, each.ci_low, each.ci_high, each.p, each.p_sign_flip)
            ),
        )
        for each in comparison.contrasts
    ]


@settings(max_examples=12, deadline=None)
@given(tables)
def test_the_order_of_rows_changes_nothing(seed: int):
    rows = random_rows(seed)
    shuffled = rows.sample(frac=1, random_state=1)
    assert numbers(compare(shuffled)) == numbers(compare(rows))


@settings(max_examples=12, deadline=None)
@given(tables)
def test_names_of_ops_and_numbers_of_epochs_change_nothing(seed: int):
    rows = random_rows(seed)
    names = dict(zip(NAMES[:9], reversed(NAMES[:9]), strict=True))
    renamed = rows.assign(op=[names[op] for op in rows["op"]], epoch=3 - rows["epoch"])
    for one, other in zip(compare(rows).contrasts, compare(renamed).contrasts, strict=True):
        assert one.estimate == pytest.approx(other.estimate, nan_ok=True)
        assert one.ci_low == pytest.approx(other.ci_low, nan_ok=True)
        assert one.p_holm == pytest.approx(other.p_holm, nan_ok=True)


@settings(max_examples=12, deadline=None)
@given(tables)
def test_swapped_arms_negate_estimate_and_interval(seed: int):
    rows = random_rows(seed)
    forth = compare(rows, "none").contrasts
    back = compare(rows, "skill@123456").contrasts
    for one, other in zip(forth, back, strict=True):
        if one.unit == "points":
            mirrored = (-other.estimate, -other.ci_high, -other.ci_low)
        else:
            mirrored = (1 / other.estimate, 1 / other.ci_high, 1 / other.ci_low)
        found = (one.estimate, one.ci_low, one.ci_high)
        assert found == pytest.approx(mirrored, nan_ok=True)
        assert one.p == pytest.approx(other.p, nan_ok=True)


@settings(max_examples=12, deadline=None)
@given(tables)
def test_p_holm_and_interval_agree_in_a_comparison(seed: int):
    for each in compare(random_rows(seed)).contrasts:
        if np.isnan(each.p):
            continue
        assert each.p <= each.p_holm <= min(1, each.family * each.p) + 1e-12
        assert (each.p < 0.05) == (each.ci_low > each.neutral or each.ci_high < each.neutral)
        assert each.ci_low <= each.estimate <= each.ci_high
