"""The HTML report: self-contained, safe, and with the right numbers."""

import base64
import hashlib
import json
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from synthetic_logs import OPS, SKILL, Judgement, Outcome, always, write_log

from skilldyno.results.report import make_report, write_plots, write_report
from skilldyno.results.report.attachments import MOST_INSIDE
from skilldyno.results.report.slope import spread
from skilldyno.results.report.visible import visible
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
        self.scripts: list[tuple[str, str]] = []
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
        if self.open[-1:] != ["script"]:
            self.text += data
            return
        kind = self.elements[-1][1].get("type") or ""
        self.scripts.append((kind, data))

    @property
    def code(self) -> list[str]:
        return [text for kind, text in self.scripts if not kind]

    @property
    def table(self) -> dict[str, Any]:
        return json.loads(next(text for kind, text in self.scripts if kind == "application/json"))

    @property
    def details(self) -> list[dict[str, Any]]:
        packed = [text for kind, text in self.scripts if kind == "text/plain"]
        return [each for text in packed for each in unpacked(text)]


def unpacked(text: str) -> list[dict[str, Any]]:
    return json.loads(zlib.decompress(base64.b64decode(text)))


def render_report(rows: pd.DataFrame) -> str:
    return make_report(compare(rows), rows).page


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
    return render_report(rows)


def test_it_is_one_small_file_that_loads_nothing(page: str):
    assert len(page.encode()) < 2_000_000
    parsed = Page(page)
    assert not parsed.open
    for tag, attributes in parsed.elements:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form")
        assert not any(name.startswith("on") for name in attributes)
        for name in ("href", "xlink:href", "src"):
            assert (attributes.get(name) or "#").startswith("#")
    assert "@import" not in page
    assert not re.findall(r"url\((?!#)", page)


def test_one_script_may_run_and_it_is_the_pages_own(page: str):
    parsed = Page(page)
    (code,) = parsed.code
    (policy,) = (
        each["content"] for tag, each in parsed.elements if tag == "meta" and "http-equiv" in each
    )
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in (policy or "")
    assert "default-src 'none'" in (policy or "")
    assert "innerHTML" not in code
    assert "eval" not in code


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


def test_the_table_of_candidates_has_a_line_for_each_sample(rows: pd.DataFrame, page: str):
    table, details = Page(page).table, Page(page).details
    assert len(table["rows"]) == len(details) == len(rows)
    for line, detail in zip(table["rows"], details, strict=True):
        op, model, variant, epoch, verdict, reason, speedup, *_ = line
        same = rows[
            (rows["op"] == table["ops"][op])
            & (rows["model"] == table["models"][model])
            & (rows["variant"] == table["variants"][variant])
            & (rows["epoch"] == epoch)
        ].iloc[0]
        assert table["verdicts"][verdict] == same["verdict"]
        assert detail["reason"] == same["reason"]
        assert detail["source"] == same["answer"]
        if same["correct"] == 1:
            assert speedup == pytest.approx(same["speedup"], rel=1e-3)
        else:
            assert table["reasons"][reason] == same["reason"]


def test_it_says_what_the_data_are_and_where_they_come_from(rows: pd.DataFrame, page: str):
    parsed = Page(page)
    text = parsed.text
    assert "recorded completions of one model, 8 ops: a demonstration, not a benchmark" in text
    for said in (
        "reads the clock",
        "the judge ran out of memory",
        "bubblewrap",
        rows["judge_digest"].iloc[0],
        rows["op_digest"].iloc[0],
        rows["skill_fingerprint"].iloc[0],
        "g++ 12.2.0",
        "51 GB/s",
        "0.3.285",
    ):
        assert said in text
    details = json.dumps(parsed.details)
    for said in (
        "it reads the clock",
        "g++ -O3 -march=native -fopenmp kernel.cpp",
        "warning: unused variable",
        "element 17 is 0.5, not 0.25",
        "int x;",
    ):
        assert said in details
    assert str(Path(rows["run"].iloc[0]).parent) not in text


def test_models_that_ran_are_not_called_a_demonstration(tmp_path: Path):
    rows = rows_of(tmp_path, mixed, mixed, model="lab/model")
    assert "a demonstration" not in render_report(rows)


def test_plots_are_text_in_the_pages_colours_with_a_description(page: str):
    parsed = Page(page)
    plots = [attributes for tag, attributes in parsed.elements if tag == "svg"]
    assert len(plots) == 6
    for attributes in plots:
        assert attributes["role"] == "img"
        assert len(attributes["aria-label"] or "") > 80
    assert "#00000" not in page
    assert "var(--accent)" in page
    assert "DejaVu" not in page
    assert sum(tag == "text" for tag, _ in parsed.elements) > 40
    assert "prefers-color-scheme: dark" in page


