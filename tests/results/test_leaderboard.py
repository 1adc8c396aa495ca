"""The leaderboard: ranks with intervals, each Skill beside its own runs, and the site."""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from browser import Browser
from synthetic_logs import OPS, Judgement, Outcome, write_log
from synthetic_rows import NAMES, make_rows

from skilldyno.results.errors import MissingArmError, MixedSelectionError
from skilldyno.results.leaderboard import LEADING, Board, rank_skills, read_runs, skill_sources
from skilldyno.results.leaderboard.payload import leaderboard_json
from skilldyno.results.leaderboard.site import log_digests, write_site
from skilldyno.results.leaderboard.text import markdown, render_boards
from skilldyno.results.payload import contrast_json, plain
from skilldyno.results.statistics import (
    compare,
)
from skilldyno.results.table import read_rows

A, B, C = "alpha@111111", "beta@222222", "gamma@333333"
HOSTILE = "<img src=x onerror=alert(1)>|[x](http://x)@666666"


def judge(name: str, right: float, speed: float) -> Judgement:
    """Invented outcomes: the same for the same name; some ops are harder for all."""

    def outcome(op: str, epoch: int) -> Outcome:
        own, shared = random.Random(f"{name} {op} {epoch}"), random.Random(op)
        if own.random() > right:
            return Outcome("incorrect", reason="2 of 14 checks failed")
        return Outcome(speedup=speed * shared.uniform(1.1, 2.2) * own.uniform(0.95, 1.05))

    return outcome


