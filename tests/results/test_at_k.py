"""What k tries give: unbiased, checked against every choice of k."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_rows import NAMES, make_rows

from skilldyno.results.statistics import best_of_k, compare
from skilldyno.results.terminal import render


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=7), st.integers(1, 7))
def test_the_best_of_k_is_the_mean_over_every_choice(values: list[float], k: int):
    k = min(k, len(values))
    chosen = [max(choice) for choice in combinations(values, k)]
    assert best_of_k(np.array(values), k) == pytest.approx(np.mean(chosen), abs=1e-9)


def test_more_tries_are_never_worse():
    values = np.random.default_rng(1).normal(size=9)
    best = [best_of_k(values, k) for k in range(1, 10)]
    assert best == sorted(best)
    assert best[0] == pytest.approx(values.mean())
    assert best[-1] == pytest.approx(values.max())


def test_each_op_has_its_tries():
    # Of five samples, op 0 has two correct, at 4x and 0.5x; op 1 has all, at 2x.
    def sample(model: str, variant: str, op: str, epoch: int) -> tuple[float, float]:
        if op == NAMES[1]:
            return 1.0, 2.0
        return float(epoch <= 2), 4.0 if epoch == 1 else 0.5

    comparison = compare(make_rows(sample, ops=NAMES[:2], epochs=5))
    first, second = comparison.arms[0].by_op
    assert (first.op, first.samples) == (NAMES[0], 5)
    # pass@k of (n, c) = (5, 2): 1 - C(3, k) / C(5, k).
    assert first.pass_at == pytest.approx({1: 0.4, 2: 0.7, 3: 0.9, 5: 1})
    assert first.fast_at[1.0] == pytest.approx({1: 0.2, 2: 0.4, 3: 0.6, 5: 1})
    assert first.fast_at[0.0] == pytest.approx(first.pass_at)
    # One of five is worth 4x, the others 1x: it is among k with k / 5.
    assert first.best_of == pytest.approx({k: 4 ** (k / 5) for k in (1, 2, 3, 5)})
    assert second.best_of == pytest.approx(dict.fromkeys((1, 2, 3, 5), 2.0))
    arm = comparison.arms[0]
    assert arm.pass_at == pytest.approx({1: 0.7, 2: 0.85, 3: 0.95, 5: 1})
    assert arm.fast_at[2] == pytest.approx(0.7)
    assert arm.best_of[5] == pytest.approx(np.sqrt(8))
    text = render(comparison)
    assert "pass@5" in text
    assert "2.83x" in text


def test_one_try_is_no_table():
    assert "pass@" not in render(compare(make_rows(lambda *_: (1, 2.0), epochs=1)))
