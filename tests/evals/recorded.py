"""Recordings and logs that tests make of kernels of their own, so that verdicts come cheap."""

from pathlib import Path

from conftest import write_rms_norm

from skilldyno.evals.recording import RecordedCompletion, Recording, write_recording
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.eval_task import EvalTask
from skilldyno.tasks.hardware import load_profile
from skilldyno.tasks.prompt import write_prompt

NO_CODE = "I would rather not."
SOURCES = {
    "correct": write_rms_norm(),
    "incorrect": write_rms_norm(after="out[0] += 1;"),
    "runtime_error": write_rms_norm("abort();"),
    "compile_error": "nonsense;",
    "no_code": NO_CODE,
}


def record(folder: Path, verdicts: list[str], variants: tuple[str, ...] = ("none",)) -> Path:
    """Write a recording and a suite: kernels of rms_norm with these verdicts, one an epoch.

    Returns:
        The recording, beside which the suite has the ending .suite.toml.
    """
    task = EvalTask(load_operation("rms_norm"), load_profile("cpu-x86_64"), "cpp")
    completions = {}
    for variant in variants:
        for epoch, verdict in enumerate(verdicts, 1):
            # Equal verdicts come of different candidates.
            number = verdicts[:epoch].count(verdict)
            source = SOURCES[verdict] + (f"\n// {number}" if number > 1 else "")
            text = source if verdict == "no_code" else f"```cpp\n{source}\n```"
            completions[variant, task.id, epoch] = RecordedCompletion(write_prompt(task), text)
    path = folder / "recorded.jsonl"
    write_recording(Recording(path, "tests", {}, completions), "kernels of the tests")
    path.with_suffix(".suite.toml").write_text(
        'name = "recorded"\ndescription = "One operation."\noperations = ["rms_norm"]\n'
        f'hardware = "cpu-x86_64"\nlanguage = "cpp"\nepochs = {len(verdicts)}\n'
    )
    return path
