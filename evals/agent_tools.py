"""The tools of an agent besides its shell: an editor, and the judge on the visible workloads."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from inspect_ai.tool import Tool, ToolDef, ToolError
from inspect_ai.util import sandbox, store_as, suspend_working_limit

from ..scorers.attempt import Attempt, JudgeCall
from ..scorers.executors.chosen import chosen_executor
from ..scorers.feedback import feedback
from ..scorers.job import make_job
from ..scorers.kernel import evidence_of
from ..tasks.eval_task import EvalTask
from ..tasks.language import Language

KERNEL_FILES: Final[dict[Language, str]] = {
    "cpp": "kernel.cpp",
    "cuda": "kernel.cu",
    "triton": "kernel.py",
}
"""The file that an agent leaves, by language."""

_LETTERS: Final = 1 << 20
_STEPS: Final[dict[str, Literal["build", "check", "time"]]] = {
    "build_kernel": "build",
    "check_kernel": "check",
    "time_kernel": "time",
}
_MEANING: Final = {
    "build_kernel": "Build a kernel as the final judge will, and get the compiler's messages.",
    "check_kernel": "Build a kernel, and check its outputs on the shapes that the task names.",
    "time_kernel": "Build, check and time a kernel on the shapes that the task names, against "
    "eager PyTorch.",
}


@dataclass
class Bench:
    """What a sample's calls of the judge share.

    Attributes:
        eval_task: what is asked.
        identity: names the sample among those under way.
        calls: how often the judge may be asked, all tools together.
        unsafe: judge without a sandbox where none works.
        begun: when the work began, by the monotonic clock.
        waited: seconds spent waiting for the judge.
    """

    eval_task: EvalTask
    identity: str
    calls: int
    unsafe: bool
    begun: float = field(default_factory=time.monotonic)
    waited: float = 0.0

    @property
    def worked(self) -> float:
        """Seconds of work, without waiting for the judge."""
        return time.monotonic() - self.begun - self.waited

    @property
    def file(self) -> str:
        """The file that is judged in the end."""
        return KERNEL_FILES[self.eval_task.language]

    def tools(self) -> list[Tool]:
        """The judge as tools: build, check and time."""
        return [self._tool(name) for name in _STEPS]

    def _tool(self, name: str) -> Tool:
        async def execute(path: str = self.file) -> str:
            return await self._ask(name, path)

        return ToolDef(
            execute,
            name=name,
            description=_MEANING[name],
            parameters={"path": f"The source file, by default {self.file}."},
        ).as_tool()

    async def _ask(self, name: str, path: str) -> str:
        attempt = store_as(Attempt)
        if len(attempt.judge_calls) >= self.calls:
            raise ToolError(
                f"No calls of the judge are left. Leave your best kernel in {self.file} and finish."
            )
        job = make_job(
            id=f"{self.identity}:{name}:{len(attempt.judge_calls)}",
            source=await read_source(path),
            operation=self.eval_task.operation,
            hardware=self.eval_task.hardware,
            language=self.eval_task.language,
            unsafe=self.unsafe,
            until=_STEPS[name],
            visible_only=True,
        )
        asked = time.monotonic()
        # The queue before the judge is no fault of the agent's.
        with suspend_working_limit():
            evidence = await evidence_of(chosen_executor().submit(job))
        self.waited += time.monotonic() - asked
        if evidence.verdict == "infra_error":
            # The harness's fault: it costs the agent no call, and is no measurement.
            return f"The judge could not tell, which is no fault of the kernel: {evidence.reason}"
        call = JudgeCall(
            tool=name,
            at=round(self.worked, 3),
            verdict=evidence.verdict,
            speedup=evidence.speedup,
            candidate=evidence.candidate[:12],
        )
        # Assigned and not appended, which the store would not see.
        attempt.judge_calls = [*attempt.judge_calls, call]
        left = self.calls - len(attempt.judge_calls)
        return f"{feedback(evidence)}\n\n{left} calls of the judge are left."


async def read_source(path: str) -> str:
    """Read a source file of the agent's.

    Raises:
        ToolError: there is none, or it is no text of a sane length.
    """
    try:
        text = await sandbox().read_file(path)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ToolError(f"There is no file {path}; write it first.") from error
    except (UnicodeDecodeError, PermissionError, ValueError) as error:
        raise ToolError(f"{path} cannot be read as UTF-8 text.") from error
    if len(text) > _LETTERS:
        raise ToolError(f"{path} is longer than {_LETTERS} letters.")
    return text


def edit_file() -> Tool:
    """An editor that works in any sandbox, without anything installed in it."""

    async def execute(path: str, new: str, old: str = "") -> str:
        if not old:
            text = new
        else:
            before = await read_source(path)
            if (count := before.count(old)) != 1:
                raise ToolError(f"{path} holds the text `old` {count} times; it must once.")
            text = before.replace(old, new)
        try:
            await sandbox().write_file(path, text)
        except (IsADirectoryError, PermissionError, ValueError) as error:
            raise ToolError(f"{path} cannot be written.") from error
        return f"{path} has {len(text.splitlines())} lines now."

    parameters: dict[str, Any] = {
        "path": "The file.",
        "new": "The new text.",
        "old": "The text that it replaces, which must occur once; empty to write the whole file.",
    }
    return ToolDef(
        execute,
        name="edit_file",
        description="Write a file, or replace one passage of it.",
        parameters=parameters,
    ).as_tool()