def hostile_rows(folder: Path) -> pd.DataFrame:
    bad = Outcome(
        "compile_error", reason=f"reason {HOSTILE}", source=HOSTILE, build_log=f"log {HOSTILE}"
    )
    fine = Outcome(speedup=3.0, source=HOSTILE, isolation=HOSTILE)
    return rows_of(folder, always(bad), always(fine), model=HOSTILE, ops=[*OPS, HOSTILE])


def test_what_candidates_say_is_only_text(tmp_path: Path):
    rows = hostile_rows(tmp_path)
    page = render_report(rows)
    parsed = Page(page)
    assert [tag for tag, _ in parsed.elements].count("script") == 3
    assert len(parsed.code) == 1
    assert not {tag for tag, _ in parsed.elements} & {"img"}
    assert "<img" not in page
    assert f"reason {HOSTILE}" in parsed.table["reasons"]
    assert {each["source"] for each in parsed.details} == {HOSTILE}
    assert parsed.details[0]["build"][3] == f"log {HOSTILE}"


def test_many_candidates_are_beside_the_page_and_go_with_it(tmp_path: Path):
    noise = np.random.default_rng(1)
    size = 2 * MOST_INSIDE // (3 * len(OPS))

    def large(op: str, epoch: int) -> Outcome:
        return Outcome(source=HOSTILE + noise.bytes(size // 2).hex(), isolation=op)

    rows = rows_of(tmp_path / "logs", large, large)
    target = write_report(compare(rows), rows, tmp_path / "large.html")
    beside = tmp_path / "large-candidates"
    files = sorted(beside.iterdir())
    assert [file.name for file in files] == ["0.js"]
    assert target.stat().st_size < 2_000_000
    parsed = Page(target.read_text(encoding="utf-8"))
    assert parsed.details == []
    assert parsed.table["folder"] == "large-candidates"
    call = re.fullmatch(r'skilldynoDetails\("(\w+)",0,"([\w+/=]+)"\)\n', files[0].read_text())
    assert call is not None
    assert call[1] == parsed.table["digest"]
    assert len(unpacked(call[2])) == len(rows)
    small = rows.take(np.flatnonzero(rows["op"] == "rope"))
    write_report(compare(small), small, tmp_path / "large.html")
    assert not beside.exists()


def test_dollar_signs_in_names_are_not_mathematics(tmp_path: Path):
    rows = rows_of(tmp_path, always(Outcome()), always(Outcome(speedup=3.0)), ops=["a$x^{$", "b$"])
    assert "a$x^{$" in Page(render_report(rows)).text


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
    text = Page(render_report(rows)).text
    assert compare(rows).contrast("correct", SKILL).summary() in text
    assert "nan" not in re.findall(r"\b\w+\b", text)


def test_several_models_and_variants(tmp_path: Path):
    for model in ("lab/a", "lab/b"):
        for variant in ("none", SKILL, "sham"):
            write_log(tmp_path, model=model, variant=variant, judge=mixed, epochs=3)
    rows = read_rows([tmp_path])
    text = Page(render_report(rows)).text
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
    assert render_report(rows) == page


def test_plots_are_pictures_in_the_light_theme(tmp_path: Path, rows: pd.DataFrame):
    one = write_plots(compare(rows), rows, tmp_path / "new" / "effects.png")
    assert one == (tmp_path / "new" / "effects.png",)
    every = write_plots(compare(rows), rows, tmp_path / "plots")
    assert [file.name for file in every] == [
        "forest.png",
        "fast-p-1.png",
        "slope-1.png",
        "roofline.png",
    ]
    for file in (*one, *every):
        with Image.open(file) as picture:
            colours = picture.convert("RGB").getcolors(1_000_000) or []
        shown = {colour for count, colour in colours if count > 20}
        assert (255, 255, 255) in shown
        assert len(shown) > 3
        # The stand-ins, by which figures are drawn, are next to black.
        assert not shown & {(0, 0, number) for number in range(16)}


def test_labels_are_spread_within_bounds():
    places = spread(np.array([0.5, 0.5, 0.49, 1.0]), 0.1, 0.0, 1.0)
    assert np.diff(np.sort(places)).min() >= 0.1 - 1e-12
    assert places.min() >= 0
    assert places.max() <= 1
    assert list(np.argsort(places)) == [2, 0, 1, 3]
