"""What plots show, as numbers."""

import dataclasses

import numpy as np
import pytest
from synthetic_rows import Sample, make_rows

from skilldyno.results.report.roofline import roofline
from skilldyno.results.statistics import FAST_THRESHOLDS, Target, compare, fast_curve, wording
from skilldyno.tasks.hardware import load_profile

SKILL = "skill@123456"


def sample(model: str, variant: str, op: str, epoch: int) -> Sample | None:
    if (variant, op, epoch) == ("none", "op_01", 2):
        return None
    number = int(op[-2:]) * 7 + epoch * 5 + len(variant) + len(model)
    return float(number % 4 > 0), 0.4 + number % 9 / 3


@pytest.mark.parametrize("target", ["new ops", "this suite"])
def test_the_curve_goes_through_the_profile_that_is_compared(target: Target):
    rows = make_rows(sample, models=("lab/a", "lab/model"), epochs=4)
    comparison = compare(rows, target=target)
    thresholds = [p for p in FAST_THRESHOLDS if p > 0]
    curve = fast_curve(rows, "none", SKILL, thresholds, target)
    assert curve.ops == 8
    for index, p in enumerate(thresholds):
        each = comparison.contrast(f"fast_{p:g}", SKILL)
        assert curve.without[index] == pytest.approx(each.baseline_level)
        assert curve.with_variant[index] == pytest.approx(each.variant_level)
        assert curve.low[index] - curve.without[index] == pytest.approx(each.ci_low)
        assert curve.high[index] - curve.without[index] == pytest.approx(each.ci_high)


def test_few_ops_have_a_curve_without_a_band():
    rows = make_rows(sample, ops=("op_00", "op_01", "op_02"))
    curve = fast_curve(rows, "none", SKILL, [0.5, 1.0])
    assert not np.isnan(curve.with_variant).any()
    assert np.isnan([*curve.low, *curve.high]).all()


def test_the_roofline_is_what_the_judge_measured_or_else_the_profiles():
    rows = make_rows(lambda *_: (1.0, 2.0), ops=("op_00",))
    rows["hardware"] = "h200"
    comparison = dataclasses.replace(compare(rows), hardware="h200")
    profile = load_profile("h200")
    found = roofline(comparison, rows)
    memory = profile.ceiling("memory_bandwidth")
    assert memory is not None
    assert found.bandwidth == memory.value
    assert "by a probe" in found.source
    assert (found.dots, found.left_out) == ((), len(rows))

    rows["environment"] = [
        {"bandwidth": 4e12 + index, "float32": 5e13} for index in range(len(rows))
    ]
    rows = rows.assign(intensity=2.0, achieved_rate=2e12)
    found = roofline(comparison, rows)
    assert found.bandwidth == pytest.approx(4e12)
    assert found.rates == (("float32", 5e13),)
    assert "by the judge" in found.source
    assert found.ceilings == (("memory", "4 TB/s"), ("float32", "50 Top/s"))
    assert len(found.dots) == len(rows)
    dot = found.dots[0]
    assert (dot.intensity, dot.rate) == (pytest.approx(2), pytest.approx(2e12))
    ((op, intensity, rates),) = found.by_op(("none", "sham"))
    assert (op, intensity) == ("op_00", pytest.approx(2))
    assert rates == ["2 Top/s, fastest 2 Top/s", "–"]


def test_quantities_have_a_prefix():
    assert wording.quantity(9.09e10, "B/s") == "90.9 GB/s"
    assert wording.quantity(12, "op/s") == "12 op/s"
    assert wording.quantity(2.5e19, "op/s") == "2.5e+04 Pop/s"
    assert wording.quantity(0.25, "") == "0.25 "
    assert wording.quantity(999.6e9, "B/s") == "1 TB/s"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a|b", "a\\|b"),
        ("rms_norm", "rms_norm"),
        ("_x_", "\\_x\\_"),
        ("[0.9, 1.1] (n)", "[0.9, 1.1] (n)"),
        ("[a](b)", "[a\\](b)"),
        ("<b>&amp;\n`*~\\", "&lt;b>&amp;amp; \\`\\*\\~\\\\"),
    ],
)
def test_text_stays_text_in_markdown(text: str, escaped: str):
    assert wording.markdown_cell(text) == escaped
