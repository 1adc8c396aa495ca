"""The HTML report: self-contained, safe, and with the right numbers."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_logs import OPS, SKILL, Judgement, Outcome, always, write_log

from skilldyno.results.report import render_report, write_report
from skilldyno.results.report.slope import spread
from skilldyno.results.report.write import visible
from skilldyno.results.statistics import compare, wording
from skilldyno.results.table import read_rows

HOSTILE = '</script></pre></code><img src=x onerror="alert(1)"><script>alert(2)</script>'


class Page(HTMLParser):
    """What a browser would see: elements, their attributes, and the text."""

    def __init__(self, page: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "link", "img", "input", "use", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("use", "path"):
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def rows_of(folder: Path, without: Judgement, with_skill: Judgement, **log: object) -> pd.DataFrame:
    write_log(folder, judge=without, **log)  # pyright: ignore[reportArgumentType]
    write_log(folder, variant=SKILL, judge=with_skill, **log)  # pyright: ignore[reportArgumentType]
    return read_rows([folder])


def mixed(op: str, epoch: int) -> Outcome:
    if op == "rope" and epoch == 1:
        return Outcome("incorrect", reason="2 of 14 checks failed")
    if op == "softmax" and epoch == 2:
        return Outcome("flagged", reason="it reads the clock")
    if op == "layer_norm" and epoch == 3:
        return Outcome("infra_error", reason="the judge ran out of memory")
    return Outcome(speedup=1.5 + len(op) / 10 + epoch / 20)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return rows_of(
        tmp_path_factory.mktemp("logs"),
        mixed,
        lambda op, epoch: Outcome(speedup=2 + len(op) / 9 + epoch / 30, source="int x;\n" * 900),
    )


@pytest.fixture(scope="module")
def page(rows: pd.DataFrame) -> str:
    return render_report(compare(rows), rows)


def test_it_is_one_small_file_that_loads_nothing(page: str):
    assert len(page.encode()) < 2_000_000
    parsed = Page(page)
    assert not parsed.open
    for tag, attributes in parsed.elements:
        assert tag not in ("script", "link", "img", "iframe", "object", "embed", "base", "form")
        assert not any(name.startswith("on") for name in attributes)
        for name in ("href", "xlink:href", "src"):
            assert (attributes.get(name) or "#").startswith("#")
    assert "@import" not in page
    assert not re.findall(r"url\((?!#)", page)
    policy = [each for tag, each in parsed.elements if tag == "meta" and "http-equiv" in each]
    assert "default-src 'none'" in (policy[0]["content"] or "")


def test_every_reference_has_its_target_and_ids_are_unique(page: str):
    elements = Page(page).elements
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in elements:
        for name in ("href", "xlink:href"):
            if attributes.get(name):
                assert (attributes[name] or "")[1:] in ids
    assert set(re.findall(r"url\(#([^)]*)\)", page)) <= set(ids)


def test_the_numbers_are_those_of_the_comparison(rows: pd.DataFrame, page: str):
    comparison = compare(rows)
    text = Page(page).text
    for each in comparison.shown:
        assert wording.amount(each.estimate, each.unit) in text
        assert wording.interval(each.ci_low, each.ci_high, each.unit) in text
    for finding in comparison.findings():
        for sentence in finding.sentences:
            assert sentence.partition(": ")[2] in text
    assert "1/2→2/2" not in text
    assert "2/3→3/3" in text
    assert "2/2→3/3" in text
    row = rows[rows["correct"] == 1].iloc[0]
    assert f"{row['speedup']:.2f}x" in text
    assert wording.interval(row["speedup_low"], row["speedup_high"], "ratio") in text


def test_it_says_what_the_data_are_and_where_they_come_from(rows: pd.DataFrame, page: str):
    text = Page(page).text
    assert "recorded completions of one model, 8 ops: a demonstration, not a benchmark" in text
    for said in (
        "it reads the clock",
        "reads the clock",
        "the judge ran out of memory",
        "bubblewrap",
        rows["judge_digest"].iloc[0][:16],
        "g++ 12.2.0",
        "0.3.285",
        "g++ -O3 -march=native -fopenmp kernel.cpp",
        "warning: unused variable",
        "element 17 is 0.5, not 0.25",
        "int x;",
    ):
        assert said in text
    assert str(Path(rows["run"].iloc[0]).parent) not in text


def test_models_that_ran_are_not_called_a_demonstration(tmp_path: Path):
    rows = rows_of(tmp_path, mixed, mixed, model="lab/model")
    assert "a demonstration" not in render_report(compare(rows), rows)


def test_plots_are_text_in_the_pages_colours_with_a_description(page: str):
    parsed = Page(page)
    plots = [attributes for tag, attributes in parsed.elements if tag == "svg"]
    assert len(plots) == 3
    for attributes in plots:
        assert attributes["role"] == "img"
        assert len(attributes["aria-label"] or "") > 100
    assert "#00000" not in page
    assert "var(--accent)" in page
    assert "DejaVu" not in page
    assert sum(tag == "text" for tag, _ in parsed.elements) > 40
    assert "prefers-color-scheme: dark" in page


def test_what_candidates_say_is_only_text(tmp_path: Path):
    hostile = Outcome(
        "compile_error", reason=f"reason {HOSTILE}", source=HOSTILE, build_log=f"log {HOSTILE}"
    )
    fine = Outcome(speedup=3.0, source=HOSTILE, isolation=HOSTILE)
    rows = rows_of(tmp_path, always(hostile), always(fine), model=HOSTILE, ops=[*OPS, HOSTILE])
    page = render_report(compare(rows), rows)
    assert not {tag for tag, _ in Page(page).elements} & {"script", "img"}
    assert "<img" not in page
    assert "<script" not in page
    assert html.escape(HOSTILE, quote=False)[:20] in page
    text = Page(page).text
    for said in (f"reason {HOSTILE}", f"log {HOSTILE}"):
        assert said in text


def test_dollar_signs_in_names_are_not_mathematics(tmp_path: Path):
    rows = rows_of(tmp_path, always(Outcome()), always(Outcome(speedup=3.0)), ops=["a$x^{$", "b$"])
    assert "a$x^{$" in Page(render_report(compare(rows), rows)).text


def test_hidden_characters_become_visible():
    assert visible("a\x00b\x1b[31m\tc\nd") == "a�b�[31m\tc\nd"
    assert visible("\ud800") == "�"
    assert visible("if (admin\u202e)") == "if (admin⟦U+202E⟧)"


@pytest.mark.parametrize(
    ("without", "with_skill"),
    [
        pytest.param(Outcome("infra_error"), Outcome(), id="an arm lost"),
        pytest.param(Outcome(error="boom"), Outcome(), id="an arm raised"),
        pytest.param(Outcome("no_code", source=""), Outcome("timeout"), id="nothing correct"),
        pytest.param(Outcome(), Outcome(), id="saturated"),
    ],
)
def test_thin_results_are_reported(tmp_path: Path, without: Outcome, with_skill: Outcome):
    rows = rows_of(tmp_path, always(without), always(with_skill), epochs=1)
    text = Page(render_report(compare(rows), rows)).text
    assert compare(rows).contrast("correct", SKILL).summary() in text
    assert "nan" not in re.findall(r"\b\w+\b", text)


def test_several_models_and_variants(tmp_path: Path):
    for model in ("lab/a", "lab/b"):
        for variant in ("none", SKILL, "sham"):
            write_log(tmp_path, model=model, variant=variant, judge=mixed, epochs=3)
    rows = read_rows([tmp_path])
    text = Page(render_report(compare(rows), rows)).text
    assert "2 models pooled" in text
    assert "A placebo here" in text
    assert "Each model by itself" in text


def test_the_file_appears_whole_or_not_at_all(
    tmp_path: Path, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
):
    target = tmp_path / "new" / "report.html"
    assert write_report(compare(rows), rows, target) == target
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")
    before = target.read_bytes()

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        write_report(compare(rows), rows, target)
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == ["report.html"]


def test_the_same_rows_give_the_same_file(rows: pd.DataFrame, page: str):
    assert render_report(compare(rows), rows) == page


def test_labels_are_spread_within_bounds():
    places = spread(np.array([0.5, 0.5, 0.49, 1.0]), 0.1, 0.0, 1.0)
    assert np.diff(np.sort(places)).min() >= 0.1 - 1e-12
    assert places.min() >= 0
    assert places.max() <= 1
    assert list(np.argsort(places)) == [2, 0, 1, 3]
