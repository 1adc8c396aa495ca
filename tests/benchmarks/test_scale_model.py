"""The page on scale: every figure of it is computed from records."""

import pytest

from benchmarks.scale_model import PAGE, Stages, filled, fit, read_judged


def test_the_page_holds_what_the_records_give():
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page) == page, "run `python benchmarks/scale_model.py --write`"


def test_the_model_gives_back_the_run_that_it_is_fitted_to():
    judged = read_judged()
    evidence, seconds = judged
    ops = len({record["operation"] for record in evidence})
    assert fit(judged).gpu_seconds(len(evidence), 1, ops) == pytest.approx(seconds, rel=1e-6)


def test_each_gpu_sets_an_operation_up_and_starts_a_judge():
    stages = Stages(build=1, candidate=2, per_op={}, set_up=3, session=5, rest=0)
    assert stages.gpu_seconds(100, 1, 4) == 200 + 4 * 3 + 5
    assert stages.gpu_seconds(100, 8, 4) == 200 + 8 * 3 + 8 * 5
