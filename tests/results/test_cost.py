"""Cost: prices, what an arm used, and what a variant costs more."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from inspect_ai.log import read_eval_log, write_eval_log
from inspect_ai.model import ModelUsage
from synthetic_logs import SKILL, Outcome, always, write_log
from synthetic_rows import NAMES, make_rows

from skilldyno.results.compare import Places, compare_logs
from skilldyno.results.payload import comparison_json
from skilldyno.results.prices import PricesError, load_prices
from skilldyno.results.statistics import compare
from skilldyno.results.table import read_rows
from skilldyno.results.terminal import render

LIST = """
[[price]]
models = ["lab/a", "lab/mine-*"]
input = 2
cache_read = 0.5
cache_write = 3
output = 10
source = "a test"
seen = 2026-01-01
"""


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    file = tmp_path / "prices.toml"
    file.write_text(LIST)
    return file


def costed(**columns: float) -> pd.DataFrame:
    """Half of the samples correct without the Skill and all with it, at twice the speed."""
    rows = make_rows(
        lambda model, variant, op, epoch: (float(variant != "none" or epoch == 1), 2.0),
        variants=("none", "skill@123456"),
        ops=NAMES[:8],
        epochs=2,
    )
    known = {"input_tokens": 1000.0, "output_tokens": 500.0, "cached_tokens": 0.0, "cost": 0.01}
    return rows.assign(**(known | columns))


def test_every_shipped_price_has_a_source_and_covers_snapshots():
    shipped = load_prices()
    for prices in shipped.lists:
        for price in prices:
            assert price.source.startswith("https://") or price.output == 0
    price = shipped.of("anthropic/claude-opus-4-5-20251101")
    assert price is not None
    assert price == shipped.of("anthropic/claude-opus-4-5")
    assert shipped.of("anthropic/claude-opus-4-51") is None
    assert shipped.of("anthropic/claude-opus-5-5") is None
    assert math.isnan(shipped.cost("nobody/model", 1, 1))
    assert shipped.cost("local/any", 1e6, 1e6) == 0


def test_a_list_of_ones_own_comes_first(prices: Path):
    known = load_prices(prices)
    assert known.cost("lab/a", 1e6, 1e5, 2e6, 1e6) == pytest.approx(2 + 1 + 1 + 3)
    assert known.cost("lab/mine-7", 1e6, 0) == 2
    assert math.isnan(known.cost("lab/b", 1, 1))
    prices.write_text(LIST.replace('"lab/a"', '"local/*"').replace("cache_read = 0.5\n", ""))
    assert load_prices(prices).cost("local/any", 0, 0, read=1e6) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[price", "is not valid TOML"),
        (LIST.replace("output = 10\n", ""), "the field price.0.output: Field required"),
        (LIST.replace("input = 2", "input = -2"), "the field price.0.input"),
        (LIST.replace("input = 2", "inputs = 2"), "the field price.0.input"),
        (LIST.replace('source = "a test"', 'source = ""'), "the field price.0.source"),
    ],
)
def test_a_bad_list_is_one_sentence(prices: Path, text: str, said: str):
    prices.write_text(text)
    with pytest.raises(PricesError) as refused:
        load_prices(prices)
    assert said in str(refused.value)
    assert str(prices) in str(refused.value)
    assert str(refused.value).endswith(".")


def set_usage(path: Path, usage: ModelUsage, model: str) -> None:
    log = read_eval_log(path)
    for sample in log.samples or []:
        sample.model_usage = {model: usage}
    write_eval_log(log, str(path))


def test_rows_cost_what_the_list_says_and_a_provider_knows_better(tmp_path: Path, prices: Path):
    usage = ModelUsage(
        input_tokens=1000,
        output_tokens=100,
        total_tokens=1200,
        input_tokens_cache_read=100,
        input_tokens_cache_write=10,
        reasoning_tokens=60,
    )
    path = write_log(tmp_path / "run", model="lab/a", epochs=1)
    set_usage(path, usage, "lab/a")
    rows = read_rows([path], prices=load_prices(prices))
    each = (1000 * 2 + 100 * 0.5 + 10 * 3 + 100 * 10) / 1e6
    assert rows["cost"].tolist() == pytest.approx([each] * 8)
    assert set(rows["input_tokens"]) == {1110}
    assert set(rows["cached_tokens"]) == {100}
    assert set(rows["output_tokens"]) == {100}
    assert set(rows["reasoning_tokens"]) == {60}
    assert np.isnan(read_rows([path])["cost"]).all()

    set_usage(path, usage.model_copy(update={"total_cost": 0.5}), "lab/a")
    assert set(read_rows([path])["cost"]) == {0.5}
    rows = read_rows([path], prices=load_prices(prices))
    assert rows["cost"].tolist() == pytest.approx([each] * 8)


def test_cost_is_divided_by_what_it_bought():
    comparison = compare(costed())
    without, with_skill = (arm.cost for arm in comparison.arms)
    assert without.dollars == pytest.approx(0.16)
    assert without.dollars_per_correct == pytest.approx(0.16 / 8)
    assert with_skill.dollars_per_correct == pytest.approx(0.01)
    assert without.tokens_per_correct == pytest.approx(3000)
    # Each correct sample doubles the speed.
    assert without.dollars_per_doubling == pytest.approx(0.16 / 8)
    assert with_skill.dollars_per_doubling == pytest.approx(0.01)


def test_the_tax_is_what_a_sample_takes_more():
    rows = costed()
    skilled = rows["variant"] != "none"
    rows.loc[skilled, "input_tokens"] += 812
    rows.loc[skilled, "output_tokens"] -= 100
    rows.loc[skilled, "cost"] = 0.012
    comparison = compare(rows)
    (tax,) = comparison.taxes
    assert (tax.input_tokens, tax.output_tokens) == (812, -100)
    assert tax.dollars == pytest.approx(0.002)
    assert tax.share == pytest.approx(0.2)
    assert (
        "Its tax, a sample: +812 input and −100 output tokens, $0.00200 more (+20.0 %)."
    ) in render(comparison)
    found = json.loads(json.dumps(comparison_json(comparison), allow_nan=False))
    assert found["taxes"][0]["input_tokens"] == 812
    assert found["arms"][1]["cost"]["dollars"] == pytest.approx(0.192)


def test_an_unknown_price_is_unknown_and_never_nothing(tmp_path: Path):
    rows = costed(cost=np.nan)
    comparison = compare(rows)
    text = render(comparison)
    assert "unknown" in text
    assert "$" not in text
    assert "dollars unknown" in text
    assert comparison_json(comparison)["arms"][0]["cost"]["dollars"] is None
    one = costed()
    one.loc[0, "cost"] = np.nan
    assert math.isnan(compare(one).arms[0].cost.dollars)

    for variant in ("none", SKILL):
        write_log(tmp_path, variant=variant, judge=always(Outcome()), model="lab/a")
    page = compare_logs([tmp_path], Places(tmp_path / "report.html")).reports[0].read_text()
    assert ">unknown<" in page
    assert "+0 input and +0 output tokens, dollars unknown" in page


def test_nothing_bought_has_no_unit_price():
    rows = costed(correct=0.0)
    without = compare(rows).arms[0].cost
    assert without.dollars > 0
    assert math.isnan(without.dollars_per_correct)
    assert math.isnan(without.dollars_per_doubling)
    assert "Tokens and time" not in render(compare(make_rows(lambda *_: (1, 2.0))))


def test_what_was_lost_was_paid_where_it_is_known():
    rows = costed()
    rows.loc[0, ["status", "correct"]] = ["errored", np.nan]
    rows.loc[1, ["status", "correct", "cost", "input_tokens"]] = ["errored", np.nan, np.nan, np.nan]
    cost = compare(rows).arms[0].cost
    assert cost.dollars == pytest.approx(0.15)
    assert cost.input_tokens == 1000
