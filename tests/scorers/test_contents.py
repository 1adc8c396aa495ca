"""Contents: secret, seeded, and of the kinds that break impostors."""

import numpy as np
import pytest
import torch

from skilldyno.scorers.judge.contents import DISTRIBUTIONS, NEARLY_SAME, ContentsCache, Draw
from skilldyno.scorers.judge.job import parse_operation
from skilldyno.tasks.operation import load_operation

OPERATION = parse_operation(load_operation("rms_norm").judge_spec("cpp", "cpu"))
WORKLOAD = next(w for w in OPERATION.workloads if w.name == "M=37,N=1001")


def test_contents_follow_from_the_seed_and_differ_between_calls():
    one, again, other = ContentsCache(1), ContentsCache(1), ContentsCache(2)
    first = one.get(OPERATION, WORKLOAD, "normal", 0)
    assert torch.equal(first.inputs[0], again.get(OPERATION, WORKLOAD, "normal", 0).inputs[0])
    for different in (
        one.get(OPERATION, WORKLOAD, "normal", 1),
        other.get(OPERATION, WORKLOAD, "normal", 0),
    ):
        shared = (first.inputs[0] == different.inputs[0]).float().mean()
        assert shared < 1e-3
        assert not torch.equal(first.inputs[1], different.inputs[1])


def test_nearly_same_contents_differ_in_one_element_of_a_hundred():
    cache = ContentsCache(3)
    first = cache.get(OPERATION, WORKLOAD, "normal", 0)
    nearly = cache.get(OPERATION, WORKLOAD, NEARLY_SAME, 0)
    changed = (first.inputs[0] != nearly.inputs[0]).float().mean()
    assert 0.005 < changed < 0.015
    assert not torch.equal(first.expected[0].value, nearly.expected[0].value)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("shape", [(5, 33), (1, 1), (2, 3, 4, 6)])
def test_distributions_fill_any_shape(name, shape):
    draw = Draw([4], "cpu")
    values = DISTRIBUTIONS[name](draw.normal(shape), draw)
    assert values.shape == shape
    assert values.dtype == torch.float32
    assert not values.isnan().any()
    if name == "masked":
        assert values.isfinite().any(dim=-1).all()
    else:
        assert values.isfinite().all()


def test_offset_breaks_the_naive_variance():
    draw = Draw([5], "cpu")
    x = DISTRIBUTIONS["offset"](draw.normal((4, 4096)), draw).numpy()
    true = x.astype(np.float64).var(axis=-1)
    naive = np.square(x).mean(axis=-1, dtype=np.float32) - np.square(
        x.mean(axis=-1, dtype=np.float32)
    )
    assert (np.abs(naive / true - 1) > 1e-3).any()
