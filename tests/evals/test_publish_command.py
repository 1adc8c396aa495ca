"""Results on the Hub: written as a dataset, sent, fetched, and ranked with one's own."""

import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path

import datasets
import huggingface_hub
import numpy as np
import pandas as pd
import pytest
from hub_double import HubDouble, serving
from in_process import run_command
from synthetic_logs import SKILL, Outcome, write_log

from skilldyno.results.dataset import read_dataset
from skilldyno.results.leaderboard import read_runs
from skilldyno.results.table import SCHEMA

TOKEN = "hf_" + "s3cret" * 6
OPS = ("rms_norm", "softmax")


def make_run(folder: Path, *, seed: str = "", **skill: str) -> Path:
    """A run of a Skill and of `none`: four samples each, some of which are wrong."""

    def judged(op: str, epoch: int) -> Outcome:
        drawn = random.Random(f"{folder.name}{seed}{op}{epoch}")
        verdict = "correct" if drawn.random() < 0.7 else "incorrect"
        return Outcome(verdict, 1 + drawn.random(), source=f"// {seed}{op}{epoch}\n")

    for variant in ("none", skill.get("variant", SKILL)):
        write_log(folder, variant=variant, ops=OPS, epochs=2, judge=judged, model="openai/gpt-5")
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, in a folder that names its user."""
    folder = make_run(tmp_path_factory.mktemp("home-of-me") / "eval")
    (folder / "evidence").mkdir()
    digest = hashlib.sha256(b"// rms_norm1\n").hexdigest()[:12]
    for name in (f"rms_norm-001-{digest}.json", "of-another-log-000000000000.json"):
        (folder / "evidence" / name).write_text("{}")
    return folder


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubDouble]:
    """A Hub that this user is logged in to."""
    # The other way to send large files asks servers of its own.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with serving({}) as double:
        monkeypatch.setenv("HF_ENDPOINT", double.endpoint)
        yield double


def rank(folder: Path, *arguments: str | Path):
    """`skilldyno leaderboard`, with its site in a folder."""
    output = str(folder / "site")
    return run_command("leaderboard", *map(str, arguments), "-o", output)


def boards(folder: Path, *arguments: str | Path) -> list[dict]:
    done = rank(folder, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["boards"]


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def published(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What would be sent of the run, with its logs."""
    folder = tmp_path_factory.mktemp("published")
    done = rank(folder, run, "--dry-run", folder / "tree", "--push", "me/mine", "--logs")
    assert done.returncode == 0, done.stderr
    return folder / "tree"


def test_the_tree_loads_as_the_same_table(run: Path, published: Path, tmp_path: Path):
    given = read_runs([run])
    cache = str(tmp_path / "cache")
    loaded = datasets.load_dataset(str(published), split="train", cache_dir=cache).to_pandas()
    assert isinstance(loaded, pd.DataFrame)
    assert list(loaded.columns) == [column.name for column in SCHEMA]
    back = read_dataset(published)
    for column in SCHEMA:
        if column.name in ("run", "log"):
            continue
        if column.dtype == "float":
            np.testing.assert_array_equal(loaded[column.name], given[column.name])
        elif column.dtype == "object":
            found = [json.loads(text) for text in loaded[column.name]]
            # A packed record is no dict.
            plain = dict if column.name == "evidence" else lambda each: each
            assert found == [plain(each) for each in given[column.name]]
            assert found == [plain(each) for each in back[column.name]]
        else:
            assert loaded[column.name].tolist() == given[column.name].tolist()
        assert back[column.name].dtype == given[column.name].dtype
    assert {Path(log) for log in back["log"]} == set((published / "logs").rglob("*.eval"))


def test_the_tree_has_a_card_with_the_headline_and_plots_and_no_folder_of_this_machine(
    run: Path, published: Path
):
    card = (published / "README.md").read_text()
    assert card.startswith("---\n")
    assert f"{SKILL} against none, openai/gpt-5" in card
    assert "| `roofline_fraction` | float |" in card
    assert 'load_dataset("me/mine"' in card
    evidence = [path for path in tree(published) if "/evidence/" in path]
    assert [path.rpartition("-001-")[0] for path in evidence] == ["logs/eval/evidence/rms_norm"]
    plots = sorted(path.relative_to(published) for path in (published / "plots").rglob("*.png"))
    assert plots
    assert all(f"({plot.as_posix()})" in card.replace("%40", "@") for plot in plots)
    written = tree(published)
    assert (published / "leaderboard.md").read_text().partition("\n")[2].strip() in card
    for path, text in written.items():
        if not path.endswith(".eval"):
            assert str(run.parent).encode() not in text, path
    assert not any(
        str(run.parent) in str(value)
        for value in pd.read_parquet(published / "data/rows.parquet").values
    )


def test_what_is_sent_is_what_a_dry_run_writes(
    hub: HubDouble, run: Path, published: Path, tmp_path: Path
):
    done = rank(tmp_path, run, "--push", "me/mine", "--logs")
    assert done.returncode == 0, done.stderr
    assert f"{hub.endpoint}/datasets/me/mine" in done.stdout
    assert hub.created[0]["type"] == "dataset"
    # Large files go to a storage that gets no token.
    assert hub.tokens == {TOKEN, ""}
    assert hub.datasets["me/mine"] == tree(published)
    # Sent again without its logs: none are left of those that were there.
    hub.datasets["me/mine"]["LICENSE"] = b"mine"
    assert rank(tmp_path, run, "--push", "me/mine").returncode == 0
    kept = {path for path in tree(published) if not path.startswith("logs/")}
    assert set(hub.datasets["me/mine"]) == kept | {"LICENSE"}
    for place in (tree(published), tree(tmp_path / "site"), hub.datasets["me/mine"]):
        assert not any(TOKEN.encode() in text for text in place.values())
    assert TOKEN not in done.stdout + done.stderr


