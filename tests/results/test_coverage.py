"""The intervals hold the truth as often as they say, over seeded replicates."""

import numpy as np
import pytest
from scipy.special import expit

from skilldyno.results.statistics import paired_t, within_cell_variance

REPLICATES = 500
OP_SPREAD, EFFECT, EFFECT_SPREAD = 1.5, 0.8, 0.5


def coverage_of_correctness(ops: int, models: int, epochs: int, level: float) -> float:
    """Ops are drawn from a population, with logits around `level`, and epochs from each op."""
    rng = np.random.default_rng(2024)

    def rates(size: int) -> tuple[np.ndarray, np.ndarray]:
        baseline = level + OP_SPREAD * rng.normal(size=size)
        return expit(baseline), expit(baseline + EFFECT + EFFECT_SPREAD * rng.normal(size=size))

    without, with_skill = rates(300_000)
    truth = float(np.mean(with_skill - without))
    samples = np.full((models, ops), float(epochs))
    held = 0
    for _ in range(REPLICATES):
        arms = [rng.binomial(epochs, rate, (models, ops)).astype(float) for rate in rates(ops)]
        floor = sum(within_cell_variance(arm, samples) for arm in arms)
        differences = ((arms[1] - arms[0]) / epochs).mean(axis=0)
        low, high = paired_t(differences, floor).confidence_interval()
        held += low <= truth <= high
    return held / REPLICATES


@pytest.mark.parametrize(
    ("ops", "models", "epochs", "level"),
    [
        pytest.param(20, 3, 3, 0.0, id="middle"),
        pytest.param(20, 1, 3, 0.0, id="one model"),
        pytest.param(40, 3, 3, 3.0, id="93 % correct"),
        pytest.param(20, 3, 10, 5.0, id="98 % correct"),
        pytest.param(40, 3, 3, 5.0, id="98 % correct, few epochs"),
    ],
)
def test_correctness_interval_covers(ops: int, models: int, epochs: int, level: float):
    assert 0.92 <= coverage_of_correctness(ops, models, epochs, level) <= 0.975


def test_few_samples_at_the_ceiling_err_on_the_safe_side():
    # 8 ops x 3 epochs near 98 %: the floor makes the interval conservative, never too short.
    assert coverage_of_correctness(8, 1, 3, 5.0) >= 0.92


@pytest.mark.parametrize("ops", [8, 20])
def test_speed_interval_covers(ops: int):
    # True coverage is .931 at 8 ops and .941 at 20 (20,000 replicates): more replicates than for
    # correctness, or chance alone would cross .92.
    rng = np.random.default_rng(7)
    replicates = 2_000
    held = 0
    for _ in range(replicates):
        # Half of the ops gain nothing: the deployable speedup is a skewed mixture.
        gains = np.where(rng.random(ops) < 0.5, 0, rng.normal(0.2, 0.1, ops))
        noise = rng.normal(0, 0.05, (ops, 3)).mean(axis=1)
        low, high = paired_t(gains + noise).confidence_interval()
        held += low <= 0.1 <= high
    assert 0.92 <= held / replicates <= 0.975
