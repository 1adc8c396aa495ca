"""The comparison as JSON."""

import json
import math

import pytest
from synthetic_rows import NAMES, make_rows

from skilldyno.results.payload import comparison_json
from skilldyno.results.statistics import compare

SKILL = "skill@123456"


def test_json_has_points_and_ratios():
    rows = make_rows(
        lambda model, variant, op, epoch: (
            float(variant == SKILL or epoch > 1),
            (3.0 if variant == SKILL else 2.0) + int(op[-2:]) / 10,
        ),
        variants=("none", SKILL, "sham"),
    )
    comparison = compare(rows)
    found = json.loads(json.dumps(comparison_json(comparison), allow_nan=False))
    assert found["samples"] == 72
    assert found["verdicts"] == {"correct": 56, "incorrect": 16}
    contrasts = {(each["metric"], each["variant"]): each for each in found["contrasts"]}
    correct = contrasts["correct", SKILL]
    assert correct["estimate"] == pytest.approx(100 / 3)
    assert (correct["unit"], correct["model"]) == ("points", "pooled")
    assert correct["ci_low"] < correct["estimate"] < correct["ci_high"]
    assert correct["p"] <= correct["p_holm"]
    assert contrasts["deployable_speedup", SKILL]["unit"] == "ratio"
    assert 1 < contrasts["deployable_speedup", SKILL]["estimate"] < 2.5
    assert {each["baseline"] for each in found["against_sham"]} == {"sham"}
    assert found["headline"] == comparison.headline()
    assert found["arms"][0]["fast_profile"]["1.5"] == pytest.approx(2 / 3)


def test_what_cannot_be_estimated_is_null():
    comparison = compare(make_rows(lambda *_: (1, 2.0), ops=NAMES[:3]))
    assert math.isnan(comparison.contrasts[0].p)
    found = comparison_json(comparison)
    assert found["contrasts"][0]["p"] is None
    assert found["contrasts"][0]["ci_low"] is None
    assert found["contrasts"][0]["label"] == "estimates only"
