"""`skilldyno runs`: listed, filtered, shown, compared with an earlier run, deleted, and a trend."""

import json
import shutil
from pathlib import Path
from urllib.parse import unquote

import pytest
from in_process import run_command
from synthetic_logs import Outcome, write_log

OLD, NEW = "cpu-kernels@aaaaaa", "cpu-kernels@bbbbbb"


def of_op(op: str, epoch: int, speedup: float, wrong: str = "") -> Outcome:
    verdict = "incorrect" if op == wrong and epoch == 1 else "correct"
    return Outcome(verdict, speedup, source=f"// {op}, {speedup}, {epoch}\n")


@pytest.fixture(scope="module")
def log_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of two revisions, one that was stopped, one on a GPU, and a damaged log."""
    folder = tmp_path_factory.mktemp("runs")
    for name, skill, faster, wrong, day in (
        ("first", OLD, 2.2, "rope", "03"),
        ("second", NEW, 3.0, "softmax", "04"),
    ):
        for variant, speedup in (("none", 2.0), (skill, faster)):
            judge = lambda op, epoch, s=speedup, w=wrong: of_op(op, epoch, s, w)  # noqa: E731
            created = f"2026-01-{day}T12:00:00+00:00"
            write_log(folder / name, variant=variant, epochs=2, judge=judge, created=created)
    write_log(
        folder / "gate" / "stopped",
        ops=["rms_norm"],
        epochs=1,
        scored=False,
        status="cancelled",
        created="2026-01-05T12:00:00+00:00",
    )
    write_log(
        folder / "gpu",
        ops=["gemm"],
        epochs=1,
        model="openai/gpt-5",
        hardware="h200",
        language="cuda",
        created="2026-01-06T12:00:00+00:00",
    )
    damaged = folder / "damaged" / "2026-01-02T12-00-00+00-00_kernel-skill_x.eval"
    damaged.parent.mkdir()
    damaged.write_bytes(b"PK")
    return folder


@pytest.fixture
def runs(log_dir: Path):
    """Runs the command over those runs, and reads its JSON."""

    def run(*arguments: str, folder: Path = log_dir):
        done = run_command("runs", *arguments, "--log-dir", str(folder), "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def names(found) -> list[str]:
    return [each["run"] for each in found["runs"] if each["run"] != "damaged"]


def test_the_newest_run_comes_first_and_a_damaged_one_is_listed(runs, log_dir: Path):
    found = runs()
    assert names(found) == ["gpu", "gate/stopped", "second", "first"]
    statuses = {each["run"]: each["statuses"] for each in found["runs"]}
    assert statuses["damaged"] == ["unreadable"]
    second = next(each for each in found["runs"] if each["run"] == "second")
    assert (second["done"], second["samples"], len(second["ops"])) == (32, 32, 8)
    assert {log["variant"] for log in second["logs"]} == {"none", NEW}
    text = run_command("runs", "--log-dir", str(log_dir)).stdout
    assert "cancelled, not judged" in text


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        (["--model", "gpt"], ["gpu"]),
        (["--skill", "aaaa"], ["first"]),
        (["--skill", "cpu-kernels"], ["second", "first"]),
        (["--op", "gemm"], ["gpu"]),
        (["--op", "r*", "--hardware", "cpu-*"], ["gate/stopped", "second", "first"]),
        (["--language", "cuda", "--model", "claude"], []),
        (["--status", "cancelled"], ["gate/stopped"]),
        (["--since", "2026-01-05"], ["gpu", "gate/stopped"]),
        (["--since", "1h"], []),
    ],
)
def test_filters_name_what_one_log_has(filters, chosen, runs):
    assert names(runs(*filters)) == chosen


def test_a_run_is_shown_with_its_verdicts_its_effect_and_its_transcripts(runs, log_dir: Path):
    found = runs("show", "sec", "--samples")
    arms = {arm["variant"]: arm["verdicts"] for arm in found["arms"]}
    assert set(arms) == {"none", NEW}
    assert all(counts == {"correct": 15, "incorrect": 1} for counts in arms.values())
    assert len(found["each_sample"]) == 32
    for sample in found["each_sample"]:
        where = unquote(sample["transcript"].partition("/#/logs/")[2])
        log = Path(sample["log"]).name
        assert where == f"{log}/samples/sample/{sample['eval_task']}/{sample['epoch']}/"
    assert "rope%2Fcpu-x86_64%2Fcpp" in str(found["each_sample"])
    text = run_command("runs", "show", "second", "--log-dir", str(log_dir)).stdout
    assert found["comparisons"][0]["headline"] in text
    assert f"inspect view --log-dir {log_dir / 'second'}" in text


def test_options_may_stand_before_the_command(log_dir: Path):
    done = run_command("runs", "--log-dir", str(log_dir), "--json", "show", "gpu")
    assert json.loads(done.stdout)["run"] == "gpu"


def test_an_unjudged_run_says_how_to_judge_it(log_dir: Path):
    done = run_command("runs", "show", "gate/stopped", "--log-dir", str(log_dir))
    assert done.returncode == 0, done.stderr
    assert f"skilldyno score {log_dir / 'gate' / 'stopped'}" in done.stdout


def test_a_run_is_compared_with_the_one_before_it(runs, log_dir: Path):
    found = runs("compare", "second")
    assert (found["run"], found["earlier"]) == ("second", "first")
    arms = {(arm["earlier"], arm["later"]): arm for arm in found["arms"]}
    assert set(arms) == {("none", "none"), (OLD, NEW)}
    speed = arms[OLD, NEW]["changes"][1]
    assert speed["metric"] == "deployable_speedup"
    assert 1.25 < speed["estimate"] < 1.45
    before, after = (side[1]["estimate"] for side in arms[OLD, NEW]["effects"])
    assert 1.05 < before < 1.12
    assert 1.4 < after < 1.6
    assert arms["none", "none"]["effects"] == [None, None]
    changed = {(each["arm"], each["eval_task"].partition("/")[0]) for each in found["verdicts"]}
    assert changed == {(arm, op) for arm in ("none", NEW) for op in ("rope", "softmax")}
    # The arm `none` left the same candidates, two of which are judged otherwise.
    assert found["same_candidates"] == 16
    assert {(each["earlier"], each["later"]) for each in found["rejudged"]} == {
        ("incorrect", "correct"),
        ("correct", "incorrect"),
    }
    text = run_command("runs", "compare", "second", "first", "--log-dir", str(log_dir)).stdout
    assert "16 candidates in both runs, 2 with another verdict" in text
    assert f"{OLD} to {NEW}" in text


def test_a_run_like_no_other_has_nothing_to_be_compared_with(log_dir: Path):
    for asked, words in (
        (["gpu"], "No run before gpu"),
        (["gpu", "first"], "have no arm in common"),
        (["nowhere"], "There is no run nowhere"),
        (["first", "gate/stopped"], "has no judged kernels"),
    ):
        done = run_command("runs", "compare", *asked, "--log-dir", str(log_dir))
        assert done.returncode == 2
        assert words in done.stderr
        assert done.stderr.count("\n") == 1


@pytest.fixture
def copied(log_dir: Path, tmp_path: Path) -> Path:
    """A copy of the runs, with what else a run leaves."""
    copy = shutil.copytree(log_dir, tmp_path / "runs")
    for name in ("evidence", "report-candidates"):
        (copy / "first" / name).mkdir()
    beside = ("report.html", "report-candidates/1.js", "evidence/rope-1.json")
    for name in (*beside, "eval-set.json", ".eval-set-id"):
        (copy / "first" / name).write_text("{}")
    return copy


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_run_is_deleted_whole_after_a_yes(runs, copied: Path):
    before = tree(copied)
    done = run_command("runs", "delete", "first", "--log-dir", str(copied))
    assert done.returncode == 1
    assert "Delete this for good?" in done.stderr
    assert tree(copied) == before
    deleted = runs("delete", "first", "damaged", "--yes", folder=copied)["deleted"]
    assert [(each["run"], each["files"]) for each in deleted] == [("first", 7), ("damaged", 1)]
    kept = [path for path in before if path.partition("/")[0] not in ("first", "damaged")]
    assert tree(copied) == kept


@pytest.mark.parametrize("foreign", ["notes.txt", "evidence/mine.py", "later/report.html", "link"])
def test_what_no_run_wrote_is_not_deleted(foreign, copied: Path, tmp_path: Path):
    path = copied / "first" / foreign
    if foreign == "link":
        (tmp_path / "elsewhere").mkdir()
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    before = tree(copied)
    # Nothing is deleted either of the run that could be.
    done = run_command("runs", "delete", "second", "first", "--yes", "--log-dir", str(copied))
    assert done.returncode == 2
    assert f"holds {foreign.removesuffix('/report.html')}, which no run writes" in done.stderr
    assert tree(copied) == before


def test_a_trend_shows_each_revision_and_draws_it(runs, log_dir: Path, tmp_path: Path):
    plot = tmp_path / "pictures" / "trend.svg"
    found = runs("trend", "cpu-kernels", "--plot", str(plot))
    assert [(point["run"], point["variant"]) for point in found["points"]] == [
        ("first", OLD),
        ("second", NEW),
    ]
    speeds = [point["effects"][1]["estimate"] for point in found["points"]]
    assert speeds[0] < speeds[1]
    shown = runs("show", "second")["comparisons"][0]["contrasts"]
    same = [c for c in shown if c["metric"] == "deployable_speedup" and c["model"] == "pooled"]
    assert speeds[1] == same[0]["estimate"]
    assert "<svg" in plot.read_text()
    text = run_command("runs", "trend", "cpu-kernels", "--log-dir", str(log_dir)).stdout
    assert "bbbbbb" in text


def test_the_revision_that_is_there_is_told_from_those_that_ran(log_dir: Path, tmp_path):
    skill = tmp_path / "cpu-kernels"
    skill.mkdir()
    (skill / "SKILL.md").write_text("---\nname: cpu-kernels\ndescription: Fast.\n---\nBe fast.\n")
    done = run_command("runs", "trend", str(skill), "--log-dir", str(log_dir))
    assert done.returncode == 0, done.stderr
    assert "has not been run" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trend", "cuda-hopper"], "the Skills in it are cpu-kernels"),
        (["trend", "cpu-kernels", "--plot", "trend.txt"], "end its name with .svg"),
        (["show", "f*"], "There is no run f*"),
        (["show", "../runs"], "There is no run ../runs"),
        (["--since", "yesterday"], "yesterday is no time"),
        (["--op", "rope", "trend", "cpu-kernels"], "--op is for the list"),
        (["show", ""], "may be"),
    ],
)
def test_a_wrong_request_is_one_error(arguments, words, log_dir: Path, tmp_path: Path):
    done = run_command("runs", *arguments, "--log-dir", str(log_dir), cwd=tmp_path)
    if "--since" in arguments:
        done = run_command("runs", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr


def test_a_folder_without_runs_is_no_error(tmp_path: Path):
    done = run_command("runs", "--log-dir", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "holds 0 runs" in done.stdout
