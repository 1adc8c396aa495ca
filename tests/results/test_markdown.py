"""`skilldyno compare --markdown` and `--png`."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from markdown_it import MarkdownIt
from markdown_it.token import Token
from synthetic_logs import OPS, SKILL, Outcome, always, write_log

from skilldyno.evals.cli import main
from skilldyno.results.statistics import compare
from skilldyno.results.table import read_rows

HOSTILE = "a|b</b>[x](http://x)*_b_`"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("markdown") / "logs"
    for model in ("lab/a", HOSTILE):
        write_log(folder, model=model, judge=always(Outcome("incorrect")), epochs=1)
        write_log(folder, model=model, variant=SKILL, judge=always(Outcome()), epochs=1)
    return folder


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, ["compare", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def tables(tokens: list[Token]) -> list[list[list[str]]]:
    """The text of each cell of each table, as GitHub's dialect reads it."""
    found: list[list[list[str]]] = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif (
            token.type == "inline" and before is not None and before.type in ("td_open", "th_open")
        ):
            found[-1][-1].append("".join(each.content for each in token.children or ()))
    return found


def test_github_reads_headline_tables_and_pictures(tmp_path: Path, logs: Path):
    report, markdown, folder = (tmp_path / name for name in ("r.html", "docs/r.md", "plots"))
    run(logs, "--report", report, "--markdown", markdown, "--png", folder)
    text = markdown.read_text(encoding="utf-8")
    comparison = compare(read_rows([logs]))
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    inline = [each for token in tokens for each in token.children or ()]
    said = " ".join(each.content for each in inline)
    for finding in comparison.findings():
        for sentence in finding.sentences:
            assert sentence in said
    effects, arms, *_, counts = tables(tokens)
    assert [row[0] for row in effects[1:3]] == ["correct", "deployable speedup"]
    assert {len(row) for row in effects} == {9}
    assert [row[0] for row in arms].count(SKILL) == 2
    assert [row[0] for row in counts[1:]] == list(OPS)
    assert "0/1→1/1" in counts[1]
    pictures = [each.attrs["src"] for each in inline if each.type == "image"]
    assert pictures == [
        f"../plots/{name}.png" for name in ("forest", "fast-p-1", "slope-1", "roofline")
    ]
    assert all((markdown.parent / str(picture)).is_file() for picture in pictures)


def test_names_are_text_in_markdown(tmp_path: Path, logs: Path):
    markdown = tmp_path / "r.md"
    run(logs, "--report", tmp_path / "r.html", "--markdown", markdown)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(markdown.read_text(encoding="utf-8"))
    inline = [each for token in tokens for each in token.children or ()]
    assert not [each for each in inline if each.type in ("link_open", "em_open", "code_inline")]
    assert [token.content for token in tokens if token.type == "html_block"] == [
        "<details><summary>Op by op</summary>\n",
        "</details>\n",
    ]
    assert [HOSTILE] + [""] * 7 in tables(tokens)[1]


def test_a_picture_and_json_of_several_strata_are_named_by_them(tmp_path: Path):
    for hardware in ("h200", "l4"):
        for variant in ("none", SKILL):
            write_log(
                tmp_path / "logs", variant=variant, hardware=hardware, language="cuda", epochs=1
            )
    picture, markdown = tmp_path / "effects.png", tmp_path / "r.md"
    result = run(tmp_path / "logs", "--png", picture, "--markdown", markdown, "--json")
    strata = json.loads(result.output)["strata"]
    assert [each["pictures"] for each in strata] == [
        [str(tmp_path / f"effects-{hardware}-cuda.png")] for hardware in ("h200", "l4")
    ]
    headings = re.findall(r"^### (.*)$", markdown.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == [f"{SKILL} against none ({hardware}, cuda)" for hardware in ("h200", "l4")]
    assert all(Path(name).stat().st_size > 10_000 for each in strata for name in each["pictures"])
