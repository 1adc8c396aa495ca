"""Rows that are no comparison are refused in a sentence."""

import pandas as pd
import pytest
from synthetic_rows import Sample, make_rows

from skilldyno.results.errors import MissingArmError, MixedSelectionError
from skilldyno.results.statistics import compare

SKILL = "skill@123456"


def right(model: str, variant: str, op: str, epoch: int) -> Sample:
    return 1, 2.0


@pytest.mark.parametrize(
    ("rows", "baseline", "error", "said"),
    [
        pytest.param(
            make_rows(right), "sham", MissingArmError, "has no arm sham, only none, skill@123456"
        ),
        pytest.param(
            make_rows(right, variants=("none",)), "none", MissingArmError, "has the arm none only"
        ),
        pytest.param(
            pd.concat(
                [
                    make_rows(right, variants=("none",)),
                    make_rows(right, variants=(SKILL,), models=("lab/b",)),
                ]
            ),
            "none",
            MissingArmError,
            f"No model ran both {SKILL} and none",
        ),
        pytest.param(
            pd.concat([make_rows(right), make_rows(right).assign(hardware="h200")]),
            "none",
            MixedSelectionError,
            "mixes cpu/cpp, h200/cpp",
        ),
        pytest.param(
            pd.concat([make_rows(right), make_rows(right).assign(speed_baseline="best")]),
            "none",
            MixedSelectionError,
            "over different baselines (best, eager)",
        ),
    ],
)
def test_what_cannot_be_compared(rows: pd.DataFrame, baseline: str, error: type, said: str):
    with pytest.raises(error) as caught:
        compare(rows, baseline)
    assert said in str(caught.value)
