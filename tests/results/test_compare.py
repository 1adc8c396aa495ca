"""What a comparison estimates, drops, adjusts and says."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from statsmodels.stats.contingency_tables import StratifiedTable
from synthetic_rows import NAMES, Sample, make_rows

from skilldyno.results.statistics import Comparison, Contrast, compare
from skilldyno.results.terminal import render

SKILL = "skill@123456"


def right(model: str, variant: str, op: str, epoch: int) -> Sample:
    return 1, 2.0


def better(model: str, variant: str, op: str, epoch: int) -> Sample:
    """With the Skill all is correct; without, every fourth op never is, and another 2 of 3."""
    number = int(op[-2:])
    wrong = variant == "none" and (number % 4 == 1 or (number % 4 == 3 and epoch == 1))
    return float(not wrong), (3.0 if variant == SKILL else 2.0) * (1 + number / 100)


def pooled(comparison: Comparison, metric: str) -> Contrast:
    return comparison.contrast(metric, SKILL)


def test_the_estimate_is_the_mean_over_ops_of_cell_differences():
    rows: Any = make_rows(better, ops=NAMES[:20])
    correct = pooled(compare(rows), "correct")
    cells = rows.groupby(["op", "variant"])["correct"].mean().unstack()
    differences = 100 * (cells[SKILL] - cells["none"])
    expected: Any = scipy.stats.ttest_1samp(differences, 0)
    assert correct.estimate == pytest.approx(100 / 3)
    assert correct.p == pytest.approx(expected.pvalue)
    assert (correct.ci_low, correct.ci_high) == pytest.approx(tuple(expected.confidence_interval()))
    assert (correct.baseline_level, correct.variant_level) == pytest.approx((200 / 3, 100))
    assert (correct.ops, correct.cells, correct.epochs) == (20, 20, 3)
    assert not correct.floor_binds


def test_speeds_are_ratios_of_geometric_means():
    comparison = compare(make_rows(better, ops=NAMES[:20]))
    conditional = pooled(comparison, "conditional_speedup")
    assert conditional.estimate == pytest.approx(1.5)
    assert conditional.variant_level / conditional.baseline_level == pytest.approx(1.5)
    deployable = pooled(comparison, "deployable_speedup")
    assert deployable.estimate > 1.5
    assert deployable.ci_low < deployable.estimate < deployable.ci_high
    assert pooled(comparison, "roofline_share").estimate == pytest.approx(1.5)


def test_a_weak_baseline_does_not_inflate_an_effect():
    def weak(*cell: object) -> Sample:
        correct, speedup = better(*cell)  # pyright: ignore[reportArgumentType]
        return correct, 10 * speedup

    strong, inflated = (compare(make_rows(each)) for each in (better, weak))
    for metric in ("conditional_speedup", "roofline_share"):
        assert pooled(strong, metric).estimate == pytest.approx(pooled(inflated, metric).estimate)


@pytest.mark.parametrize(("speedup", "deployed"), [(1.019, 1), (1.02, 1), (1.021, 1.021), (0.3, 1)])
def test_the_dead_band_and_the_fallback_of_the_deployable_speedup(speedup: float, deployed: float):
    comparison = compare(make_rows(lambda *_: (1, speedup)))
    assert pooled(comparison, "deployable_speedup").variant_level == pytest.approx(deployed)
    assert pooled(comparison, "conditional_speedup").variant_level == pytest.approx(speedup)


def test_fast_p_is_strict_and_needs_correctness():
    speeds = dict(zip(NAMES[:8], (0.4, 0.5, 0.8, 1.0, 1.2, 1.5, 2.0, 9.0), strict=True))
    rows: Any = make_rows(lambda model, variant, op, epoch: (float(op != NAMES[7]), speeds[op]))
    arm = compare(rows).arms[0]
    assert arm.fast_profile == pytest.approx(
        {0.0: 7 / 8, 0.5: 5 / 8, 0.8: 4 / 8, 1.0: 3 / 8, 1.5: 1 / 8, 2.0: 0}
    )
    assert arm.fast_1.estimate == 3 / 8


def test_cells_are_averaged_before_ops_whatever_the_number_of_samples():
    def rare(model: str, variant: str, op: str, epoch: int) -> Sample:
        return float(op != NAMES[0]), 2.0

    rows: Any = make_rows(rare, epochs=4)
    thinned = rows[(rows["op"] == NAMES[0]) | (rows["epoch"] == 1)]
    arm = compare(thinned).arms[0]
    assert arm.correct.estimate == 7 / 8
    assert pooled(compare(thinned), "correct").baseline_level == 87.5


def test_lost_samples_are_dropped_from_both_arms():
    def lost(model: str, variant: str, op: str, epoch: int) -> Sample | None:
        if variant == SKILL and op == NAMES[3] and epoch == 1:
            return None
        return better(model, variant, op, epoch)

    comparison = compare(make_rows(lost))
    correct = pooled(comparison, "correct")
    # The baseline's wrong sample of that op is epoch 1, and goes with its counterpart.
    assert correct.estimate == pytest.approx(100 * (2 + 1 / 3) / 8)
    assert (correct.infra_failures, correct.dropped_samples) == (1, 1)
    assert (correct.baseline_samples, correct.variant_samples) == (23, 23)
    assert [arm.infra_failures for arm in comparison.arms] == [0, 1]
    assert comparison.arms[0].correct.samples == 24
    assert comparison.verdicts["infra_error"] == 1


def test_every_kind_of_loss_is_reported():
    def some(model: str, variant: str, op: str, epoch: int) -> Sample | None:
        return (
            None
            if (variant, op, epoch) in {(SKILL, NAMES[1], 1), ("none", NAMES[4], 2)}
            else (
                float(epoch < 3 or op in NAMES[:3]),
                2.0 + epoch,
            )
        )

    rows: Any = make_rows(some)
    rows.loc[
        (rows["op"] == NAMES[1]) & (rows["epoch"] == 1) & (rows["variant"] == SKILL), "status"
    ] = "errored"
    rows = rows[(rows["op"] != NAMES[6]) | (rows["variant"] == "none")]
    comparison = compare(rows)
    assert (comparison.errored, comparison.unscored) == (1, 1)
    assert comparison.missing_cells == (f"{NAMES[6]} of lab/model with {SKILL}",)
    text = render(comparison)
    assert "(1 errored, 1 unscored in all)" in text
    assert f"Never run: {NAMES[6]} of lab/model with {SKILL}." in text


def test_this_suite_tests_by_cells_and_says_so():
    rng = np.random.default_rng(8)
    rates = dict(zip(NAMES[:20], rng.uniform(0, 1, 20), strict=True))

    def sample(model: str, variant: str, op: str, epoch: int) -> Sample:
        return float(
            rng.random() < min(1, rates[op] + 0.4 * (variant == SKILL))
        ), 2.0 + rng.random()

    rows = make_rows(sample, ops=NAMES[:20], epochs=5)
    each = compare(rows, target="this suite").contrast("correct", SKILL)
    assert each.target == "this suite"
    assert "Cochran-Mantel-Haenszel over 20 cells of this suite" in each.summary()
    assert each.summary().endswith("says nothing of similar ops")
    counts: Any = pd.crosstab(rows["op"], [rows["variant"], rows["correct"]])
    tables = [counts.loc[op].to_numpy().reshape(2, 2)[::-1, ::-1] for op in NAMES[:20]]
    table: Any = StratifiedTable(tables)
    assert each.p == pytest.approx(table.test_null_odds().pvalue)
    assert each.estimate == pytest.approx(compare(rows).contrast("correct", SKILL).estimate)


def test_kinds_of_operation_are_explored():
    rng = np.random.default_rng(1)
    rows: Any = make_rows(lambda *_: (float(rng.random() < 0.7), 2.0), ops=NAMES[:12])
    rows["family"] = ["norm" if op < NAMES[5] else "matmul" for op in rows["op"]]
    comparison = compare(rows)
    kinds = [each for each in comparison.by_kind if each.metric == "correct"]
    assert [(each.kind, each.ops) for each in kinds] == [("matmul", 7), ("norm", 5)]
    whole = comparison.contrast("correct", SKILL).estimate
    assert sum(each.ops * each.estimate for each in kinds) / 12 == pytest.approx(whole)
    assert all(each.p <= each.p_fdr <= 1 for each in comparison.by_kind if each.p < 1)
    assert "By kind of operation, exploratory" in render(comparison)


def test_tokens_are_compared_where_they_are_known():
    rows: Any = make_rows(right)
    rows["output_tokens"] = np.where(rows["variant"] == SKILL, 1500.0, 1000.0)
    comparison = compare(rows)
    assert pooled(comparison, "output_tokens").estimate == pytest.approx(1.5)
    assert "output tokens" in render(comparison)
    assert "output tokens" not in render(compare(make_rows(right)))


def test_an_op_lost_in_one_arm_is_left_out_and_named():
    def lost(model: str, variant: str, op: str, epoch: int) -> Sample | None:
        return None if op == NAMES[2] and variant == SKILL else (1, 2.0)

    correct = pooled(compare(make_rows(lost)), "correct")
    assert correct.ops == 7
    assert correct.dropped_ops == (NAMES[2],)
    assert correct.label == "estimates only"


def test_epochs_that_were_never_run_drop_nothing():
    rows: Any = make_rows(right, epochs=2)
    uneven = rows[(rows["variant"] == SKILL) | (rows["epoch"] == 1)]
    correct = pooled(compare(uneven), "correct")
    assert (correct.baseline_samples, correct.variant_samples) == (8, 16)
    assert correct.dropped_samples == 0
    assert correct.summary() == (
        f"8 of 8 correct with none and 16 of 16 correct with {SKILL}: no room to see an effect"
    )


def test_a_pool_weighs_models_equally_and_needs_an_op_in_each():
    def by_model(model: str, variant: str, op: str, epoch: int) -> Sample | None:
        if model == "lab/b" and op == NAMES[0]:
            return None
        return float(model == "lab/a" and variant == SKILL), 2.0

    comparison = compare(make_rows(by_model, models=("lab/a", "lab/b"), ops=NAMES[:9]))
    correct = pooled(comparison, "correct")
    assert correct.estimate == 50
    assert correct.ops == 8
    assert correct.dropped_ops == (NAMES[0],)
    assert comparison.contrast("correct", SKILL, "lab/a").estimate == 100
    assert comparison.contrast("correct", SKILL, "lab/a").ops == 9
    assert comparison.contrast("correct", SKILL, "lab/b").estimate == 0


def test_one_model_is_its_own_pool_and_shown_once():
    comparison = compare(make_rows(right))
    assert {each.model for each in comparison.contrasts} == {"pooled"}
    assert pooled(comparison, "correct").model_name == "lab/model"
    with pytest.raises(KeyError):
        comparison.contrast("correct", SKILL, "lab/model")


def test_holm_runs_within_a_metric_over_models_and_variants():
    rng = np.random.default_rng(5)
    rows: Any = make_rows(
        lambda *_: (float(rng.random() < 0.6), float(rng.uniform(0.5, 3))),
        models=("lab/a", "lab/b"),
        variants=("none", "one@111111", "two@222222"),
        ops=NAMES[:20],
    )
    comparison = compare(rows)
    for each in comparison.contrasts:
        if each.metric in ("output_tokens", "manifest", "loaded", "compat", "best_share"):
            continue
        assert each.family == (2 if each.model == "pooled" else 4)
        family = [
            other.p
            for other in comparison.contrasts
            if (other.metric, other.model == "pooled") == (each.metric, each.model == "pooled")
        ]
        assert each.p <= each.p_holm <= min(1, each.family * each.p) + 1e-12
        if each.p == min(family):
            assert each.p_holm == pytest.approx(min(1, each.family * each.p))


def test_conditional_metrics_count_the_cells_correct_in_both_arms():
    def half(model: str, variant: str, op: str, epoch: int) -> Sample:
        return float(op in NAMES[:9] or variant == "none"), 2.0 + epoch

    conditional = pooled(compare(make_rows(half, ops=NAMES[:20])), "conditional_speedup")
    assert (conditional.ops, conditional.cells) == (9, 9)
    assert "n = 9 cells correct in both arms" in conditional.summary()


def test_the_floor_is_named_where_it_binds():
    def nearly(model: str, variant: str, op: str, epoch: int) -> Sample:
        return float((op, epoch) != (NAMES[0], 1)), 2.0

    correct = pooled(compare(make_rows(nearly)), "correct")
    assert correct.floor_binds
    assert correct.summary().endswith("interval set by the variance floor)")
    assert correct.ci_low < 0 < correct.ci_high
    assert len(correct.saturated_ops) == 7


def test_a_detected_effect_is_said_to_generalise():
    # D: 5 ops of 100 points, 5 of 33.3, 10 of 0: sd 41.9, SE 9.37, t(19) 2.093.
    summary = pooled(compare(make_rows(better, ops=NAMES[:20])), "correct").summary()
    assert summary == (
        "+33.3 points [13.7, 52.9], paired t over 20 ops, Holm p=.002; generalises to similar ops"
    )


def test_no_detectable_difference_names_what_could_have_been_detected():
    rng = np.random.default_rng(0)
    rows: Any = make_rows(lambda *_: (float(rng.random() < 0.5), 2.0), ops=NAMES[:20])
    comparison = compare(rows)
    correct = pooled(comparison, "correct")
    able = correct.smallest_detectable
    assert f": no detectable difference; this run could detect {able:.0f} points" in (
        correct.summary()
    )
    # At 80 % power the effect is 2.9 standard errors; the interval's half is 2.1 of them.
    half = (correct.ci_high - correct.ci_low) / 2
    assert able == pytest.approx(half * 2.949 / 2.093, rel=0.01)
    assert "no effect" not in comparison.headline()


def test_a_saturated_comparison_has_no_room():
    comparison = compare(make_rows(right))
    assert pooled(comparison, "correct").summary() == (
        "24 of 24 correct in both arms: no room to see an effect"
    )
    assert pooled(comparison, "compiled").summary() == (
        "24 of 24 compiled in both arms: no room to see an effect"
    )
    assert pooled(comparison, "correct").ci_low < 0
    assert "no detectable difference" in pooled(comparison, "deployable_speedup").summary()


@pytest.mark.parametrize(
    ("ops", "label"),
    [
        (1, "estimates only"),
        (7, "estimates only"),
        (8, "exploratory"),
        (19, "exploratory"),
        (20, ""),
    ],
)
def test_the_number_of_ops_decides_what_may_be_said(ops: int, label: str):
    each = pooled(compare(make_rows(better, ops=NAMES[:ops])), "deployable_speedup")
    assert each.label == label
    untold = (each.ci_low, each.ci_high, each.p, each.p_holm, each.smallest_detectable)
    assert np.isnan(untold).all() == (label == "estimates only")
    assert not np.isnan(each.estimate)
    assert ("estimates only" in each.summary()) == (label == "estimates only")
    assert (f"exploratory: {ops} ops" in each.summary()) == (label == "exploratory")


def test_effects_without_any_spread_have_no_interval():
    def constant(model: str, variant: str, op: str, epoch: int) -> Sample:
        return 1, 3.0 if variant == SKILL else 2.0

    each = pooled(compare(make_rows(constant)), "deployable_speedup")
    assert each.summary() == (
        "1.50x in each of 8 ops; without any spread there is no interval (exploratory: 8 ops)"
    )
    assert np.isnan(each.ci_low)
    same = pooled(compare(make_rows(right)), "deployable_speedup")
    assert same.summary().startswith("1.00x in each of 8 ops: no detectable difference")


def test_nothing_correct_is_no_error():
    comparison = compare(make_rows(lambda *_: (0, 1)))
    assert pooled(comparison, "conditional_speedup").summary() == (
        "not estimable: no op has a value in both arms"
    )
    assert "no detectable difference" in pooled(comparison, "correct").summary()


def test_a_skill_is_held_against_sham():
    def sample(model: str, variant: str, op: str, epoch: int) -> Sample:
        good = variant.startswith("good")
        noise = ((int(op[-2:]) * 7 + epoch * len(variant)) % 10) / 50
        return 1, (3.0 if good else 2.0) * (1 + noise)

    rows: Any = make_rows(sample, variants=("none", "sham", "good@111111", "idle@222222"))
    comparison = compare(rows)
    assert comparison.variants == ("good@111111", "idle@222222", "sham")
    assert {each.baseline for each in comparison.against_sham} == {"sham"}
    good, idle, sham = comparison.findings()
    assert good.sentences[-1].startswith("Beats sham")
    assert idle.sentences[-1].startswith("A placebo here, for it does not beat sham")
    assert len(sham.sentences) == 2
    assert not compare(rows, "sham").against_sham


def test_the_headline_has_a_line_for_each_primary_metric():
    lines = compare(make_rows(better)).headline().splitlines()
    assert lines[0] == f"{SKILL} against none, lab/model:"
    assert lines[1].startswith("  Correctness: +33.3 points [")
    assert lines[2].startswith("  Deployable speedup: ")
    assert len(lines) == 3


def test_recorded_completions_are_called_a_demonstration():
    assert not compare(make_rows(right)).notice
    assert compare(make_rows(right, models=("recorded/claude",))).notice == (
        "recorded completions of one model, 8 ops: a demonstration, not a benchmark of a model"
    )
