"""The gate's decision, its words and its false alarms."""

import math
import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_rows import NAMES, Sample, make_rows

from skilldyno.results.errors import MissingArmError, MixedSelectionError
from skilldyno.results.gate import (
    DEFAULT_MARGINS,
    GateResult,
    Margin,
    MarginError,
    count_false_alarms,
    gate_rows,
    parse_margins,
)
from skilldyno.results.gate.junit import Policy, junit_xml
from skilldyno.results.gate.strip import WIDTH, strip
from skilldyno.results.gate.text import markdown, render_gate

CORRECT = parse_margins(["correct=10"])
MODELS = ("lab/a", "lab/b")


def arm(rate: float, seed: int = 0, *, speed: float = 2.0, ops: int = 20, **options: Any) -> Any:
    """An arm whose ops are correct with a probability that spreads around `rate`."""
    rng = np.random.default_rng(seed)
    rates = dict(zip(NAMES, np.clip(np.linspace(rate - 0.1, rate + 0.1, 60), 0, 1), strict=True))

    def sample(model: str, variant: str, op: str, epoch: int) -> Sample:
        return float(rng.random() < rates[op]), speed * float(np.exp(rng.normal(0, 0.02)))

    options = {"variants": ("skill@111111",), "epochs": 5, **options}
    return make_rows(sample, ops=NAMES[:ops], **options)


def gate(old: pd.DataFrame, new: pd.DataFrame, **options: Any) -> GateResult:
    return gate_rows(old, new, DEFAULT_MARGINS, **options)


def test_an_unchanged_arm_near_the_ceiling_passes():
    result = gate(arm(1), arm(1, 1))
    assert result.verdict == "PASS"
    assert result.alpha == 0.05
    assert "is not worse than skill@111111 by the margins, over the 20 ops" in result.summary()
    assert [each.metric for each in result.criteria] == ["correct", "deployable_speedup"]


def test_a_broken_arm_fails_by_name():
    result = gate(arm(1), arm(0.5, 1))
    assert result.verdict == "FAIL"
    assert result.summary().startswith("skill@111111 is worse than skill@111111 in correct")
    assert result.criteria[0].upper < 0


def test_a_slower_arm_fails_in_speed_alone():
    result = gate(arm(1), arm(1, 1, speed=1.7))
    assert [each.verdict for each in result.criteria] == ["PASS", "FAIL"]
    assert result.verdict == "FAIL"
    assert result.criteria[1].estimate == pytest.approx(0.85, abs=0.04)
    assert result.criteria[1].margin == pytest.approx(1 / 1.05)


def test_few_samples_are_inconclusive_and_the_need_is_named():
    result = gate_rows(arm(0.6, epochs=2), arm(0.6, 1, epochs=2), CORRECT)
    assert result.verdict == "INCONCLUSIVE"
    needed = result.criteria[0].epochs_needed
    assert needed > 2
    assert f"{needed} epochs would do if nothing changed" in result.summary()


def test_a_small_real_regression_passes_and_is_named():
    old, new = arm(1, epochs=40), arm(1, 1, epochs=40)
    new.loc[new["epoch"] <= 2, "correct"] = 0.0
    result = gate_rows(old, new, CORRECT)
    assert result.verdict == "PASS"
    assert result.criteria[0].worse
    assert result.summary().endswith("with a small real regression in correct")


def test_an_interim_look_needs_overwhelming_evidence():
    old, new = arm(0.9, epochs=2), arm(0.72, 3, epochs=2)
    final, interim = (gate_rows(old, new, CORRECT, final=final) for final in (True, False))
    assert final.verdict == "FAIL"
    assert interim.verdict == "INCONCLUSIVE"
    assert interim.criteria[0].lower < final.criteria[0].lower
    assert gate_rows(arm(1), arm(0.4, 1), CORRECT, final=False).verdict == "FAIL"


def test_every_model_must_pass():
    old, new = arm(1, models=MODELS), arm(1, 1, models=MODELS)
    broken = new["model"].eq("lab/b") & new["epoch"].le(3)
    new.loc[broken, "correct"] = 0.0
    result = gate_rows(old, new, CORRECT)
    found = {each.model: each.verdict for each in result.criteria}
    assert found == {"pooled": "FAIL", "lab/a": "PASS", "lab/b": "FAIL"}
    assert "correct of lab/b" in result.summary()
    assert {each.model: each.margin for each in result.criteria} == {
        "pooled": -10,
        "lab/a": -20,
        "lab/b": -20,
    }


def test_each_machine_is_a_criterion_of_its_own():
    new = arm(1, 1)
    slow = new.assign(hardware="h200", eval_task="h200/" + new["eval_task"], correct=0.0)
    old = arm(1)
    more = old.assign(hardware="h200", eval_task="h200/" + old["eval_task"])
    result = gate_rows(pd.concat([old, more]), pd.concat([new, slow]), CORRECT)
    found = {each.model: each.verdict for each in result.criteria}
    assert found["lab/model on cpu/cpp"] == "PASS"
    assert found["lab/model on h200/cpp"] == "FAIL"


def test_what_was_lost_or_left_out_is_remarked():
    old, new = arm(1, ops=10), arm(1, 1, ops=10)
    new.loc[(new["op"] == NAMES[0]) & (new["epoch"] == 1), "status"] = "errored"
    old.loc[(old["op"] == NAMES[1]) & (old["epoch"] == 2), "status"] = "unscored"
    old = old[old["op"] != NAMES[2]]
    remarks = " ".join(gate(old, new).remarks)
    assert "10 ops" not in remarks
    assert "9 ops: a gate should have at least 20." in remarks
    assert "Lost to the harness: 2 samples (1 errored, 1 unscored)" in remarks
    assert "dropped with them from the other arm: 2 samples" in remarks
    assert f"Left out, not scored in both arms: {NAMES[2]}." in remarks


