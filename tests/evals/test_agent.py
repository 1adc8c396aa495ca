"""Agent mode: scripted models that build, check and time in a sandbox, and models that do not."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalSample
from inspect_ai.model import ChatMessageTool
from scripted import Turn, scripted

from skilldyno.evals.kernel_skill import kernel_skill
from skilldyno.results.table import read_rows
from skilldyno.skills.skill import SHIPPED_SKILLS
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.errors import UsageError

SKILL = SHIPPED_SKILLS / "cpu-kernels"


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """The file of a suite of one operation."""
    path = tmp_path / "one.toml"
    path.write_text(
        'name = "one"\ndescription = "One."\noperations = ["rms_norm"]\n'
        'hardware = "cpu-x86_64"\nlanguage = "cpp"\nepochs = 1\n'
    )
    return path


def work(turns: list[Turn], suite: Path, folder: Path, **arguments: Any) -> EvalSample:
    """Run one sample in agent mode, and give it back."""
    model, _ = scripted(turns)
    arguments = {"judge_calls": 6, "skill": str(SKILL), "delivery": "tool", **arguments}
    evidence = str(folder / "evidence")
    task = kernel_skill(suite=str(suite), mode="agent", evidence_dir=evidence, **arguments)
    (log,) = inspect_eval(task, model=model, log_dir=str(folder / "logs"), display="none")
    assert log.status == "success", log.error
    assert log.samples is not None
    return log.samples[0]


def evidence_of(sample: EvalSample) -> dict[str, Any]:
    assert sample.scores is not None
    found = sample.scores["kernel_quality"].metadata
    assert found is not None
    return found


def said(sample: EvalSample, tool: str) -> list[str]:
    """What a tool returned, or its error, call by call."""
    found = [m for m in sample.messages if isinstance(m, ChatMessageTool) and m.function == tool]
    return [m.error.message if m.error else m.text for m in found]


def write(source: str) -> Turn:
    return "edit_file", {"path": "kernel.cpp", "new": source}


@pytest.mark.alone
def test_an_agent_opens_the_skill_mends_its_kernel_and_submits(rms_norm, one, tmp_path):
    wrong = rms_norm().replace("+ eps", "+ 3")
    turns: list[Turn] = [
        ("skill", {"command": "cpu-kernels"}),
        write(wrong.replace("const float scale", "cnst float scale")),
        ("build_kernel", {}),
        ("edit_file", {"path": "kernel.cpp", "old": "cnst", "new": "const"}),
        ("check_kernel", {}),
        write(rms_norm()),
        ("check_kernel", {"path": "kernel.cpp"}),
        ("time_kernel", {}),
        ("bash", {"command": "ls; cat skills/cpu-kernels/SKILL.md | head -3"}),
        ("submit", {"answer": "done"}),
    ]
    sample = work(turns, one, tmp_path)
    evidence = evidence_of(sample)
    assert evidence["verdict"] == "correct"
    assert sample.output.completion == f"```cpp\n{rms_norm()}```"
    attempt = evidence["attempt"]
    calls = [(call["tool"], call["verdict"]) for call in attempt["judge_calls"]]
    assert calls == [
        ("build_kernel", "compile_error"),
        ("check_kernel", "incorrect"),
        ("check_kernel", "correct"),
        ("time_kernel", "correct"),
    ]
    speed = attempt["judge_calls"][-1]["speedup"]
    assert speed > 0
    assert attempt["best_after"] == [speed]
    assert attempt["activated"] is True
    assert attempt["opened"] == ["SKILL.md"]
    assert attempt["stopped_by"] is None
    assert "cnst" in said(sample, "build_kernel")[0]
    first, second = said(sample, "check_kernel")
    assert re.search(r"out\[\d+,\d+\] is wrong \(\d+ of \d+ elements are wrong\)", first)
    assert second.startswith("correct: right in all ")
    assert second.endswith("3 calls of the judge are left.")

    # Nothing secret: no hidden workload, no expected value, no seed.
    told = "\n".join(m.text for m in sample.messages if isinstance(m, ChatMessageTool))
    operation = load_operation("rms_norm")
    hidden = [w.name for w in operation.workloads_on("cpu") if not w.visible]
    assert len(hidden) == 4
    assert not [name for name in hidden if name in told + str(sample.input)]
    assert "expected" not in told
    assert str(evidence["environment"]["seed"]) not in told
    judged = {check["workload"] for check in evidence["checks"]}
    assert judged >= set(hidden)

    (row,) = read_rows([tmp_path / "logs"]).to_dict("records")
    assert row["mode"] == "agent"
    assert row["activated"] == 1.0
    assert row["opened"] == "SKILL.md"
    assert row["judge_calls"] == 4
    assert row["best_after"] == [speed]


def test_the_budget_of_judge_calls_holds(rms_norm, one, tmp_path):
    turns: list[Turn] = [
        write("int x;"),
        ("build_kernel", {}),
        ("build_kernel", {}),
        ("time_kernel", {}),
        ("submit", {"answer": ""}),
    ]
    sample = work(turns, one, tmp_path, judge_calls=1)
    assert evidence_of(sample)["verdict"] == "compile_error"
    attempt = evidence_of(sample)["attempt"]
    assert len(attempt["judge_calls"]) == 1
    assert attempt["best_after"] == []
    assert attempt["activated"] is False
    assert "No calls of the judge are left" in said(sample, "build_kernel")[1]
    assert "No calls of the judge are left" in said(sample, "time_kernel")[0]


@pytest.mark.parametrize(
    ("arguments", "stopped_by"),
    [({"agent_tokens": 100}, "token"), ({"agent_seconds": 1}, "time")],
)
def test_work_ends_with_the_budget_and_what_is_left_is_judged(one, tmp_path, arguments, stopped_by):
    turns: list[Turn] = [write("int x;"), ("bash", {"command": "sleep 0.3"})]
    sample = work(turns, one, tmp_path, **arguments)
    assert evidence_of(sample)["attempt"]["stopped_by"] == stopped_by
    assert evidence_of(sample)["verdict"] == "compile_error"


@pytest.mark.parametrize(
    "turns",
    [
        ["Here is my kernel:\n```cpp\nint x;\n```"],
        [("submit", {"answer": "```cpp\nint x;\n```"})],
        [("time_kernel", {"path": ["a", 3]}), ("nothing", {}), "I give up."],
        [("build_kernel", {"path": "/etc"}), ("check_kernel", {"path": "\0"}), "So be it."],
        [("edit_file", {"path": "kernel.cpp"}), ("edit_file", {"file": 3}), "Well."],
        [("edit_file", {"path": "", "new": "int x;"}), ("skill", {"command": "x"}), "No."],
        [("bash", {"cmd": "ls"}), ("bash", {"command": "exit 3"}), ""],
        [("bash", {"command": "mkdir kernel.cpp"}), "A folder it is."],
        [("bash", {"command": "printf '\\377\\376' > kernel.cpp"}), "Not text."],
        [("bash", {"command": "ln -s /etc/passwd kernel.cpp"}), "A link."],
    ],
)
def test_models_that_use_no_tool_or_use_them_badly_have_no_code(turns, one, tmp_path):
    sample = work(turns, one, tmp_path)
    assert sample.error is None
    evidence = evidence_of(sample)
    assert evidence["verdict"] == "no_code"
    assert evidence["attempt"]["judge_calls"] == []


def test_the_sandbox_is_private_read_only_and_offline(one, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    commands = {
        "cat": f"cat {secret}",
        "write": "touch /usr/x /etc/x",
        "network": "exec 3<>/dev/tcp/127.0.0.1/9",
        "environment": "env",
        "processes": "ls -d /proc/[0-9]* | wc -l",
        "left": "(sleep 60 &) ; echo $HOME",
    }
    turns: list[Turn] = [("bash", {"command": each}) for each in commands.values()]
    sample = work([*turns, "Enough."], one, tmp_path)
    found = dict(zip(commands, said(sample, "bash"), strict=True))
    assert "No such file" in found["cat"]
    assert "s3cret" not in found["cat"]
    assert found["write"].count("touch: cannot touch") == 2
    assert "Connection refused" in found["network"] or "unreachable" in found["network"]
    variables = {line.partition("=")[0] for line in found["environment"].splitlines()}
    assert variables <= {"PATH", "LC_ALL", "OMP_NUM_THREADS", "HOME", "PWD", "SHLVL", "_", "OLDPWD"}
    assert int(found["processes"]) < 10
    assert not Path(found["left"].strip()).exists()


def test_a_kernel_with_fences_in_it_is_judged_as_it_is(one, tmp_path):
    source = "// ```\nint x;\n// ````cpp\n"
    sample = work([write(source), ("submit", {"answer": ""})], one, tmp_path)
    assert sample.scores is not None
    assert sample.scores["kernel_quality"].answer == source


def test_activation_is_recorded_in_single_mode_too(one, tmp_path):
    for path, opened in (("SKILL.md", ["SKILL.md"]), ("absent.md", [])):
        model, _ = scripted([("read_skill_file", {"path": path}), "No code."])
        evidence = str(tmp_path / "evidence")
        task = kernel_skill(str(SKILL), delivery="tool", suite=str(one), evidence_dir=evidence)
        (log,) = inspect_eval(task, model=model, log_dir=str(tmp_path / path), display="none")
        assert log.samples is not None
        attempt = evidence_of(log.samples[0])["attempt"]
        assert attempt["opened"] == opened
        assert attempt["activated"] is bool(opened)
        (row,) = read_rows([tmp_path / path]).to_dict("records")
        assert row["activated"] == float(bool(opened))
        assert row["mode"] == "single"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"agent": "nobody"}, "there is no agent 'nobody'"),
        ({"agent": "claude_code"}, "inspect_swe"),
        ({"recording": "claude-cpp"}, "leave out mode 'agent'"),
    ],
)
def test_what_agent_mode_cannot_do_is_refused(one, arguments, words):
    with pytest.raises(UsageError, match=words) as refused:
        kernel_skill(suite=str(one), mode="agent", **arguments)
    assert "\n" not in str(refused.value)


def test_the_command_takes_the_mode_and_the_budget(skilldyno, one, tmp_path):
    command = ["eval", str(SKILL), "--mode", "agent", "--judge-calls", "3", "-m", "mockllm/model"]
    done = skilldyno(*command, "--suite", str(one), "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    arms = json.loads(done.stdout)["arms"]
    assert [arm["delivery"] for arm in arms] == ["inline", "tool"]