@pytest.mark.parametrize("logs", [True, False])
def test_what_was_sent_is_fetched_and_ranked_alike(
    logs: bool, hub: HubDouble, run: Path, tmp_path: Path
):
    flags = ["--logs"] if logs else []
    assert rank(tmp_path, run, "--push", "me/mine", *flags).returncode == 0
    pulled = tmp_path / "pulled"
    asked = ("leaderboard", "pull", "me/mine", "-o", str(pulled))
    done = run_command(*asked, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["pulled"][0]
    assert found["revision"] == hub.commit_of("me/mine")
    assert found["logs"] == (2 if logs else 0)
    assert set(tree(pulled)) == {f"me--mine/{path}" for path in found["files"]}
    assert boards(tmp_path, pulled) == boards(tmp_path, run)
    if not logs:
        done = run_command("leaderboard", "verify", str(pulled))
        assert done.returncode == 2
        assert "nothing in it can be verified" in done.stderr
    # One's own results are not counted twice where both are given.
    assert boards(tmp_path, run, pulled) == boards(tmp_path, run)
    # Another user's are further epochs of the same arms, beside other Skills.
    other = make_run(tmp_path / "other", seed="other", variant="cpu-kernels@999999")
    both = boards(tmp_path, pulled, other)[0]["entries"]
    assert {each["variant"]: each["samples"] for each in both} == {
        SKILL: 4,
        "cpu-kernels@999999": 4,
    }
    # An earlier copy is replaced as a whole.
    (pulled / "me--mine" / "stale.eval").write_bytes(b"old")
    assert run_command(*asked).returncode == 0
    assert not (pulled / "me--mine" / "stale.eval").exists()


def test_only_results_are_fetched(hub: HubDouble, tmp_path: Path):
    hub.datasets["they/theirs"] = {
        "data/rows.parquet": b"x",
        "leaderboard.json": b"{}",
        "script.py": b"x",
        "../outside.eval": b"x",
    }
    hub.datasets["they/else"] = {"train.csv": b"1,2"}
    asked = ("leaderboard", "pull", "-o", str(tmp_path / "in" / "pulled"))
    assert run_command(*asked, "they/theirs").returncode == 0
    assert set(tree(tmp_path)) == {
        "in/pulled/they--theirs/data/rows.parquet",
        "in/pulled/they--theirs/leaderboard.json",
    }
    done = rank(tmp_path, tmp_path / "in")
    assert done.returncode == 2
    assert "holds no rows of skilldyno" in done.stderr
    done = run_command(*asked, "they/else")
    assert done.returncode == 2
    assert "they/else holds no results of skilldyno" in done.stderr
    (tmp_path / "in" / "pulled" / "they--mine").mkdir()
    (tmp_path / "in" / "pulled" / "they--mine" / "notes.txt").write_text("mine")
    done = run_command(*asked, "they/mine")
    assert done.returncode == 2
    assert "holds something else" in done.stderr


def test_a_secret_in_a_sample_or_a_transcript_is_not_published(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SOME_API_KEY", "sk-0123456789abcdef")
    leaky = tmp_path / "leaky"
    write_log(leaky, ops=OPS, epochs=1)
    shown = Outcome(source="// sk-0123456789abcdef\n")
    write_log(leaky, ops=OPS, epochs=1, variant=SKILL, judge=lambda op, epoch: shown)
    done = rank(tmp_path, leaky, "--dry-run", tmp_path / "tree")
    assert done.returncode == 2
    assert "holds the value of SOME_API_KEY" in done.stderr
    assert "sk-0123456789abcdef" not in done.stderr + done.stdout
    assert not (tmp_path / "tree").exists()
    # "Write the kernel." is in the transcripts alone.
    monkeypatch.setenv("SOME_API_KEY", "Write the kernel.")
    assert rank(tmp_path, run, "--dry-run", tmp_path / "rows").returncode == 0
    done = rank(tmp_path, run, "--dry-run", tmp_path / "all", "--logs")
    assert done.returncode == 2
    assert "holds the value of SOME_API_KEY" in done.stderr


def test_what_stands_in_the_way_is_one_sentence(
    hub: HubDouble, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refused(*arguments: str | Path) -> str:
        done = run_command("leaderboard", *map(str, arguments))
        assert done.returncode == 2
        assert TOKEN not in done.stderr
        last = done.stderr.splitlines()[-1]
        assert last.startswith("error: ")
        return last

    push = (run, "-o", tmp_path / "site", "--push", "me/mine")
    pull = ("pull", "-o", tmp_path / "pulled")
    hub.status = 403
    assert "Cannot push to me/mine: the Hub answers 403" in refused(*push)
    hub.status = 200
    assert "name the repository OWNER/NAME" in refused(*push[:-1], "a/b/c")
    assert "there is no such repository" in refused(*pull, "me/nothing")
    hub.datasets["me/mine"] = {}
    assert "no such repository" in refused(*pull, "me/mine@v9")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes.txt").write_text("mine")
    assert "holds something else" in refused(run, "--dry-run", tmp_path / "taken")
    assert "give --push" in refused(run, "--logs")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "the Hub cannot be reached" in refused(*push)
    assert "the Hub cannot be reached" in refused(*pull, "me/mine")
    monkeypatch.setenv("HF_TOKEN", "")
    assert "there is no token for the Hub (log in by `hf auth login`" in refused(*push)
    assert not (tmp_path / "pulled").exists()
