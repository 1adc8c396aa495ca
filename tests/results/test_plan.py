"""Plans: ops and epochs for a wanted effect, from assumed, given and piloted variances."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from synthetic_logs import OPS, SKILL, Outcome, write_log
from synthetic_rows import Sample, make_rows

from skilldyno.results.plan import (
    ASSUMED,
    PlanError,
    Variances,
    make_plan,
    ops_needed,
    pilot_variances,
    plannable,
)
from skilldyno.results.plan_text import plot_plan, render_plan

CORRECT = plannable("correct")


@pytest.mark.parametrize(
    ("ops", "models", "points"),
    [
        (8, 3, (40, 27, 20)),
        (20, 3, (23, 15, 11)),
        (40, 3, (16, 10.5, 8)),
        (8, 1, (67, 41, 27)),
        (20, 1, (38, 24, 16)),
        (40, 1, (26, 16, 11)),
    ],
)
def test_what_is_assumed_gives_the_simulated_detectable_effects(
    ops: int, models: int, points: tuple[float, ...]
):
    plan = make_plan(
        ASSUMED["correct"], CORRECT, 10, power=0.8, models=models, ops=ops, epochs=(1, 3, 10)
    )
    assert [row.detectable for row in plan.rows] == pytest.approx(points, rel=0.06)


@pytest.mark.parametrize(("effect", "deviation", "ops"), [(0.5, 1, 33.36713), (0.1, 0.25, 51.0096)])
def test_ops_needed_is_the_power_of_the_paired_t(effect: float, deviation: float, ops: float):
    assert ops_needed(effect, deviation, 0.8) == math.ceil(ops)


def test_ops_have_a_least_and_a_most():
    assert ops_needed(5, 1, 0.8) == 8
    assert ops_needed(1e-4, 1, 0.8) == math.inf
    assert ops_needed(0.1, 0, 0.8) == 8


def test_more_epochs_need_fewer_ops_until_they_stop_helping():
    plan = make_plan(Variances(0.3, 0.03, 0, "given"), CORRECT, 10, power=0.8, models=1, ops=40)
    needed = [row.ops for row in plan.rows]
    assert needed == sorted(needed, reverse=True)
    assert plan.epochs_that_help == pytest.approx(10)
    assert plan.fewest_epochs == next(row.epochs for row in plan.rows if row.ops <= 40)
    row = plan.rows[2]
    assert row.samples == 2 * row.ops * row.epochs
    text = render_plan(plan)
    assert "Beyond 10 epochs add ops" in text
    assert f"40 ops suffice with {plan.fewest_epochs} epochs." in text


def test_tokens_and_money_are_multiples_of_a_samples():
    plan = make_plan(ASSUMED["correct"], CORRECT, 10, power=0.8, models=2, tokens=1_000, cost=0.01)
    for row in plan.rows:
        assert row.tokens == 1_000 * row.samples
        assert row.cost == pytest.approx(0.01 * row.samples)
    assert "$" in render_plan(plan)
    assert "tokens" not in render_plan(
        make_plan(ASSUMED["correct"], CORRECT, 10, power=0.8, models=2)
    )


def test_a_pilot_finds_the_variances_that_made_it():
    rng = np.random.default_rng(11)
    ops = tuple(f"op_{index:04}" for index in range(600))
    models = ("lab/a", "lab/b")
    effects = 0.2 * rng.normal(size=len(ops))
    by_op = dict(zip(ops, effects, strict=True))
    by_model = {(op, model): 0.1 * rng.normal() for op in ops for model in models}

    def sample(model: str, variant: str, op: str, epoch: int) -> Sample:
        shift = by_op[op] + by_model[op, model] if variant != "none" else 0.0
        return 1.0, math.exp(2 + shift + 0.3 * rng.normal())

    rows: Any = make_rows(sample, ops=ops, models=models)
    found = pilot_variances(rows, plannable("deployable_speedup"))
    assert found.within == pytest.approx(2 * 0.09, rel=0.08)
    assert found.between_ops == pytest.approx(0.04, rel=0.25)
    assert found.between_models == pytest.approx(0.01, rel=0.5)


def test_a_plan_keeps_its_promise():
    # The plan says how many ops show 15 points in 80 % of studies: so they do.
    rng = np.random.default_rng(3)

    def effects(size: int) -> tuple[np.ndarray, np.ndarray]:
        logits = 1.5 * rng.normal(size=size)
        return expit(logits), expit(logits + 0.95 + 0.5 * rng.normal(size=size))

    before, after = effects(400_000)
    epochs, size = 3, float(np.mean(after - before))
    chance = float(np.mean(before * (1 - before) + after * (1 - after)))
    plan = make_plan(
        Variances(chance, float(np.var(after - before)), 0, "given"),
        CORRECT,
        100 * size,
        power=0.8,
        models=1,
        epochs=(epochs,),
    )
    ops, found, replicates = int(plan.rows[0].ops), 0, 1_500
    for _ in range(replicates):
        arms = [rng.binomial(epochs, rate) / epochs for rate in effects(ops)]
        difference = arms[1] - arms[0]
        found += abs(difference.mean()) > 2.0 * difference.std(ddof=1) / math.sqrt(ops)
    assert 0.76 < found / replicates < 0.86


@pytest.mark.parametrize(
    "rows", [make_rows(lambda *_: (1, 2.0)), make_rows(lambda *_: (1, 2.0), epochs=1)]
)
def test_a_pilot_that_tells_nothing_is_refused(rows: Any):
    with pytest.raises(PlanError, match="pilot"):
        pilot_variances(rows, CORRECT)


def test_the_plot_is_a_file(tmp_path: Path):
    plan = make_plan(ASSUMED["correct"], CORRECT, 10, power=0.8, models=1, ops=24)
    plot_plan(plan, tmp_path / "plan.svg")
    drawn = (tmp_path / "plan.svg").read_text(encoding="utf-8")
    assert "<svg" in drawn


def half(op: str, epoch: int) -> Outcome:
    return Outcome("incorrect") if (OPS.index(op) + epoch) % 3 == 0 else Outcome(speedup=2.0)


def test_the_command_plans_from_a_pilot_and_from_nothing(tmp_path: Path, skilldyno: Any):
    write_log(tmp_path / "logs", judge=half)
    write_log(tmp_path / "logs", variant=SKILL, judge=half)
    plot = tmp_path / "plan.png"
    done = skilldyno(
        "plan", str(tmp_path / "logs"), "--ops", "8", "--price", "3", "15", "--plot", str(plot)
    )
    assert done.returncode == 0, done.stderr
    assert "pilot of 8 ops" in done.stdout
    assert "$" in done.stdout
    assert plot.stat().st_size > 5_000
    plan = json.loads(skilldyno("plan", "--models", "3", "--json").stdout)
    assert plan["rows"][0]["epochs"] == 1
    assert plan["variances"]["source"].startswith("assumed")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--metric", "beauty"], "name one of correct"),
        (["--metric", "compiled"], "nothing is assumed of compiled"),
        (["--effect", "-3"], "above 0 points"),
        (["--metric", "deployable_speedup", "--effect", "1"], "a ratio above 1"),
        (["--power", "1"], "--power between"),
        (["nowhere"], "nowhere does not exist"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: str, skilldyno: Any):
    done = skilldyno("plan", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
