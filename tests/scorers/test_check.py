"""The comparison with the oracle: everywhere, by a tolerance that follows the output."""

import dataclasses
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skilldyno.scorers.judge.check import compare
from skilldyno.scorers.judge.contents import Contents, Expected, expect
from skilldyno.scorers.judge.job import Operation, parse_operation
from skilldyno.scorers.judge.reference import mean_magnitude, reference_of
from skilldyno.tasks.catalogue import load_operation


def operation(name: str = "rms_norm") -> Operation:
    return parse_operation(load_operation(name).judge_spec("cpp", "cpu"))


def contents_of(value: torch.Tensor) -> Contents:
    magnitude = mean_magnitude(value.double(), (1,)).float()
    finite = bool(torch.isfinite(value).all())
    return Contents((), (Expected(value, magnitude, finite),))


def error(value: torch.Tensor, output: torch.Tensor) -> float:
    return compare(operation(), contents_of(value), (output,)).error


def test_error_is_in_units_of_the_tolerance():
    value = torch.ones(300, 2000)
    tensor = operation().outputs[0]
    allowed = tensor.relative + tensor.scaled
    output = value.clone()
    output[217, 1999] += 3 * allowed
    found = compare(operation(), contents_of(value), (output,))
    assert found.error == pytest.approx(3.0, rel=1e-2)
    assert found.detail.startswith("out[217,1999] is 1.0")
    assert "(1 of 600000 elements are wrong)" in found.detail
    assert not found.passes


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 60),
    st.data(),
    st.sampled_from([math.nan, math.inf, -math.inf, 1e30]),
)
def test_one_bad_element_anywhere_is_seen(rows, columns, data, bad):
    value = torch.linspace(-2, 2, rows * columns).reshape(rows, columns)
    output = value.clone()
    place = data.draw(st.integers(0, rows * columns - 1))
    output.view(-1)[place] = bad
    assert not compare(operation(), contents_of(value), (output,)).passes
    assert compare(operation(), contents_of(value), (value.clone(),)).error == 0


def test_finite_masks_must_be_equal():
    value = torch.tensor([[1.0, math.inf, -math.inf, math.nan]])
    assert error(value, value.clone()) == 0
    for place in range(4):
        for bad in (0.0, math.inf, -math.inf, math.nan):
            output = value.clone()
            output[0, place] = bad
            same = torch.equal(output.nan_to_num(7, 8, 9), value.nan_to_num(7, 8, 9))
            assert (error(value, output) <= 1) == same


def test_rounded_integer_may_be_either_neighbour_of_a_tie_only():
    quant = operation("quant_int8")
    scale = torch.tensor([0.5])
    real = torch.tensor([[1.5, 2.5, 0.4, 126.9]])
    expected = (
        Expected(real, torch.ones(1, 1), True),
        Expected(scale, scale, True),
    )

    def passes(*values: int) -> bool:
        output = torch.tensor([values], dtype=torch.int8)
        return compare(quant, Contents((), expected), (output, scale.clone())).passes

    assert passes(2, 2, 0, 127)
    assert passes(1, 3, 0, 127)
    assert not passes(2, 2, 1, 127)
    assert not passes(2, 2, 0, 126)
    assert not passes(0, 2, 0, 127)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_one_bad_output_counts_whatever_the_others_are(bad: float):
    quant = operation("quant_int8")
    real, scale = torch.tensor([[1.0, 2.0]]), torch.tensor([0.5])
    expected = (Expected(real, torch.ones(1, 1), True), Expected(scale, scale, True))
    right = torch.tensor([[1, 2]], dtype=torch.int8)
    wrong = torch.full((1, 2), bad)
    two_scales = dataclasses.replace(quant, tensors=(*quant.tensors[:1], *quant.tensors[2:] * 2))
    pair = (expected[1], expected[1])
    assert compare(quant, Contents((), expected), (right, scale)).passes
    assert not compare(quant, Contents((), expected), (right, torch.tensor([bad]))).passes
    assert not compare(quant, Contents((), expected), (wrong, scale)).passes
    for outputs in ((torch.tensor([bad]), scale), (scale, torch.tensor([bad]))):
        assert not compare(two_scales, Contents((), pair), outputs).passes


def test_a_probability_that_float32_flushes_to_zero_may_be_missing():
    attention = parse_operation(load_operation("gqa_prefill").judge_spec("cuda", "gpu"))
    workload = next(w for w in attention.workloads if 1 < w.dims["S"] < 100)
    q, k, v = (torch.ones(s, dtype=torch.bfloat16) for s in workload.shapes[:3])
    # One key has all the weight but for some 1e-38 of it, and its value is zero.
    k[:, 0], v[:, 0] = 9.0, 0.0
    scale = attention.scalars[0].value
    k[:, 1:] = 9.0 - 87.5 / (q.shape[-1] * scale)
    expected = expect(attention, workload, reference_of(attention, "cpu"), (q, k, v))
    assert 2e-38 < float(expected[0].value[0, -1].max()) < 1e-36
    found = compare(attention, Contents((q, k, v), expected), (torch.zeros_like(q),))
    assert found.passes, found.detail
    v[:, 0] = 1.0
    expected = expect(attention, workload, reference_of(attention, "cpu"), (q, k, v))
    assert not compare(attention, Contents((q, k, v), expected), (torch.zeros_like(q),)).passes