def write_run(folder: Path, variants: dict[str, tuple[float, float]], **log: object) -> Path:
    for variant, (right, speed) in variants.items():
        name = f"{variant} {log.get('model', '')} {folder.name}"
        write_log(folder, variant=variant, judge=judge(name, right, speed), **log)  # pyright: ignore[reportArgumentType]
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models on one machine, one on another, with controls."""
    folder = tmp_path_factory.mktemp("runs")
    arms = {"none": (0.8, 1.0), "sham": (0.8, 1.0), "prompt": (0.85, 1.02)}
    skills = {A: (1.0, 1.8), B: (1.0, 1.3), C: (0.8, 1.0), HOSTILE: (0.8, 0.97)}
    gpu = {"hardware": "h200", "language": "cuda", "ops": NAMES[:12], "epochs": 2}
    for model in ("lab/one", "lab/two"):
        write_run(folder / "gpu", arms | skills, model=model, **gpu)
    write_run(folder / "cpu", {"none": (0.8, 1.0), A: (0.9, 1.3)}, epochs=2)
    (folder / "cpu" / "report.html").write_text("<!doctype html><title>The run's report</title>")
    return folder


@pytest.fixture(scope="module")
def site(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "new"
    rows = read_runs([runs])
    board = rank_skills(rows, skill_sources(rows))
    return write_site(board, folder, log_digests(rows))


def boards(folder: Path) -> dict[tuple[str, str], Board]:
    board = rank_skills(read_runs([folder]), {})
    return {(each.hardware, each.model): each for each in board.boards}


# Boards


def test_effects_are_those_of_a_comparison_of_the_run(runs: Path):
    rows = read_rows([runs / "gpu"])
    comparison = compare(rows)
    found = boards(runs / "gpu")
    for each in found["h200", "pooled"].entries:
        for effect in each.effects:
            of_run = comparison.contrast(effect.metric, each.variant)
            assert contrast_json(effect) == contrast_json(of_run)
    for each in found["h200", "lab/one"].entries:
        of_run = comparison.contrast("correct", each.variant, "lab/one")
        assert contrast_json(each.effect("correct")) == contrast_json(of_run)
    sham = {(each.variant, each.metric): contrast_json(each) for each in comparison.against_sham}
    for each in found["h200", "pooled"].skills:
        for effect in each.against_sham:
            assert contrast_json(effect) == sham[each.variant, effect.metric]
    taxes = {(tax.variant, tax.model): tax for tax in comparison.taxes}
    for each in found["h200", "lab/two"].entries:
        assert plain(asdict(each.tax)) == plain(asdict(taxes[each.variant, "lab/two"]))


def test_skills_are_ranked_with_intervals_and_placebos_are_named(runs: Path):
    found = boards(runs)
    assert list(found) == [
        ("h200", "pooled"), ("h200", "lab/one"), ("h200", "lab/two"),
        ("cpu-x86_64", "recorded/claude"),
    ]  # fmt: skip
    board = found["h200", "pooled"]
    assert [each.variant for each in board.skills] == [A, B, C, HOSTILE]
    assert [each.variant for each in board.controls] == ["prompt", "sham"]
    ranks = [each.ranks[LEADING] for each in board.skills]
    assert [rank.text for rank in ranks if rank] == ["1", "2", "3–4", "3–4"]
    assert [rank.place for rank in ranks if rank] == [1, 2, 3, 4]
    assert board.methods[LEADING] == "max-T sign-flip"
    assert [each.beside_sham for each in board.skills] == [
        "beats sham", "beats sham", "placebo", "placebo",
    ]  # fmt: skip
    assert board.headline().startswith(f"{A} leads in deployable speedup: ")
    assert board.headline().endswith("2 of 4 do not beat sham, inert text of the same length.")
    assert found["cpu-x86_64", "recorded/claude"].skills[0].beside_sham == "no sham"


def test_ranks_do_not_depend_on_names_or_on_the_order_of_rows():
    speed = {"none": 1.2, A: 2.0, B: 1.9, C: 1.3}

    def sample(model: str, variant: str, op: str, epoch: int) -> tuple[float, float]:
        kind = renamed.get(variant, variant)
        return 1.0, speed[kind] * random.Random(f"{kind}{op}{epoch}").uniform(0.8, 1.25)

    found = []
    for renamed in ({}, {A: C, C: A}):
        rows = make_rows(sample, ops=NAMES[:12], variants=("none", A, B, C))
        rows = rows.sample(frac=1, random_state=3).assign(log="one", run="one")
        (board,) = rank_skills(rows, {}).boards
        found.append({renamed.get(e.variant, e.variant): e.ranks[LEADING] for e in board.skills})
    assert found[0] == found[1]


def test_identical_skills_tie():
    rows = make_rows(
        lambda model, variant, op, epoch: (float(variant != "none" or op > "op_05"), 2.0),
        ops=NAMES[:10],
        variants=("none", A, B),
    ).assign(log="one", run="one")
    (board,) = rank_skills(rows, {}).boards
    for each in board.skills:
        for metric in ("correct", LEADING):
            rank = each.ranks[metric]
            assert rank is not None
            assert rank.text == "1–2"


def test_under_eight_ops_there_are_estimates_only(tmp_path: Path):
    write_run(tmp_path, {"none": (1, 1), A: (1, 2), B: (1, 1)}, ops=NAMES[:7])
    (board,) = boards(tmp_path).values()
    assert [each.ranks[LEADING] for each in board.skills] == [None, None]
    assert "has the largest estimate" in board.headline()
    assert "–" in markdown(rank_skills(read_runs([tmp_path]), {}))


def test_a_skill_is_compared_with_the_baseline_of_its_own_runs(tmp_path: Path):
    write_run(tmp_path / "mine", {"none": (1, 1), A: (1, 1.5)})
    before = boards(tmp_path)["cpu-x86_64", "recorded/claude"].skills[0]
    # A run of somebody else, whose machine or whose baseline is poor.
    write_run(tmp_path / "theirs", {"none": (0.1, 1), B: (1, 3)})
    after = {e.variant: e for e in boards(tmp_path)["cpu-x86_64", "recorded/claude"].skills}
    assert after[A].effect(LEADING).estimate == before.effect(LEADING).estimate
    assert after[A].runs == after[B].runs == 1
    # The same arm in one run more: more epochs of it.
    write_run(tmp_path / "again", {"none": (1, 1), A: (1, 1.5)})
    more = {e.variant: e for e in boards(tmp_path)["cpu-x86_64", "recorded/claude"].skills}
    assert (more[A].runs, more[A].effect(LEADING).epochs) == (2, 6)


def test_arms_in_folders_of_their_own_are_compared_all_the_same(tmp_path: Path):
    write_run(tmp_path / "none", {"none": (1, 1)})
    write_run(tmp_path / "new", {A: (1, 1.5)})
    (board,) = boards(tmp_path).values()
    assert board.skills[0].effect(LEADING).ops == len(OPS)


def test_skills_without_a_model_in_common_have_no_order(tmp_path: Path):
    write_run(tmp_path / "one", {"none": (1, 1), A: (1, 3)}, model="lab/one")
    write_run(tmp_path / "two", {"none": (1, 1), B: (1, 1)}, model="lab/two")
    pooled = boards(tmp_path)["cpu-x86_64", "pooled"]
    assert [rank.text for e in pooled.skills if (rank := e.ranks[LEADING])] == ["1–2", "1–2"]


def test_what_cannot_be_ranked_is_refused(tmp_path: Path):
    write_run(tmp_path / "controls", {"none": (1, 1), "prompt": (1, 1)})
    with pytest.raises(MissingArmError, match="holds no Skill"):
        boards(tmp_path / "controls")
    write_log(tmp_path / "judges", judge_digest="cd" * 32)
    write_log(tmp_path / "other", variant=A)
    with pytest.raises(MixedSelectionError, match="versions of the judge"):
        read_runs([tmp_path / "judges", tmp_path / "other"])


# What is written


def test_json_markdown_and_terminal_say_the_same(runs: Path, site: Path):
    rows = read_runs([runs])
    board = rank_skills(rows, {})
    payload = json.loads((site.parent / "leaderboard.json").read_text())
    assert payload == json.loads(json.dumps(leaderboard_json(board, log_digests(rows))))
    assert payload["boards"][0]["entries"][0]["ranks"][LEADING] == {
        "place": 1, "low": 1, "high": 1, "count": 4,
    }  # fmt: skip
    assert {each["log"].partition("/")[0] for each in payload["logs"]} == {"gpu", "cpu"}
    effect = board.boards[0].skills[0].effect(LEADING)
    amount = f"{effect.estimate:.2f}x"
    for text in (markdown(board), (site.parent / "leaderboard.md").read_text()):
        assert f"1 | alpha@111111 | {amount}" in " ".join(text.split())
        assert "placebo line" in text
        assert "<img" not in text.replace("\\<img", "")
        assert "](http" not in text.replace("\\](http", "")
    assert re.search(rf"alpha@111111 +1 +{amount}", render_boards(board))


def links(page: Path) -> Iterator[Path]:
    for link in re.findall(r'href="([^"]*)"', page.read_text()):
        if not link.startswith(("data:", "#")):
            yield (page.parent / link).resolve()


def test_every_page_is_there_and_every_link_leads_to_a_file_of_the_site(site: Path):
    pages = [site, *sorted((site.parent / "skills").iterdir())]
    assert len(pages) == 5
    for page in pages:
        for target in links(page):
            assert target.is_file()
            assert target.is_relative_to(site.parent.resolve())
    alpha = (site.parent / "skills" / "alpha-111111.html").read_text()
    assert "3f" * 32 in alpha
    assert re.search('href="../reports/cpu-[0-9a-f]{6}/report.html"', alpha)
    for page in pages:
        assert "<img" not in page.read_text()


def test_a_new_leaderboard_replaces_the_pages_of_the_last(tmp_path: Path, runs: Path):
    (tmp_path / "skills").mkdir()
    mine = tmp_path / "skills" / "mine.txt"
    mine.write_text("no page")
    rows = read_runs([runs / "cpu"])
    board = rank_skills(rows, {})
    write_site(board, tmp_path, log_digests(rows))
    # A folder that was no leaderboard's loses nothing.
    assert mine.is_file()
    stale = tmp_path / "skills" / "stale.html"
    stale.write_text("an earlier page")
    write_site(board, tmp_path, log_digests(rows))
    assert not stale.exists()


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_fit_and_make_no_console_error(browser: Browser, site: Path, width: int, theme: str):
    for page in (site, site.parent / "skills" / "alpha-111111.html"):
        browser.open(page, width=width, theme="dark" if theme == "dark" else "light")
        assert browser.errors() == []
        assert browser.overflow() == 0


def shown(browser: Browser, what: str) -> list[str]:
    return browser.run(
        "return [...document.querySelectorAll(arguments[0])]"
        ".filter((each) => each.getClientRects().length)"
        ".map((each) => each.dataset.variant || each.dataset.hardware + ' ' + each.dataset.model)",
        what,
    )


def choose(browser: Browser, name: str, value: str) -> None:
    browser.click(f".filters [name={name}] option[value='{value}']")


def test_every_filter_works_by_click_and_is_kept_in_the_address(browser: Browser, site: Path):
    browser.open(site)
    everything = ["h200 pooled", "cpu-x86_64 recorded/claude"]
    assert shown(browser, ".board") == everything
    choose(browser, "model", "lab/two")
    assert shown(browser, ".board") == ["h200 lab/two"]
    choose(browser, "model", "first")
    for name, value in (("hardware", "cpu-x86_64"), ("language", "cpp")):
        choose(browser, name, value)
        assert shown(browser, ".board") == everything[1:]
        address = browser.driver.current_url
        choose(browser, name, "")
        assert shown(browser, ".board") == everything
        browser.open(address)
        assert shown(browser, ".board") == everything[1:]
        choose(browser, name, "")
    choose(browser, "language", "cuda")
    choose(browser, "hardware", "cpu-x86_64")
    assert browser.one(".filters .empty")
    choose(browser, "hardware", "")
    browser.click(".filters [name=placebo]")
    assert shown(browser, ".board tbody tr") == [A, B, "prompt", "sham"]
    browser.click(".filters [name=placebo]")
    browser.one(".filters [name=skill]").send_keys("GAM")
    assert shown(browser, ".board tbody tr") == [C]
    browser.one(".filters [name=skill]").clear()
    browser.open(site)
    choose(browser, "metric", "correct")
    figures = browser.all(".board figure")
    assert {each.get_attribute("data-metric") for each in figures} == {"correct"}
    assert browser.errors() == []


def test_every_column_sorts_by_click_both_ways(browser: Browser, site: Path):
    browser.open(site)
    board = ".board[data-model=pooled]"
    heads = browser.all(f"{board} th[data-sorts]")
    assert len(heads) == 12
    for head in heads:
        column = str(head.get_attribute("data-sorts"))
        ways = []
        for _ in range(2):
            browser.click(f"{board} th[data-sorts='{column}'] button")
            ways.append(head.get_attribute("aria-sort"))
            values = browser.run(
                "return [...document.querySelectorAll(arguments[0])].map((e) => e.dataset.value)",
                f"{board} td[data-column='{column}'], {board} tbody th[data-column='{column}']",
            )
            known = [value for value in values if value != ""]
            assert values[: len(known)] == known
            text = head.get_attribute("data-text") is not None
            ordered = sorted(known, key=str.casefold if text else float)
            assert [v if text else float(v) for v in known] == [
                v if text else float(v)
                for v in (ordered if ways[-1] == "ascending" else ordered[::-1])
            ]
        assert sorted(map(str, ways)) == ["ascending", "descending"]
    assert browser.errors() == []