def test_two_judges_are_refused_unless_mixed():
    old, new = arm(1), arm(1, 1).assign(judge_digest="cd" * 32)
    with pytest.raises(MixedSelectionError, match="--mix"):
        gate(old, new)
    result = gate(old, new, mix=True)
    assert "Judged by 2 versions of the judge, mixed by request." in result.remarks


def test_two_definitions_of_an_op_are_refused_always():
    with pytest.raises(MixedSelectionError, match="another definition"):
        gate(arm(1), arm(1, 1).assign(op_digest="cd" * 32), mix=True)


def test_arms_without_a_common_op_are_refused():
    old, new = arm(1), arm(1, 1)
    with pytest.raises(MissingArmError, match="No operation has a scored sample"):
        gate(old, new.assign(op="x" + new["op"], eval_task="x" + new["eval_task"]))


@settings(max_examples=15, deadline=None)
@given(st.floats(0.2, 1), st.floats(0.2, 1), st.floats(1, 60), st.floats(1, 60), st.integers(0, 99))
def test_pass_is_monotone_in_the_margin(
    old: float, new: float, one: float, other: float, seed: int
):
    arms = arm(old, seed), arm(new, seed + 1)
    narrow, wide = (
        gate_rows(*arms, parse_margins([f"correct={margin}"])).verdict
        for margin in sorted((one, other))
    )
    assert narrow != "PASS" or wide == "PASS"


def test_margins_are_read():
    margin, speed = parse_margins(["correct=5", "deployable_speedup=3,8"])
    assert (margin.pooled, margin.single) == pytest.approx((0.05, 0.1))
    assert (speed.pooled, speed.single) == pytest.approx((math.log(1.03), math.log(1.08)))
    assert parse_margins([]) == DEFAULT_MARGINS
    assert isinstance(DEFAULT_MARGINS[0], Margin)


@pytest.mark.parametrize(
    "text",
    [
        "correct",
        "correct=",
        "correct=x",
        "correct=0",
        "correct=101",
        "correct=1,2,3",
        "conditional_speedup=5",
        "output_tokens=5",
        "speed=5",
    ],
)
def test_a_margin_that_cannot_be_used_is_one_sentence(text: str):
    with pytest.raises(MarginError, match="--margin") as caught:
        parse_margins([text])
    assert "\n" not in str(caught.value)


def test_the_strip_shows_where_the_bounds_lie():
    passed = gate_rows(arm(1), arm(1, 1), CORRECT).criteria[0]
    drawn = strip(passed)
    assert len(drawn) == WIDTH
    assert abs(drawn.index("●") - WIDTH // 2) < 4
    assert drawn.index("┃") < drawn.index("─")
    failed = strip(gate_rows(arm(1), arm(0.3, 1), CORRECT).criteria[0])
    assert failed.startswith("◀")
    assert "│" in failed


def test_terminal_and_markdown_tell_the_same():
    result = gate(arm(1, models=MODELS), arm(0.8, 1, models=MODELS))
    text, page = render_gate(result), markdown(result)
    assert max(map(len, text.splitlines())) <= 110
    for each in result.criteria:
        assert strip(each) in text
        assert strip(each) in page
    assert text.startswith(f"{result.verdict}: {result.summary()[:20]}")
    assert page.splitlines()[0].startswith("### ❌ FAIL: skill@111111 against skill@111111")
    assert page.count("| pooled") == 2


def test_names_cannot_break_the_markdown():
    old = arm(1).assign(variant="a|b<img src=x>")
    page = markdown(gate(old, arm(1, 1)))
    assert "<img" not in page
    assert "a\\|b" in page


@pytest.mark.parametrize(
    ("policy", "failures", "skipped"), [("inconclusive", 0, 1), ("fail", 1, 0), ("pass", 0, 0)]
)
def test_junit_counts_by_the_policy(policy: Policy, failures: int, skipped: int):
    result = gate_rows(arm(0.6, epochs=2), arm(0.6, 1, epochs=2), CORRECT)
    root = ElementTree.fromstring(junit_xml(result, policy))
    assert root.tag == "testsuite"
    assert (root.get("failures"), root.get("skipped")) == (str(failures), str(skipped))
    assert len(root.findall("testcase/failure")) == failures
    assert len(root.findall("testcase/skipped")) == skipped


def test_a_failure_is_a_failure_in_junit():
    root = ElementTree.fromstring(junit_xml(gate(arm(1), arm(0.4, 1)), "pass"))
    assert int(root.get("failures") or 0) == len(root.findall("testcase/failure")) > 0


def test_false_alarms_keep_to_their_rate():
    alarms = count_false_alarms(arm(0.7), CORRECT)
    assert alarms.verdict == "PASS"
    assert 0 < alarms.share("FAIL") < 0.08
    assert sum(alarms.counts.values()) == alarms.draws == 1_000
    assert alarms == count_false_alarms(arm(0.7), CORRECT)
    assert "against itself, 20 ops x 5 epochs: false alarms in" in alarms.summary()


def test_more_epochs_make_an_unchanged_arm_pass_more_often():
    few, many = (count_false_alarms(arm(0.7), CORRECT, epochs) for epochs in (3, 20))
    assert few.share("PASS") < many.share("PASS")
    assert many.epochs == 20
