"""The comparison in a terminal."""

import pytest
from synthetic_rows import NAMES, Sample, make_rows

from skilldyno.results.payload import comparison_json
from skilldyno.results.statistics import compare
from skilldyno.results.terminal import render

SKILL = "a-skill-with-a-rather-long-name@123456"


def sample(model: str, variant: str, op: str, epoch: int) -> Sample | None:
    if (variant, op, epoch) == (SKILL, NAMES[0], 1):
        return None
    number = int(op[-2:]) + epoch + len(model)
    return float(variant == SKILL or number % 3 > 0), 2.0 + number % 5 / 10


def test_one_arm_against_another():
    rows = make_rows(sample, variants=("none", SKILL), models=("recorded/claude",))
    comparison = compare(rows)
    text = render(comparison)
    assert "a demonstration, not a benchmark of a model." in text
    assert "8 ops, cpu, cpp, speedup over eager" in text
    assert "16/24" in text
    assert "23/23" in text
    assert "Lost to the harness: 1 sample (0 errored, 1 unscored in all); dropped with them" in text
    assert "Exploratory: 8 ops." in text
    for each in comparison.shown:
        assert each.metric.replace("_", " ") in text or each.metric == "fast_1"
    assert f"{comparison.contrast('correct', SKILL).estimate:+.1f}" in text


def test_it_fits_100_columns_whatever_the_names():
    models = ("openrouter/some-provider/an-extremely-long-model-name-70b-instruct", "lab/b")
    rows = make_rows(sample, variants=("none", SKILL, "sham"), models=models)
    text = render(compare(rows))
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "2 models pooled and each by itself" in text
    assert "…ong-model-name-70b-instruct" in text


def test_saturation_is_said():
    text = render(compare(make_rows(lambda *_: (1, 2.0))))
    assert "24 of 24 correct in both arms: no room to see an effect." in text
    assert "Saturated, all correct in both arms: 8 of 8 ops." in text


def test_the_room_that_speed_leaves_is_said_op_by_op():
    rows = make_rows(lambda *_: (1, 2.0))
    rows["roofline_fraction"] = 0.3
    rows.loc[rows["op"] == NAMES[0], "roofline_fraction"] = 0.1
    rows.loc[rows["op"] == NAMES[1], "roofline_fraction"] = 0.6
    rows.loc[(rows["op"] == NAMES[2]) & (rows["epoch"] == 1), "correct"] = 0
    comparison = compare(rows)
    said = " ".join(render(comparison).split())
    assert (
        "Room for speed: an op's fastest right kernel reaches 30% of the roofline in the median, "
        f"from 10% ({NAMES[0]}) to 60% ({NAMES[1]})."
    ) in said
    by_op = {each["op"]: each for each in comparison_json(comparison)["headroom"]}
    assert by_op[NAMES[0]]["saturated"] is True
    assert by_op[NAMES[0]]["best_roofline_share"] == pytest.approx(0.1)
    assert by_op[NAMES[2]]["saturated"] is False
    assert by_op[NAMES[2]]["correct"] < by_op[NAMES[2]]["samples"]


def test_estimates_only_under_8_ops():
    text = render(compare(make_rows(lambda *_: (1, 2.0), ops=NAMES[:3])))
    assert "Estimates only: 3 ops." in text
    assert "[" not in text.split("skill@123456 against none\n")[-1].replace("[95 %]", "")
