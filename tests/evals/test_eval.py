"""`skilldyno eval`: controls, revisions and ablations in one run, resumed by content."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog, list_eval_logs, read_eval_log
from inspect_ai.model import (
    ChatMessage,
    ChatMessageSystem,
    ChatMessageTool,
    ModelOutput,
    ModelUsage,
    get_model,
)

from skilldyno.evals.kernel_skill import kernel_skill
from skilldyno.skills.skill import load_skill

OFFLINE = {**os.environ, "PYTHONPATH": str(Path(__file__).parent / "offline")}


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    """A Skill of two sections and a reference, committed once and edited since."""
    folder = tmp_path / "my-skill"
    (folder / "references").mkdir(parents=True)
    (folder / "references" / "notes.md").write_text("ZEBRA notes.\n")
    text = "---\nname: my-skill\ndescription: d\n---\n## One\nZEBRA one.\n## Two\nZEBRA two.\n"
    (folder / "SKILL.md").write_text(text)
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "old"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    (folder / "SKILL.md").write_text(text + "More ZEBRA.\n")
    return folder


def read_logs(folder: Path) -> dict[str, EvalLog]:
    logs = [read_eval_log(info) for info in list_eval_logs(str(folder))]
    return {(log.eval.metadata or {})["variant"]: log for log in logs}


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.eval")}


def test_revisions_and_controls_are_arms_of_one_run(skilldyno, skill, suite, tmp_path):
    run = tmp_path / "run"
    old, new = load_skill(f"{skill}@HEAD"), load_skill(skill)
    command = ["eval", str(skill), f"{skill}@HEAD", "-m", "mockllm/model", "--suite", str(suite)]
    command += ["--sham", "--prompt", "--log-dir", str(run), "--json"]
    done = skilldyno(*command, env=OFFLINE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["samples"] == 10
    logs = read_logs(run)
    assert set(logs) == {"none", "prompt", "sham", old.variant, new.variant}
    for loaded in (old, new):
        recorded = (logs[loaded.variant].eval.metadata or {})["skill"]
        assert recorded["fingerprint"] == loaded.fingerprint
        assert recorded["tokens"] == loaded.tokens
    assert (logs["sham"].eval.metadata or {})["sham_of"] == new.fingerprint

    prompts = {name: [s.input for s in log.samples or []] for name, log in logs.items()}
    assert all(each == prompts["none"] for each in prompts.values())
    for name in ("none", "prompt", "sham"):
        assert "zebra" not in logs[name].model_dump_json().lower().replace(str(skill).lower(), "")

    before = stamps(run)
    assert skilldyno(*command, env=OFFLINE).returncode == 0
    assert stamps(run) == before
    (skill / "references" / "notes.md").write_text("Other notes.\n")
    # The sham goes with the Skill, so it is left out here.
    edited = [word for word in command if word != "--sham"]
    assert skilldyno(*edited, env=OFFLINE).returncode == 0
    after = stamps(run)
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 1
    assert load_skill(skill).variant in read_logs(run)


def test_none_sees_no_skill_even_where_one_is_named(skill, suite, tmp_path):
    model, seen = spy()
    task = kernel_skill(
        str(skill), "none", suite=str(suite), evidence_dir=str(tmp_path / "evidence")
    )
    inspect_eval(task, model=model, log_dir=str(tmp_path / "logs"), display="none")
    assert len(seen) == 2
    for messages, tools in seen:
        assert [message.role for message in messages] == ["user"]
        assert tools == []


def test_tool_delivery_shows_a_file_only_when_it_is_opened(skill, suite, tmp_path):
    model, seen = spy(opens="references/notes.md")
    task = kernel_skill(
        str(skill), delivery="tool", suite=str(suite), evidence_dir=str(tmp_path / "evidence")
    )
    (log,) = inspect_eval(task, model=model, log_dir=str(tmp_path / "logs"), display="none")
    assert log.status == "success"
    assert (log.eval.metadata or {})["delivery"] == "tool"
    assert (log.eval.metadata or {})["variant"].endswith(" by tool")
    first, tools = seen[0]
    assert isinstance(first[0], ChatMessageSystem)
    assert "ZEBRA" not in first[0].text
    assert "references/notes.md" in first[0].text
    assert tools == ["read_skill_file"]
    opened = [m for messages, _ in seen for m in messages if isinstance(m, ChatMessageTool)]
    assert {message.text for message in opened} == {"ZEBRA notes.\n"}


def spy(opens: str | None = None) -> tuple[Any, list[tuple[list[ChatMessage], list[str]]]]:
    """A model that may open one file, then answers without code, and what it was shown."""
    seen: list[tuple[list[ChatMessage], list[str]]] = []

    def answer(messages: list[ChatMessage], tools: Any, *_: object) -> ModelOutput:
        seen.append((list(messages), [tool.name for tool in tools]))
        if opens is not None and not isinstance(messages[-1], ChatMessageTool):
            output = ModelOutput.for_tool_call("mockllm/model", "read_skill_file", {"path": opens})
        else:
            output = ModelOutput.from_content("mockllm/model", "No code.")
        output.usage = ModelUsage(input_tokens=3, output_tokens=5, total_tokens=8)
        return output

    return get_model("mockllm/model", custom_outputs=answer, memoize=False), seen


def test_dry_run_lists_the_arms_and_runs_nothing(skilldyno, skill, suite, tmp_path):
    command = ["eval", str(skill), "--ablate", "--suite", str(suite), "--dry-run", "--json"]
    done = skilldyno(*command, "--log-dir", str(tmp_path / "run"), "-m", "mockllm/model")
    arms = json.loads(done.stdout)["arms"]
    name = load_skill(skill).variant
    assert [arm["variant"] for arm in arms] == [
        "none",
        name,
        *(
            f"{name} {m} {p}"
            for m in ("without", "only")
            for p in ("one", "two", "references/notes.md")
        ),
    ]
    assert {arm["samples"] for arm in arms} == {2}
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{skill}"], "Missing option '-m'"),
        (["{skill}", "{skill}", "-m", "mockllm/model"], "was given twice"),
        (["absent", "-m", "mockllm/model"], "absent: there is no such folder"),
        (["{skill}", "-m", "nobody/model"], "The model nobody/model cannot be used"),
        (
            ["{skill}", "-m", "x", "--recording", "claude-cpp", "--delivery", "tool"],
            "A recording opens no files",
        ),
    ],
)
def test_bad_requests_are_refused(skilldyno, skill, arguments, words, tmp_path):
    given = [each.format(skill=skill) for each in arguments]
    done = skilldyno("eval", *given, "--log-dir", str(tmp_path / "run"))
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_another_suite_in_the_folder_is_refused(skilldyno, skill, suite, tmp_path):
    command = ["eval", str(skill), "-m", "mockllm/model", "--log-dir", str(tmp_path / "run")]
    assert skilldyno(*command, "--suite", str(suite), env=OFFLINE).returncode == 0
    suite.write_text(suite.read_text().replace('"rms_norm", ', ""))
    done = skilldyno(*command, "--suite", str(suite), env=OFFLINE)
    assert done.returncode == 2
    assert "choose another --log-dir" in done.stderr
