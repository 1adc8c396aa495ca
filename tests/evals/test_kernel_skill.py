"""The Inspect task: arms that differ in the Skill alone, versions that follow every content."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog, list_eval_logs, read_eval_log
from inspect_ai.model import ChatMessageSystem, ModelOutput, ModelUsage, get_model

from skilldyno.evals.kernel_skill import kernel_skill
from skilldyno.skills.skill import SHIPPED_SKILLS, SkillError
from skilldyno.tasks.errors import UsageError

SKILL = str(SHIPPED_SKILLS / "cpu-kernels")
INSPECT = Path(sys.executable).parent / "inspect"


def silent_model(*, wrong: str = "I would rather not."):
    """A model that answers without code, and reports its usage."""

    def answer(*_: object) -> ModelOutput:
        output = ModelOutput.from_content("mockllm/model", wrong)
        output.usage = ModelUsage(input_tokens=3, output_tokens=5, total_tokens=8)
        return output

    return get_model("mockllm/model", custom_outputs=answer, memoize=False)


def run(task: Task, folder: Path) -> EvalLog:
    (log,) = inspect_eval(task, model=silent_model(), log_dir=str(folder), display="none")
    return log


def test_arms_differ_in_the_system_message_alone(tmp_path):
    logs = [
        run(kernel_skill(skill=skill, evidence_dir=str(tmp_path / "evidence")), tmp_path)
        for skill in (None, SKILL)
    ]
    without, with_skill = ({(s.id, s.epoch): s for s in log.samples or []} for log in logs)
    assert without.keys() == with_skill.keys()
    assert len(without) == 24
    for key, sample in without.items():
        assert sample.input == with_skill[key].input
        assert not any(isinstance(m, ChatMessageSystem) for m in sample.messages)
        first = with_skill[key].messages[0]
        assert isinstance(first, ChatMessageSystem)
        assert "pragma omp" in first.text
        assert sample.scores
        evidence = sample.scores["kernel_quality"].metadata
        assert evidence is not None
        assert evidence["verdict"] == "no_code"
    metadata = logs[1].eval.metadata or {}
    assert metadata["variant"] == "cpu-kernels@b0e781"
    assert metadata["skill"]["name"] == "cpu-kernels"
    assert logs[0].eval.task_version != logs[1].eval.task_version


def test_version_follows_the_skill_and_the_suite(tmp_path):
    folder = tmp_path / "cpu-kernels"
    folder.mkdir()
    text = (SHIPPED_SKILLS / "cpu-kernels" / "SKILL.md").read_text()
    (folder / "SKILL.md").write_text(text)
    same = kernel_skill(skill=str(folder)).version
    assert same == kernel_skill(skill=SKILL).version
    (folder / "notes.txt").write_text("one more file")
    assert kernel_skill(skill=str(folder)).version != same


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"skill": "nowhere"}, "nowhere"),
        ({"suite": "dmeo"}, "demo"),
        ({"hardware": "h200"}, "not this machine"),
        ({"recording": "nowhere"}, "claude-cpp"),
    ],
)
def test_bad_arguments_are_one_sentence(arguments, words):
    with pytest.raises(UsageError, match=words) as refused:
        kernel_skill(**arguments)
    assert "\n" not in str(refused.value)


def test_folder_without_skill_md_is_no_skill(tmp_path):
    with pytest.raises(SkillError, match=r"has no SKILL\.md"):
        kernel_skill(skill=str(tmp_path))


def test_recording_of_another_prompt_is_an_error_of_its_sample(tmp_path):
    recording = tmp_path / "other.jsonl"
    recording.write_text(
        '{"op":"rms_norm","hardware":"cpu-x86_64","language":"cpp","variant":"none",'
        '"skill_source":null,"model":"m","epoch":1,"prompt":"another","completion":"c"}\n'
    )
    recording.with_suffix(".toml").write_text('model = "m"\nsource = "a test"\n[skills]\n')
    suite = tmp_path / "one.toml"
    suite.write_text(
        'name = "one"\ndescription = "One."\noperations = ["rms_norm"]\n'
        'hardware = "cpu-x86_64"\nlanguage = "cpp"\nepochs = 1\n'
    )
    log = run(kernel_skill(suite=str(suite), recording=str(recording)), tmp_path / "logs")
    assert log.status == "error"
    assert log.error is not None
    assert "answers another prompt" in log.error.message


def test_inspect_runs_the_task_from_its_entry_point(tmp_path):
    # The mock model counts tokens with a tokenizer from the network, which CI does not have.
    offline = str(Path(__file__).parent / "offline")
    done = subprocess.run(
        [str(INSPECT), "eval", "skilldyno/kernel_skill", "--model", "mockllm/model"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": offline, "INSPECT_DISPLAY": "plain"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (name,) = list_eval_logs(str(tmp_path / "logs"))
    log = read_eval_log(name)
    assert log.status == "success"
    assert len(log.samples or []) == 24
    assert len(list((tmp_path / "logs" / "evidence").glob("*.json"))) == 24
