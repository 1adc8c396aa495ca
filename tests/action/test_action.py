"""The GitHub Action: its metadata, and its shell from end to end in a repository with a change."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from synthetic_logs import OPS, SKILL, Outcome, write_log

from skilldyno.skills.skill import SHIPPED_SKILLS

ROOT = Path(__file__).parents[2]
ACTION: Any = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
CLIENT = ROOT / "tests" / "command_client.py"
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.yml"))
_EXPRESSION = re.compile(r"^\$\{\{ *([\w.-]+) *\}\}$")


class Runner:
    """Runs the steps of the action as a runner does: expressions become environment."""

    def __init__(self, work: Path, scratch: Path, **inputs: str):
        self.work, self.scratch = work, scratch
        defaults = {name: str(given["default"]) for name, given in ACTION["inputs"].items()}
        self.inputs = defaults | {"log-dir": str(scratch / "logs")} | inputs
        self.outputs: dict[str, str] = {}
        for name in ("summary", "output"):
            (scratch / name).touch()
        # `gh` is there to be called, and writes down how.
        self.program("gh", 'printf "%s\\n" "$@" >>"$GH_CALLS"\ncat "$5" >>"$GH_CALLS"')
        self.program("skilldyno", f'exec {sys.executable} -I {CLIENT} "$@"')

    def program(self, name: str, text: str) -> None:
        file = self.scratch / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)

    def step(self, name: str) -> "subprocess.CompletedProcess[str]":
        step = STEPS[name]
        program = self.scratch / f"{name}.sh"
        program.write_text(step["run"], encoding="utf-8")
        path = [self.scratch / "bin", Path(sys.executable).parent, os.environ["PATH"]]
        environment = {
            **os.environ,
            "PATH": ":".join(map(str, path)),
            "PYTHONPATH": str(ROOT / "tests" / "evals" / "offline"),
            "GITHUB_STEP_SUMMARY": str(self.scratch / "summary"),
            "GITHUB_OUTPUT": str(self.scratch / "output"),
            "GH_CALLS": str(self.scratch / "calls"),
            **{key: self._value(text) for key, text in step["env"].items()},
        }
        # The shell that a runner uses for `shell: bash`.
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(program)],
            cwd=self.work,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        lines = (self.scratch / "output").read_text(encoding="utf-8").splitlines()
        self.outputs = dict(line.split("=", 1) for line in lines)
        return done

    def _value(self, text: str) -> str:
        found = _EXPRESSION.match(text)
        assert found, f"{text} is more than one expression"
        context, _, name = found[1].partition(".")
        if context == "inputs":
            return self.inputs[name]
        if context == "steps":
            return self.outputs[name.rpartition(".")[2]]
        return {
            "github.action_path": str(ROOT),
            "github.event.pull_request.html_url": "https://example.org/pull/1",
        }[found[1]]


def wrong_half(op: str, epoch: int) -> Outcome:
    return Outcome("incorrect") if OPS.index(op) % 2 else Outcome()


@pytest.fixture
def repository(command_server: str, tmp_path: Path) -> Path:
    """A repository with a Skill, the commit `base`, and an edit of the Skill on top."""
    folder = tmp_path / "repository"
    shutil.copytree(SHIPPED_SKILLS / "cpu-kernels", folder / "skills" / "cpu-kernels")
    (folder / "README.md").write_text("Skills\n")
    git(folder, "init", "--initial-branch", "main")
    commit(folder, "old")
    git(folder, "tag", "base")
    return folder


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    git(folder, *who, "commit", "--message", message)


def test_logs_are_gated_posted_and_decided(repository: Path, tmp_path: Path):
    write_log(tmp_path / "old", epochs=5)
    write_log(tmp_path / "new", epochs=5, variant=SKILL, judge=wrong_half)
    old, new = str(tmp_path / "old"), str(tmp_path / "new")
    runner = Runner(repository, tmp_path, **{"old-logs": old, "new-logs": new})
    done = runner.step("Gate")
    assert done.returncode == 0, done.stderr
    assert runner.outputs["verdict"] == "FAIL"
    assert "### ❌ FAIL" in (tmp_path / "summary").read_text(encoding="utf-8")
    assert runner.step("Comment").returncode == 0
    calls = (tmp_path / "calls").read_text(encoding="utf-8")
    assert calls.startswith("pr\ncomment\nhttps://example.org/pull/1\n--body-file\n")
    assert "### ❌ FAIL" in calls
    decided = runner.step("Decide")
    assert decided.returncode == 1
    assert "::error title=skilldyno gate::FAIL" in decided.stdout
    better = Runner(repository, tmp_path, **{"old-logs": new, "new-logs": old})
    assert better.step("Gate").returncode == 0
    assert better.outputs["verdict"] == "PASS"
    assert better.step("Decide").returncode == 0


@pytest.mark.parametrize(("policy", "code"), [("inconclusive", 0), ("pass", 0), ("fail", 1)])
def test_inconclusive_is_decided_by_the_policy(
    policy: str, code: int, repository: Path, tmp_path: Path
):
    logs = [str(write_log(tmp_path / name, ops=OPS[:2], epochs=2)) for name in ("a", "b")]
    runner = Runner(
        repository, tmp_path, policy=policy, **{"old-logs": logs[0], "new-logs": logs[1]}
    )
    assert runner.step("Gate").returncode == 0
    assert runner.outputs["verdict"] == "INCONCLUSIVE"
    assert runner.step("Decide").returncode == code


def test_logs_that_cannot_be_gated_are_an_error(repository: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    runner = Runner(
        repository, tmp_path, **{"old-logs": str(tmp_path / "empty"), "new-logs": "nowhere"}
    )
    done = runner.step("Gate")
    assert done.returncode == 2
    assert "::error title=skilldyno gate::logs could not be gated" in done.stdout


def test_nothing_is_run_where_no_skill_changed(repository: Path, tmp_path: Path):
    (repository / "README.md").write_text("Other words\n")
    commit(repository, "words")
    runner = Runner(repository, tmp_path, base="base", models="mockllm/model")
    done = runner.step("Gate")
    assert done.returncode == 0, done.stderr
    assert "No Skill changed." in done.stdout
    assert runner.outputs["verdict"] == ""
    assert runner.step("Decide").returncode == 0


def test_a_changed_skill_is_linted_and_gated_against_its_base(repository: Path, tmp_path: Path):
    with (repository / "skills/cpu-kernels/SKILL.md").open("a", encoding="utf-8") as file:
        file.write("\nCheck the bounds of every loop.\n")
    commit(repository, "edit")
    runner = Runner(repository, tmp_path, base="base", models="mockllm/model\n", epochs="3")
    done = runner.step("Gate")
    assert done.returncode == 0, done.stderr
    assert "== skills/cpu-kernels" in done.stdout
    assert runner.outputs["verdict"] == "PASS"
    (file,) = (tmp_path / "logs" / "gate").glob("*.json")
    result = json.loads(file.read_text(encoding="utf-8"))
    assert result["old"] != result["new"]
    assert len(result["ops"]) == 8


def test_a_skill_with_errors_is_gated_and_fails_at_last(repository: Path, tmp_path: Path):
    manifest = repository / "skills/cpu-kernels/SKILL.md"
    text = manifest.read_text(encoding="utf-8")
    skill = repository / "other/cpu-kernels"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text(f"{text}\nRead [more](references/gone.md).\n", encoding="utf-8")
    commit(repository, "a dead link")
    runner = Runner(repository, tmp_path, base="base", models="mockllm/model", epochs="3")
    assert runner.step("Gate").returncode == 0
    assert (runner.outputs["lint"], runner.outputs["verdict"]) == ("failed", "PASS")
    decided = runner.step("Decide")
    assert decided.returncode == 1
    assert "::error title=skilldyno lint" in decided.stdout


def test_a_new_skill_is_gated_against_none(repository: Path, tmp_path: Path):
    shutil.copytree(repository / "skills/cpu-kernels", repository / "other/cpu-kernels")
    (repository / "other/cpu-kernels/notes.txt").write_text("one more file\n")
    commit(repository, "another")
    runner = Runner(repository, tmp_path, base="base", models="mockllm/model", epochs="3")
    done = runner.step("Gate")
    assert done.returncode == 0, done.stderr
    assert "### ✅ PASS" in Path(runner.outputs["markdown"]).read_text(encoding="utf-8")
    (file,) = (tmp_path / "logs" / "gate").glob("*.json")
    assert json.loads(file.read_text(encoding="utf-8"))["old"] == "none"


def test_no_expression_reaches_a_shell():
    for step in STEPS.values():
        assert "${{" not in step["run"], "an input could end a quoted word and run as a command"


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_examples_use_inputs_that_there_are(file: Path):
    workflow: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    used = [
        step
        for job in workflow["jobs"].values()
        for step in job["steps"]
        if step.get("uses", "").startswith("skilldyno/")
    ]
    assert used
    for step in used:
        assert set(step["with"]) <= set(ACTION["inputs"])


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="actionlint is not installed")
def test_actionlint_is_content(tmp_path: Path):
    git(tmp_path, "init")
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "action.yml", tmp_path)
    for example in EXAMPLES:
        # As a local action its inputs are checked too.
        text = example.read_text(encoding="utf-8").replace("skilldyno/skilldyno@main", "./")
        (folder / example.name).write_text(text, encoding="utf-8")
    done = subprocess.run(["actionlint"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("name", STEPS)
def test_shellcheck_is_content(name: str):
    done = subprocess.run(
        ["shellcheck", "--shell=bash", "-"],
        input=STEPS[name]["run"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
