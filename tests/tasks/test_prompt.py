"""Prompts: the recordings are the snapshot."""

import json
from pathlib import Path

import pytest

from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.eval_task import EvalTask, EvalTaskError
from skilldyno.tasks.hardware import load_profile
from skilldyno.tasks.language import Language
from skilldyno.tasks.prompt import write_prompt

RECORDINGS = Path(__file__).parents[2] / "evals" / "recordings"


def recorded_prompts() -> dict[str, str]:
    """Return the distinct prompts of the recordings, by the id of their eval task.

    Those of the hard operations have another wording around the same operation.
    """
    rows = [
        json.loads(line)
        for path in sorted(RECORDINGS.glob("claude-c*.jsonl"))
        for line in path.read_text().splitlines()
    ]
    return {f"{row['op']}/{row['hardware']}/{row['language']}": row["prompt"] for row in rows}


PROMPTS = recorded_prompts()


def eval_task(op: str, hardware: str, language: Language) -> EvalTask:
    return EvalTask(load_operation(op), load_profile(hardware), language)


def test_the_recordings_hold_sixteen_prompts():
    assert len(PROMPTS) == 16


@pytest.mark.parametrize("task_id", PROMPTS)
def test_prompts_are_those_of_the_recordings_byte_for_byte(task_id: str):
    op, hardware, language = task_id.split("/")
    task = eval_task(op, hardware, "cpp" if language == "cpp" else "cuda")
    assert task.id == task_id
    assert write_prompt(task) == PROMPTS[task_id]


def test_prompts_do_not_name_hidden_workloads():
    prompt = write_prompt(eval_task("rms_norm", "cpu-x86_64", "cpp"))
    hidden = [w for w in load_operation("rms_norm").workloads_on("cpu") if not w.visible]
    assert hidden
    assert not any(workload.name in prompt for workload in hidden)


def test_a_prompt_says_where_a_library_is_allowed():
    task = eval_task("rms_norm", "cpu-x86_64", "cpp")
    allowed = load_operation("rms_norm").model_copy(update={"library": "allowed"})
    prompt = write_prompt(EvalTask(allowed, task.hardware, task.language))
    assert "Library calls (cuBLAS, ATen, MKL) are allowed." in prompt
    assert "No library calls" not in prompt


def test_pairings_that_nothing_could_judge_are_refused():
    with pytest.raises(EvalTaskError, match="Hardware 'h200' has no toolchain for 'cpp'; it has"):
        eval_task("rms_norm", "h200", "cpp")
    operation = load_operation("rms_norm")
    native = operation.model_copy(
        update={
            "inputs": tuple(
                tensor.model_copy(update={"dtype": {"cpp": "float32"}})
                for tensor in operation.inputs
            )
        }
    )
    with pytest.raises(EvalTaskError, match="'rms_norm' is not asked for in 'triton'; it is in"):
        EvalTask(native, load_profile("h200"), "triton")


def test_prompts_for_kernel_repositories_are_those_of_their_recording():
    lines = (RECORDINGS / "claude-kernel-repos.jsonl").read_text().splitlines()
    for row in map(json.loads, lines):
        assert write_prompt(eval_task(row["op"], row["hardware"], "torch-ext")) == row["prompt"]


def test_a_triton_prompt_asks_for_python():
    prompt = write_prompt(eval_task("rms_norm", "h200", "triton"))
    assert "```python\ndef rms_norm(x, weight, out, eps):\n```" in prompt
    assert "Answer with one fenced ```python block" in prompt
