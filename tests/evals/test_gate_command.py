"""`skilldyno gate` from end to end: logs and Skills, exit codes, files, and the kept arm."""

import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest
from synthetic_logs import OPS, SKILL, Outcome, always, write_log

from skilldyno.evals.gate import looks
from skilldyno.skills.skill import SHIPPED_SKILLS

# The mock model counts tokens with a tokenizer from the network, which CI does not have.
OFFLINE = {**os.environ, "PYTHONPATH": str(Path(__file__).parent / "offline")}


def half(op: str, epoch: int) -> Outcome:
    return Outcome("incorrect") if OPS.index(op) % 2 else Outcome(speedup=2.0)


Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def gate(skilldyno: Command) -> Command:
    """Runs the gate."""

    def run(*arguments: object, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
        return skilldyno("gate", *map(str, arguments), env=OFFLINE, cwd=cwd)

    return run


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder with a good arm and a broken one."""
    write_log(tmp_path / "logs", epochs=5)
    write_log(tmp_path / "logs", epochs=5, variant=SKILL, judge=half)
    return tmp_path / "logs"


def test_two_arms_of_a_folder_both_ways(logs: Path, tmp_path: Path, gate: Command):
    junit, page = tmp_path / "junit.xml", tmp_path / "gate.md"
    worse = gate(f"{logs}@none", f"{logs}@cpu-kernels", "--junit", junit, "--markdown", page)
    assert worse.returncode == 1, worse.stderr
    assert worse.stdout.startswith(f"FAIL: {SKILL} is worse than none in correct")
    assert ElementTree.parse(junit).getroot().get("failures") == "2"
    assert page.read_text(encoding="utf-8").startswith("### ❌ FAIL")
    better = gate(f"{logs}@cpu-kernels", f"{logs}@none", "--json")
    assert better.returncode == 0, better.stderr
    result = json.loads(better.stdout)
    assert (result["verdict"], result["old"], result["new"]) == ("PASS", SKILL, "none")
    assert result["criteria"][0]["estimate"] == 50


def test_log_files_need_no_variant_and_policies_decide(tmp_path: Path, gate: Command):
    old = write_log(tmp_path / "a", ops=OPS[:2], epochs=2)
    new = write_log(tmp_path / "b", ops=OPS[:2], epochs=2)
    codes = {
        policy: gate(old, new, "--policy", policy).returncode
        for policy in ("inconclusive", "pass", "fail")
    }
    assert codes == {"inconclusive": 3, "pass": 0, "fail": 1}


def test_two_judges_are_refused_unless_mixed(tmp_path: Path, gate: Command):
    old = write_log(tmp_path / "a", epochs=5)
    new = write_log(tmp_path / "b", epochs=5, judge_digest="cd" * 32)
    refused = gate(old, new)
    assert refused.returncode == 2
    assert "--mix" in refused.stderr
    assert gate(old, new, "--mix").returncode == 0


def test_an_arm_against_itself(tmp_path: Path, gate: Command):
    log = write_log(tmp_path, epochs=5, judge=always(Outcome(speedup=2.0)))
    done = gate("--aa", log)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "PASS: none against itself, 8 ops x 5 epochs: false alarms in 0.0"
    )
    assert json.loads(gate("--aa", log, "--json").stdout)["counts"]["PASS"] == 1_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{logs}", "{logs}"], "holds the variants cpu-kernels@3f9a1c, none: name one"),
        (["{logs}@sham", "{logs}@none"], "name one"),
        (["{logs}@none", "nowhere"], "nowhere holds no logs"),
        (["none", "nowhere", "-m", "mockllm/model"], "nowhere"),
        (["{logs}@none", "{logs}@cpu", "--margin", "speed=1"], "cannot be gated"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str], words: str, logs: Path, gate: Command
):
    done = gate(*(argument.format(logs=logs) for argument in arguments))
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1
    assert words in lines[0]


@pytest.mark.parametrize("arguments", [["a"], ["a", "b", "--aa"]])
def test_one_arm_goes_with_aa_and_two_without(arguments: list[str], gate: Command):
    done = gate(*arguments)
    assert done.returncode == 2
    assert "give OLD and NEW, or --aa with OLD alone" in done.stderr


def edited(folder: Path) -> Path:
    """A copy of the shipped Skill with another sentence in it."""
    skill = folder / "cpu-kernels"
    shutil.copytree(SHIPPED_SKILLS / "cpu-kernels", skill)
    with (skill / "SKILL.md").open("a", encoding="utf-8") as file:
        file.write("\nCheck the bounds of every loop.\n")
    return skill


def test_two_skills_are_run_in_batches_and_the_old_arm_is_kept(tmp_path: Path, gate: Command):
    # A model that never answers with code: nothing is built or timed, and nothing can get worse.
    old, new = SHIPPED_SKILLS / "cpu-kernels", edited(tmp_path)
    options = ["-m", "mockllm/model", "--log-dir", tmp_path / "runs", "--json"]
    first = gate(old, new, *options, "--epochs", 4, "--batch", 2)
    assert first.returncode == 0, first.stderr
    assert "undecided after 2 of 4 epochs" in first.stderr
    result = json.loads(first.stdout)
    assert (result["verdict"], result["epochs"], len(result["ops"])) == ("PASS", 4, 8)
    assert result["old"] != result["new"]
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / "runs").rglob("*.eval")}
    assert len(list((tmp_path / "runs").rglob("evidence/*.json"))) == 2 * 8 * 4
    # Another way to write the same Skill, and fewer epochs: nothing is run again.
    again = gate(old.parent / ".." / "skills" / "cpu-kernels", new, *options, "--epochs", 3)
    assert json.loads(again.stdout)["epochs"] == 3
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "runs").rglob("*.eval")} == kept


def test_a_skill_against_itself(tmp_path: Path, gate: Command):
    done = gate(
        "--aa",
        SHIPPED_SKILLS / "cpu-kernels",
        "-m",
        "mockllm/model",
        "--epochs",
        3,
        "--log-dir",
        tmp_path / "runs",
    )
    assert done.returncode == 0, done.stderr
    assert "8 ops x 3 epochs" in done.stdout
    assert len(list((tmp_path / "runs").rglob("evidence/*.json"))) == 8 * 6


def test_a_skill_at_a_revision(tmp_path: Path, gate: Command):
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    git("init", "-b", "main")
    skill = tmp_path / "cpu-kernels"
    shutil.copytree(SHIPPED_SKILLS / "cpu-kernels", skill)
    git("add", ".")
    git("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-m", "old")
    (skill / "NOTES.md").write_text("new")
    done = gate(
        "cpu-kernels@main",
        "cpu-kernels",
        "-m",
        "mockllm/model",
        "--epochs",
        3,
        "--log-dir",
        "runs",
        "--json",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["old"] != result["new"]


def test_looks_end_at_the_last_epoch():
    assert looks(5, 2) == [2, 4, 5]
    assert looks(4, 2) == [2, 4]
    assert looks(1, 5) == [1]
