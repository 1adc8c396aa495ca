"""Recordings: read whole, refused in one sentence, and never taken for another Skill's."""

import json
from pathlib import Path

import pytest

from skilldyno.evals.recording import RecordingError, load_recording
from skilldyno.skills.skill import SHIPPED_SKILLS, load_skill
from skilldyno.skills.variants import make_variant
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.eval_task import EvalTask
from skilldyno.tasks.hardware import load_profile
from skilldyno.tasks.prompt import write_prompt

MANIFEST = 'model = "m"\nsource = "a test"\n[skills]\n'
ROW = {
    "op": "rms_norm",
    "hardware": "cpu-x86_64",
    "language": "cpp",
    "variant": "none",
    "skill_source": None,
    "model": "m",
    "epoch": 1,
    "prompt": "p",
    "completion": "c",
}


def write(folder: Path, *lines: str, manifest: str | None = MANIFEST) -> str:
    path = folder / "recording.jsonl"
    path.write_text("\n".join(lines))
    if manifest is not None:
        path.with_suffix(".toml").write_text(manifest)
    return str(path)


@pytest.mark.parametrize(
    ("name", "hardware", "language"),
    [("claude-cpp", "cpu-x86_64", "cpp"), ("claude-cuda", "h200", "cuda")],
)
def test_shipped_recordings_answer_todays_prompts(name, hardware, language):
    recording = load_recording(name)
    assert len(recording.completions) == 48
    profile = load_profile(hardware)
    for (_, eval_task, _), recorded in recording.completions.items():
        operation = load_operation(eval_task.split("/")[0])
        assert recorded.prompt == write_prompt(EvalTask(operation, profile, language))


def test_the_hard_recording_answers_todays_operations():
    recording = load_recording("claude-hard-cuda")
    assert len(recording.completions) == 18
    for (_, eval_task, _), recorded in recording.completions.items():
        operation = load_operation(eval_task.split("/")[0])
        assert f"\n{operation.description}\n" in recorded.prompt
        assert operation.signature("cuda") in recorded.prompt


def test_shipped_skill_is_the_recorded_one():
    recording = load_recording("claude-cpp")
    skill = load_skill(SHIPPED_SKILLS / "cpu-kernels")
    assert recording.variant_of(make_variant(skill, "skill")) == "cpu-kernels"
    assert recording.variant_of(make_variant(None, "none")) == "none"


def test_another_skill_is_refused(tmp_path):
    folder = tmp_path / "cpu-kernels"
    folder.mkdir()
    text = (SHIPPED_SKILLS / "cpu-kernels" / "SKILL.md").read_text()
    (folder / "SKILL.md").write_text(text + "\nOne more rule.\n")
    with pytest.raises(RecordingError, match=r"it has: cpu-kernels@b0e781"):
        load_recording("claude-cpp").variant_of(make_variant(load_skill(folder), "skill"))


@pytest.mark.parametrize(
    ("lines", "manifest", "words"),
    [
        ([], MANIFEST, "is empty"),
        (["{"], MANIFEST, r"recording\.jsonl:1 is not valid JSON"),
        ([json.dumps({**ROW, "op": None})], MANIFEST, r"recording\.jsonl:1: field op"),
        ([json.dumps({k: v for k, v in ROW.items() if k != "op"})], MANIFEST, "field op"),
        ([json.dumps({**ROW, "op": "rms_nrom"})], MANIFEST, "operation 'rms_nrom'"),
        ([json.dumps(ROW)] * 2, MANIFEST, r"recording\.jsonl:2 repeats"),
        ([json.dumps(ROW)], None, r"recording\.toml is missing"),
        ([json.dumps(ROW)], "model =", "is not valid TOML"),
        ([json.dumps(ROW)], 'model = "m"\nsource = "s"\n', "field skills"),
    ],
)
def test_malformed_recording_is_refused_in_one_sentence(tmp_path, lines, manifest, words):
    with pytest.raises(RecordingError, match=words) as refused:
        load_recording(write(tmp_path, *lines, manifest=manifest))
    assert "\n" not in str(refused.value)


def test_missing_recording_names_those_that_there_are():
    with pytest.raises(RecordingError, match="claude-cpp, claude-cuda"):
        load_recording("nowhere")


def test_missing_completion_names_its_key(tmp_path):
    recording = load_recording(write(tmp_path, json.dumps(ROW)))
    assert recording.completion("none", "rms_norm/cpu-x86_64/cpp", 1).completion == "c"
    with pytest.raises(RecordingError, match="variant none, epoch 2"):
        recording.completion("none", "rms_norm/cpu-x86_64/cpp", 2)
