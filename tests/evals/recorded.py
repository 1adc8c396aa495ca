"""Recordings and logs that tests make of kernels of their own, so that verdicts come cheap."""

from collections.abc import Callable
from pathlib import Path

from skilldyno.evals.recording import RecordedCompletion, Recording, write_recording
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.eval_task import EvalTask
from skilldyno.tasks.hardware import load_profile
from skilldyno.tasks.prompt import write_prompt

WriteKernel = Callable[..., str]


def kernels(rms_norm: WriteKernel) -> dict[str, str]:
    """A completion for each verdict that costs little, by the verdict."""
    sources = {
        "correct": rms_norm(),
        "incorrect": rms_norm(after="out[0] += 1;"),
        "runtime_error": rms_norm("abort();"),
        "compile_error": "nonsense;",
    }
    fenced = {verdict: f"```cpp\n{source}\n```" for verdict, source in sources.items()}
    return {**fenced, "no_code": "I would rather not."}


def record(folder: Path, completions: list[str], variants: tuple[str, ...] = ("none",)) -> Path:
    """Write a recording and a suite: completions for rms_norm, one an epoch.

    Returns:
        The recording, beside which the suite has the ending .suite.toml.
    """
    task = EvalTask(load_operation("rms_norm"), load_profile("cpu-x86_64"), "cpp")
    recorded = {
        (variant, task.id, epoch): RecordedCompletion(write_prompt(task), completion)
        for variant in variants
        for epoch, completion in enumerate(completions, 1)
    }
    path = folder / "recorded.jsonl"
    write_recording(Recording(path, "tests", {}, recorded), "kernels of the tests")
    path.with_suffix(".suite.toml").write_text(
        'name = "recorded"\ndescription = "One operation."\noperations = ["rms_norm"]\n'
        f'hardware = "cpu-x86_64"\nlanguage = "cpp"\nepochs = {len(completions)}\n'
    )
    return path
