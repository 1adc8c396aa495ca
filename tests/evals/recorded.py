"""Recordings and logs that tests make of kernels of their own, so that verdicts come cheap."""

from collections.abc import Callable
from pathlib import Path

from inspect_ai import eval_set
from inspect_ai.model import get_model

from skilldyno.evals.kernel_skill import kernel_skill
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


def record(
    folder: Path,
    completions: list[str],
    variants: tuple[str, ...] = ("none",),
    *,
    op: str = "rms_norm",
    hardware: str = "cpu-x86_64",
) -> Path:
    """Write a recording and a suite: completions for one operation, one an epoch.

    Returns:
        The recording, beside which the suite has the ending .suite.toml.
    """
    task = EvalTask(load_operation(op), load_profile(hardware), "cpp")
    recorded = {
        (variant, task.id, epoch): RecordedCompletion(write_prompt(task), completion)
        for variant in variants
        for epoch, completion in enumerate(completions, 1)
    }
    path = folder / f"{hardware}.jsonl"
    write_recording(Recording(path, "tests", {}, recorded), "kernels of the tests")
    path.with_suffix(".suite.toml").write_text(
        f'name = "recorded"\ndescription = "One operation."\noperations = ["{op}"]\n'
        f'hardware = "{hardware}"\nlanguage = "cpp"\nepochs = {len(completions)}\n'
    )
    return path


def unjudged_logs(folder: Path, recording: Path) -> Path:
    """Logs of a recording that nobody has judged yet, for the hardware of its suite."""
    arm = kernel_skill(
        suite=str(recording.with_suffix(".suite.toml")),
        recording=str(recording),
        judging="later",
    )
    eval_set(arm, model=get_model("recorded/tests"), log_dir=str(folder), display="none")
    return folder
