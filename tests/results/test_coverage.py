"""The simulation of benchmarks/coverage.py, small and seeded: shipped rates are what they say."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

_FILE = Path(__file__).parents[2] / "benchmarks" / "coverage.py"


def load_benchmark() -> Any:
    spec = importlib.util.spec_from_file_location("coverage_benchmark", _FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by its name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


coverage = load_benchmark()
REPLICATES = 500


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2024)


@pytest.mark.parametrize("models", [1, 3])
@pytest.mark.parametrize(("ops", "epochs"), [(20, 1), (20, 3), (20, 10), (40, 3)])
@pytest.mark.parametrize("level", [0.0, 2.0])
def test_intervals_of_both_targets_cover(
    rng: np.random.Generator, ops: int, epochs: int, models: int, level: float
):
    study = coverage.Study(ops, models, epochs, level, 0.8)
    assert 0.92 <= coverage.new_ops_coverage(rng, study, REPLICATES)[0] <= 0.98
    assert 0.92 <= coverage.suite_coverage(rng, study, 4 * REPLICATES) <= 0.985


@pytest.mark.parametrize("epochs", [1, 3, 10])
def test_intervals_at_the_ceiling_are_never_too_short(rng: np.random.Generator, epochs: int):
    study = coverage.Study(20, 1, epochs, 5.0, 0.5)
    assert coverage.new_ops_coverage(rng, study, REPLICATES)[0] >= 0.92
    assert coverage.suite_coverage(rng, study, 4 * REPLICATES) >= 0.93


def test_a_skill_that_changes_nothing_is_found_in_at_most_5_per_cent(rng: np.random.Generator):
    study = coverage.Study(20, 3, 3, 0.0, 0.0, varies=False)
    assert coverage.new_ops_coverage(rng, study, 2 * REPLICATES)[1] <= 0.065


@pytest.mark.parametrize("losses", [False, True])
def test_intervals_of_speeds_cover_also_where_slow_kernels_are_lost(
    rng: np.random.Generator, losses: bool
):
    study = coverage.Study(20, 3, 3, 0.0, 0.0)
    for share in coverage.speed_coverage(rng, study, 2 * REPLICATES, losses=losses):
        assert 0.92 <= share <= 0.98


@pytest.mark.parametrize("looks", [(5,), (2, 4, 5)])
@pytest.mark.parametrize("models", [1, 3])
@pytest.mark.parametrize("gate", coverage.GATES, ids=lambda gate: gate.name)
def test_the_gate_passes_a_loss_of_its_margin_in_5_per_cent(
    rng: np.random.Generator, gate: Any, models: int, looks: tuple[int, ...]
):
    passed, _, _ = coverage.gate_shares(rng, gate.rates(20, models, 0.1), looks, 4 * REPLICATES)
    # 2,000 replicates leave .05 open by .01.
    assert passed <= 0.067
    passed, failed, _ = coverage.gate_shares(rng, gate.rates(20, models, 0), looks, 2 * REPLICATES)
    assert failed <= 0.067
    if models == 3:
        assert passed >= 0.86
