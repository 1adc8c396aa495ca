"""Kernel repositories from a recording to rows: a Skill that is not here, and steps as scores."""

import json
from pathlib import Path

import pytest
from inspect_ai import eval_set
from inspect_ai.log import list_eval_logs, read_eval_log
from inspect_ai.model import get_model

from skilldyno.evals.kernel_skill import kernel_skill
from skilldyno.results.table import read_rows
from skilldyno.skills.variants import VariantError
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.eval_task import EvalTask
from skilldyno.tasks.hardware import load_profile
from skilldyno.tasks.prompt import write_prompt

SUITE = """
name = "small"
description = "One operation."
operations = ["softmax"]
hardware = "cpu-x86_64"
language = "torch-ext"
epochs = 1
"""
VARIANT = "far-kernels@0123abc"


@pytest.fixture
def recording(tmp_path: Path) -> str:
    """Two repositories that are refused before anything is compiled, one of them with a Skill."""
    task = EvalTask(load_operation("softmax"), load_profile("cpu-x86_64"), "torch-ext")
    rows = [
        {
            "op": "softmax",
            "hardware": "cpu-x86_64",
            "language": "torch-ext",
            "variant": variant,
            "skill_source": None,
            "model": "m",
            "epoch": 1,
            "prompt": write_prompt(task),
            "completion": '```toml build.toml\n[general]\nname = "dyno_softmax"\n```\n',
        }
        for variant in ("none", VARIANT)
    ]
    path = tmp_path / "repositories.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    path.with_suffix(".toml").write_text('model = "m"\nsource = "a test"\n[skills]\n')
    (tmp_path / "small.toml").write_text(SUITE)
    return str(path)


def test_a_recorded_arm_needs_no_skill_and_its_steps_are_scores(recording: str, tmp_path: Path):
    logs = tmp_path / "logs"
    arms = [
        kernel_skill(
            variant=variant,
            suite=str(tmp_path / "small.toml"),
            recording=recording,
            evidence_dir=str(tmp_path / "evidence"),
        )
        for variant in ("none", VARIANT)
    ]
    eval_set(arms, model=get_model("recorded/m"), log_dir=str(logs), display="none")
    for info in list_eval_logs(str(logs)):
        (sample,) = read_eval_log(info).samples or []
        assert sample.scores is not None
        value = sample.scores["repository_quality"].value
        assert isinstance(value, dict)
        assert list(value)[:5] == ["manifest", "compiled", "loaded", "correct", "compat"]
        assert set(value.values()) == {0}
    rows = read_rows([logs])
    assert set(rows["variant"]) == {"none", VARIANT}
    assert list(rows["status"]) == ["scored", "scored"]
    assert list(rows["manifest"]) == [0.0, 0.0]
    assert list(rows["compat"]) == [0.0, 0.0]
    assert all("the key 'general.name' is 'dyno_softmax'" in reason for reason in rows["reason"])


def test_a_variant_that_the_recording_does_not_hold_is_refused(recording: str, tmp_path: Path):
    with pytest.raises(VariantError, match="There is no variant 'near-kernels'"):
        kernel_skill(
            variant="near-kernels", suite=str(tmp_path / "small.toml"), recording=recording
        )
