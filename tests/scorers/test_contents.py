"""Contents: secret, seeded, and of the kinds that break impostors."""

import numpy as np
import pytest
import torch

from skilldyno.scorers.judge.contents import NEARLY_SAME, ContentsCache
from skilldyno.scorers.judge.fills import DISTRIBUTIONS, POOL, Draw, change_a_few, fill
from skilldyno.scorers.judge.job import parse_operation
from skilldyno.tasks.catalogue import load_operation

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


DIMS = {"N": 40, "M": 12}
FILLS = [
    ("data", "float32"),
    ("data", "float8_e4m3fn"),
    ("weight", "float16"),
    ("bias", "bfloat16"),
    ("cosine", "float32"),
    ("sine", "float32"),
    ("positive", "float32"),
    ("log_uniform", "float32"),
    ("decay", "float32"),
    ("log_decay", "float32"),
    ("unit", "float32"),
    ("probability", "float32"),
    ("bytes", "uint8"),
    ("float8_bits", "uint8"),
    ("bytes", "int8"),
    ("bytes", "float8_e4m3fn"),
    ("index:N", "int64"),
    ("index:N", "int32"),
    ("sorted_index:N", "int64"),
    ("lengths:N", "int32"),
    ("offsets:N", "int32"),
    ("permutation:N", "int32"),
]
RANGES = {
    "positive": (0.1, 1),
    "log_uniform": (1e-4, 1),
    "decay": (0.8, 1),
    "log_decay": (-0.2232, 0),
    "unit": (-1, 1),
    "float8_bits": (0, 254),
    "probability": (0, 1),
    "cosine": (-1, 1),
    "sine": (-1, 1),
    "index:N": (0, 39),
    "sorted_index:N": (0, 39),
    "lengths:N": (1, 40),
    "offsets:N": (0, 40),
    "permutation:N": (0, 39),
}


def assert_valid(name: str, values: torch.Tensor) -> None:
    """Check that an input is what its fill promises."""
    real = values.to(torch.float64)
    low, high = RANGES.get(name, (-np.inf, np.inf))
    assert real.isfinite().all()
    assert low <= float(real.min())
    assert float(real.max()) <= high
    if name == "unit":
        assert abs(float(real.square().sum()) - 1) < 1e-5
    if name == "float8_bits":
        assert (values != 127).all()
    if name in ("offsets:N", "sorted_index:N"):
        assert (real.diff() >= 0).all()
    if name == "offsets:N":
        assert [float(real[0]), float(real[-1])] == [0, 40]
    if name == "permutation:N":
        assert len(set(real.reshape(-1).tolist())) == real.numel()


@pytest.mark.parametrize(("name", "dtype"), FILLS)
def test_fills_are_valid_and_stay_so_where_a_few_are_changed(name: str, dtype: str):
    draw = Draw([6], "cpu")
    pool = draw.normal((POOL,))

    def made() -> torch.Tensor:
        return fill(name, dtype, (40,), DIMS, "normal", draw, pool)

    changes = 0
    for _ in range(20):
        first = made()
        assert first.dtype == getattr(torch, dtype)
        assert first.shape == (40,)
        assert_valid(name, first)
        nearly = change_a_few(name, first, made(), draw)
        assert nearly.dtype == first.dtype
        assert_valid(name, nearly)
        changed = int((nearly.double() != first.double()).sum())
        # An offset that moves past others shifts them all by one.
        assert changed <= 2 or name in ("offsets:N", "sorted_index:N")
        changes += changed
    assert changes > 0


def test_some_length_is_full_so_that_the_end_is_read():
    draw = Draw([8], "cpu")
    pool = draw.normal((POOL,))
    for shape in ((1,), (2,), (40,)):
        for _ in range(20):
            assert int(fill("lengths:N", "int32", shape, DIMS, "normal", draw, pool).max()) == 40


def test_some_segments_are_empty_and_a_table_of_blocks_names_each_once():
    draw = Draw([7], "cpu")
    pool = draw.normal((POOL,))
    edges = [fill("offsets:N", "int64", (9,), DIMS, "normal", draw, pool) for _ in range(50)]
    assert any(bool((each.diff() == 0).any()) for each in edges)
    single = fill("offsets:N", "int64", (2,), DIMS, "normal", draw, pool)
    assert single.tolist() == [0, 40]
    table = fill("permutation:M", "int32", (3, 5), DIMS, "normal", draw, pool)
    assert sorted(table.reshape(-1).tolist()) == list(range(15))
    spread = fill("permutation:N", "int32", (3, 5), DIMS, "normal", draw, pool)
    assert_valid("permutation:N", spread)


def test_log_uniform_has_as_much_in_every_decade():
    draw = Draw([8], "cpu")
    values = fill("log_uniform", "float32", (40_000,), {}, "normal", draw, draw.normal((POOL,)))
    decades = torch.histc(values.log10(), bins=4, min=-4, max=0)
    assert ((decades / 10_000 - 1).abs() < 0.05).all()
