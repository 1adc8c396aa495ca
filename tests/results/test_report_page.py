"""The report in a browser: filters, sorting, what opens, and how it looks."""

import contextlib
import functools
import http.server
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browser import Browser
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select
from synthetic_logs import OPS, SKILL, Outcome, write_log

from skilldyno.results.report import write_report
from skilldyno.results.report.attachments import MOST_INSIDE
from skilldyno.results.statistics import compare
from skilldyno.results.table import read_rows

HOSTILE = (
    "</script><img src=x onerror=\"document.title = 'broken into'\"><script>document.title = 1"
)
SOURCE = '#include <cmath>\n\nextern "C" void kernel() {{\n    // {}\n    int same;\n}}\n'


@dataclass(frozen=True)
class Written:
    """A report on disk, and its rows."""

    page: Path
    rows: pd.DataFrame


def outcome(op: str, epoch: int) -> Outcome:
    if op == "rope":
        return Outcome("incorrect", reason=f"{epoch} of 14 checks failed {HOSTILE}", source=HOSTILE)
    if op == "softmax" and epoch == 2:
        return Outcome("flagged", reason="it reads the clock")
    if op == "layer_norm" and epoch == 1:
        return Outcome("infra_error", reason="the judge ran out of memory")
    return Outcome(
        speedup=1.1 + len(op) / 10 + epoch / 20,
        source=SOURCE.format(f"epoch {epoch}"),
        output_tokens=900 + 300 * epoch + len(op),
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("small")
    for model, variant in product(("lab/a", "lab/b"), ("none", SKILL)):
        write_log(folder / "logs", model=model, variant=variant, judge=outcome, epochs=2)
    rows = read_rows([folder / "logs"])
    return Written(write_report(compare(rows), rows, folder / "report.html"), rows)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A report whose details do not fit into the page."""
    folder, noise = tmp_path_factory.mktemp("large"), np.random.default_rng(1)

    def long(op: str, epoch: int) -> Outcome:
        return Outcome(source=HOSTILE + noise.bytes(MOST_INSIDE // 64).hex())

    for variant in ("none", SKILL):
        write_log(folder / "logs", variant=variant, judge=long, epochs=5)
    rows = read_rows([folder / "logs"])
    return Written(write_report(compare(rows), rows, folder / "report #1.html"), rows)


def count(browser: Browser) -> int:
    return int(browser.one("#candidate-count").text.split()[0])


def open_first(browser: Browser) -> str:
    """Open the first candidate of the table, and return what is shown of it."""
    browser.click(browser.all(".open")[0])
    browser.wait("return !document.querySelector('.detail').textContent.startsWith('Loading')")
    return browser.one(".detail").text


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_it_fits_any_screen_and_theme_without_errors(
    browser: Browser, small: Written, width: int, theme: str
):
    browser.open(small.page, width=width, theme="dark" if theme == "dark" else "light")
    assert count(browser) == len(small.rows)
    open_first(browser)
    browser.run("for (const each of document.querySelectorAll('details')) each.open = true")
    assert browser.overflow() == 0
    assert browser.errors() == []
    red = int(
        re.findall(r"\d+", browser.run("return getComputedStyle(document.body).backgroundColor"))[0]
    )
    assert red < 40 if theme == "dark" else red > 215
    shown = [svg.get_attribute("aria-label") for svg in browser.all("svg")]
    assert len(shown) == 4
    assert all(shown)


@pytest.mark.parametrize(
    ("name", "column"),
    [("op", "op"), ("model", "model"), ("variant", "variant"), ("verdict", "verdict")],
)
def test_every_filter_shows_its_rows(browser: Browser, small: Written, name: str, column: str):
    browser.open(small.page)
    select = Select(browser.one(f"[data-filter={name}]"))
    assert len(select.options) == 1 + small.rows[column].nunique()
    for option in select.options[1:]:
        select.select_by_visible_text(option.text)
        wanted = option.text.replace(" ", "_") if name == "verdict" else option.text
        assert count(browser) == sum(small.rows[column] == wanted)
        lines = browser.run(
            "return [...document.querySelectorAll('.candidate')].map((line) => line.textContent)"
        )
        assert all(option.text in line for line in lines)
    browser.click("#clear-filters")
    assert count(browser) == len(small.rows)


def test_search_and_filters_work_together(browser: Browser, small: Written):
    browser.open(small.page)
    browser.one("[data-filter=text]").send_keys("CHECKS failed")
    assert count(browser) == sum(small.rows["verdict"] == "incorrect")
    Select(browser.one("[data-filter=model]")).select_by_visible_text("lab/b")
    assert count(browser) == sum(small.rows["verdict"] == "incorrect") / 2
    browser.one("[data-filter=text]").send_keys(" of nothing")
    assert count(browser) == 0
    assert browser.one("#no-candidates").is_displayed()


def test_every_column_sorts_both_ways(browser: Browser, small: Written):
    browser.open(small.page)
    labels = [button.text for button in browser.all("#candidate-table thead button")]
    assert labels[:4] == ["Op", "Model", "Variant", "Epoch"]
    for label in labels:
        (header,) = [
            each for each in browser.all("#candidate-table thead th") if each.text == label
        ]
        place = browser.run("return arguments[0].cellIndex", header)
        orders: list[list[str]] = []
        for _ in range(2):
            browser.click(header.find_element("css selector", "button"))
            way = header.get_attribute("aria-sort")
            orders.append(cells(browser, place))
            known = [value for value in map(key, orders[-1]) if value is not None]
            assert known == sorted(known, reverse=way == "descending"), (label, way)
        assert orders[0] != orders[1] or len(set(orders[0])) == 1, label
    assert browser.errors() == []


def cells(browser: Browser, place: int) -> list[str]:
    """What a column shows, but for rows where a reason takes the place of numbers."""
    return browser.run(
        "const rows = [...document.querySelectorAll('.candidate')];"
        "const whole = rows.filter((row) => arguments[0] < 5 || !row.querySelector('.c-reason'));"
        "return whole.map((row) => row.cells[arguments[0]].textContent)",
        place,
    )


def key(text: str) -> float | str | None:
    number = re.match(r"[\d.,]+", text)
    if number:
        return float(number[0].replace(",", ""))
    # The baseline is before the other variants.
    return None if text == "–" else text.lower().removeprefix("none")


def test_what_opens_is_text_whatever_it_holds(browser: Browser, small: Written):
    browser.open(small.page)
    Select(browser.one("[data-filter=op]")).select_by_visible_text("rope")
    said = open_first(browser)
    assert f"1 of 14 checks failed {HOSTILE}" in said
    transcript = browser.one(".detail a[href*='/#/logs/']").get_attribute("href") or ""
    assert transcript.startswith("http://127.0.0.1:7575/#/logs/")
    assert "/samples/sample/rope%2F" in transcript
    browser.run("for (const each of document.querySelectorAll('.detail details')) each.open = true")
    assert browser.all(".detail pre")[-1].text == HOSTILE
    assert browser.all("img") == []
    assert "broken into" not in browser.driver.title
    assert browser.errors() == []


def test_a_candidate_opens_by_keyboard_by_address_and_from_its_op(browser: Browser, small: Written):
    browser.open(small.page)
    browser.run("document.querySelector('.open').focus()")
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    browser.wait("return document.querySelector('.detail h4, .detail .small') !== null")
    assert browser.one(".open[aria-expanded=true]").text == "cross_entropy"
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.all(".detail") == []

    browser.open(f"{small.page.as_uri()}#candidate-9")
    browser.wait("return document.querySelector('#detail-9') !== null")

    browser.open(small.page)
    browser.click(browser.all(".heat a")[3])
    assert count(browser) == len(small.rows) / len(OPS)
    browser.click("a[data-verdict=flagged]")
    assert count(browser) == sum(small.rows["verdict"] == "flagged")


def test_two_candidates_of_an_op_are_told_apart(browser: Browser, small: Written):
    browser.open(small.page)
    open_first(browser)
    others = Select(browser.one(".comparison select"))
    assert len(others.options) == 1 + len(small.rows) / len(OPS) - 1
    others.select_by_index(1)
    browser.wait("return document.querySelector('.diff') !== null")
    assert [line.text for line in browser.all(".diff .removed")] == ["−     // epoch 2"]
    assert [line.text for line in browser.all(".diff .added")] == ["+     // epoch 1"]
    assert len(browser.all(".diff .same-line")) == 6
    others.select_by_index(2)
    browser.wait("return document.querySelector('.diff') === null")
    assert "The sources are the same." in browser.one(".comparison").text


def test_dots_of_the_roofline_name_and_open_their_candidate(browser: Browser, small: Written):
    browser.open(small.page)
    plot = browser.one("#roofline svg")
    right = small.rows[small.rows["verdict"] == "correct"]
    assert len(browser.run("return document.querySelectorAll('.wide .dots use')")) == len(right)
    plot.send_keys(Keys.ARROW_RIGHT)
    said = browser.one("#roofline-tip").text
    assert re.search(r"epoch [12]\ncorrect, \d\.\d\dx, \d+ % of the roofline", said)
    plot.send_keys(Keys.ENTER)
    browser.wait("return document.querySelector('.detail') !== null")
    assert browser.one(".open[aria-expanded=true]").text == said.split("\n")[0]
    plot.send_keys(Keys.ESCAPE)
    assert browser.all("#roofline-tip") == []


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


def test_details_beside_the_page_are_loaded_from_file_and_from_a_server(
    browser: Browser, large: Written
):
    with served(large.page.parent) as address:
        for page in (large.page, f"{address}/report%20%231.html"):
            browser.open(page)
            assert open_first(browser).startswith("correct on every workload")
            browser.run("document.querySelector('.detail details:last-of-type').open = true")
            assert HOSTILE[:40] in browser.run("return document.querySelector('.detail').innerText")
            assert [error for error in browser.errors() if "favicon" not in error] == []


def test_details_that_are_not_there_or_not_its_own_are_said_to_be(
    browser: Browser, large: Written, tmp_path: Path
):
    page = tmp_path / "another name.html"
    page.write_bytes(large.page.read_bytes())
    browser.open(page)
    assert "keep the folder report #1-candidates beside this page" in open_first(browser)
    for file in (large.page.parent / "report #1-candidates").iterdir():
        copy = tmp_path / "report #1-candidates" / file.name
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(re.sub(r'"\w+"', '"0123456789ab"', file.read_text(), count=1))
    browser.open(page)
    assert "is of another report" in open_first(browser)


def test_on_paper_there_are_no_controls_and_the_light_theme(browser: Browser, small: Written):
    browser.open(small.page, theme="dark")
    browser.emulate("Emulation.setEmulatedMedia", media="print", features=[])
    assert browser.all("nav, #filters, #more-candidates") == []
    assert browser.run("return getComputedStyle(document.body).backgroundColor") in (
        "rgb(247, 247, 245)",
        "rgb(255, 255, 255)",
    )
    assert len(browser.all("svg")) == 4


STYLES = Path(__file__).parents[2] / "results" / "report" / "report.css"


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_marks_have_contrast(theme: int):
    blocks = re.findall(r":root \{([^}]*--bg[^}]*)\}", STYLES.read_text(encoding="utf-8"))
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", blocks[theme]))
    texts = ("ink", "muted", "accent", "gain", "loss", "good", "warn")
    for name, behind in product(texts, ("bg", "surface")):
        assert contrast(colours[name], colours[behind]) >= 4.5, (name, behind)
    for name, behind in product(("line", "rose", "plum", "teal"), ("bg", "surface")):
        assert contrast(colours[name], colours[behind]) >= 3, (name, behind)


def contrast(one: str, other: str) -> float:
    """By WCAG 2.1, from relative luminance."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
