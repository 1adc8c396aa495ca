"""Agent mode: a model with a shell, an editor, the Skill and the judge, and a budget for it all."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from inspect_ai.agent import Agent, AgentPrompt, AgentState, BridgedToolsSpec, react, run
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
    ModelOutput,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import Skill as SkillOfInspect
from inspect_ai.tool import Tool, ToolError, bash
from inspect_ai.tool import skill as skill_tool
from inspect_ai.util import message_limit, store_as, time_limit, token_limit

from ..scorers.attempt import Attempt
from ..scorers.judge.sandbox import SandboxError
from ..skills.activation import opened_files
from ..skills.skill import INLINE_BUDGET, Skill, load_skill
from ..skills.variants import make_variant
from ..tasks.catalogue import load_operation
from ..tasks.errors import UsageError
from ..tasks.eval_task import EvalTask
from ..tasks.hardware import load_profile
from ..tasks.language import Language
from ..tasks.prompt import fence_label
from .agent_tools import KERNEL_FILES, Bench, edit_file, read_source
from .bubblewrap import bubblewrap_works

AGENTS: Final = ("react", "claude_code", "codex_cli")
"""The agents that there are: Inspect's own, and those of the package inspect_swe."""

_COMPOSE: Final = Path(__file__).with_name("agent-compose.yaml")
_SHELL_SECONDS: Final = 120
_MESSAGES: Final = 400
_IDLE_TURNS: Final = 3
_INSTRUCTIONS: Final = """\
You work in a folder of your own, with a shell. Leave your kernel as {file} in it, the whole source
file: what that file holds when you finish is judged, and nothing that you say is. The tools
build_kernel, check_kernel and time_kernel show how it fares on the shapes that the task names; they
may be called {calls} times in all. There is no network, and nothing can be installed."""


class AgentError(UsageError):
    """Agent mode as it cannot be run here."""


@dataclass(frozen=True)
class AgentBudget:
    """What one sample of agent mode may use.

    Attributes:
        judge_calls: calls of the judge's tools.
        seconds: wall time, without waiting for the judge; looked at between turns.
        tokens: of input and output together.
    """

    judge_calls: int = 20
    seconds: int = 1800
    tokens: int = 500_000


@lru_cache(maxsize=1)
def agent_sandbox() -> tuple[str, str] | str:
    """The sandbox that agents run in here, as Inspect takes it: Docker, else bubblewrap.

    Raises:
        SandboxError: there is neither.
    """
    if shutil.which("docker") is not None:
        engine = subprocess.run(["docker", "info"], capture_output=True, timeout=30, check=False)
        if engine.returncode == 0:
            return "docker", str(_COMPOSE)
    if bubblewrap_works():
        return "bwrap"
    raise SandboxError(
        "neither Docker nor bubblewrap can isolate an agent on this machine: start the Docker "
        "engine, or install bubblewrap (apt-get install bubblewrap) and allow user namespaces"
    )


@dataclass(frozen=True)
class Working:
    """How the samples of a task work in agent mode."""

    agent: str
    budget: AgentBudget
    unsafe: bool

    def require(self, language: Language, recording: str | None) -> None:
        """Refuse what cannot run here.

        Raises:
            AgentError: the agent is unknown, not installed or needs another sandbox, agent mode
                does not know the language, or there is a recording to replay.
            SandboxError: no sandbox for agents works here.
        """
        kernel_file(language)
        if recording is not None:
            raise AgentError("a recording is of single completions: leave out mode 'agent'")
        if self.agent not in AGENTS:
            raise AgentError(f"there is no agent {self.agent!r}: give one of {', '.join(AGENTS)}")
        if self.agent == AGENTS[0]:
            return
        if find_spec("inspect_swe") is None:
            raise AgentError(f"the agent {self.agent} needs inspect_swe: pip install inspect_swe")
        if agent_sandbox() == "bwrap":
            raise AgentError(f"the agent {self.agent} needs Docker for its program: start Docker")

    def solver(self, skill: str | None, choice: str, inline_budget: int) -> Solver:
        """The solver; `skill` is where the Skill is read from that the agent can open."""
        return kernel_agent(
            skill,
            choice,
            self.agent,
            **asdict(self.budget),
            inline_budget=inline_budget,
            unsafe=self.unsafe,
        )

    def describe(self) -> dict[str, Any]:
        """What the logs say of it."""
        return {"agent": self.agent, "agent_budget": asdict(self.budget)}


@solver
def kernel_agent(
    skill: str | None,
    choice: str,
    agent: str = "react",
    judge_calls: int = 20,
    seconds: int = 1800,
    tokens: int = 500_000,
    inline_budget: int = INLINE_BUDGET,
    unsafe: bool = False,
) -> Solver:
    """Let an agent write the kernel, and take the file that it leaves for its answer.

    Args:
        skill: where the Skill is read from that the agent can open, if any.
        choice: the variant, as `make_variant` takes it.
        agent: one of `AGENTS`.
        judge_calls: calls of the judge's tools.
        seconds: wall time, without waiting for the judge.
        tokens: of input and output together.
        inline_budget: the estimated tokens of inline delivery, which say what the parts are.
        unsafe: judge without a sandbox where none works.
    """
    loaded = make_variant(load_skill(skill), choice, inline_budget).skill if skill else None

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        attempt = store_as(Attempt)
        bench = Bench(
            eval_task=EvalTask(
                load_operation(state.metadata["op"]),
                load_profile(state.metadata["hardware"]),
                state.metadata["language"],
            ),
            identity=f"{state.sample_id}:{state.epoch:03d}:{state.uuid}",
            calls=judge_calls,
            unsafe=unsafe,
        )
        limits = [token_limit(tokens), message_limit(_MESSAGES)]
        if agent != "react":
            # Its turns are not ours to count the time of.
            limits.append(time_limit(seconds))
        worker = _worker(agent, bench, loaded, seconds)
        final, stopped = await run(worker, state.messages, limits)
        state.messages = final.messages
        if stopped is not None:
            attempt.stopped_by = stopped.type
        if loaded is not None:
            note_opened(attempt, loaded, state.messages)
        state.output = await _left_behind(bench, state)
        return state

    return solve


def note_opened(attempt: Attempt, skill: Skill, messages: list[ChatMessage]) -> None:
    """Record which files of a Skill a conversation has shown.

    Args:
        attempt: the sample's record.
        skill: the Skill that the model could open.
        messages: the conversation; what tools returned counts, and what an agent's program put
            in after the first answer.
    """
    answered = next((i for i, m in enumerate(messages) if isinstance(m, ChatMessageAssistant)), 0)
    shown = [
        m.text for m in messages[answered:] if isinstance(m, ChatMessageTool | ChatMessageUser)
    ]
    attempt.opened = opened_files(skill, shown)
    attempt.activated = bool(attempt.opened)


def _worker(name: str, bench: Bench, skill: Skill | None, seconds: int) -> Agent:
    instructions = _INSTRUCTIONS.format(file=bench.file, calls=bench.calls)
    skills = [_for_inspect(skill)] if skill is not None else []
    if name != "react":
        make: Any = getattr(import_module("inspect_swe"), name)
        judge = BridgedToolsSpec(name="judge", tools=bench.tools())
        return make(system_prompt=instructions, skills=skills or None, bridged_tools=[judge])
    tools: list[Tool] = [bash(timeout=_SHELL_SECONDS), edit_file(), *bench.tools()]
    if skills:
        tools.append(skill_tool(skills))
    return react(
        prompt=AgentPrompt(instructions=instructions, handoff_prompt=None),
        tools=tools,
        on_continue=_continuing(bench, seconds),
        truncation="auto",
    )


def _continuing(bench: Bench, seconds: int) -> Callable[[AgentState], Awaitable[bool]]:
    async def goes_on(state: AgentState) -> bool:
        if bench.worked > seconds:
            store_as(Attempt).stopped_by = "time"
            return False
        # Some models only talk, and would until their tokens end.
        answers = [m for m in state.messages if isinstance(m, ChatMessageAssistant)][-_IDLE_TURNS:]
        return len(answers) < _IDLE_TURNS or any(answer.tool_calls for answer in answers)

    return goes_on


def _for_inspect(skill: Skill) -> SkillOfInspect:
    """A Skill as Inspect's tool installs it; its rules for names are the specification's."""
    folders: dict[str, dict[str, Any]] = {"scripts": {}, "references": {}, "assets": {}}
    for path, content in skill.contents.items():
        folder, _, name = path.partition("/")
        if folder in folders and name:
            folders[folder][name] = content
    name = re.sub(r"[^a-z0-9]+", "-", skill.name.lower()).strip("-")[:64].strip("-") or "skill"
    return SkillOfInspect(
        name=name,
        description=skill.description[:1024],
        instructions=skill.body,
        scripts=folders["scripts"],
        references=folders["references"],
        assets=folders["assets"],
    )


async def _left_behind(bench: Bench, state: TaskState) -> ModelOutput:
    """The file that the agent left, as a completion: so that it can be judged again elsewhere."""
    try:
        source = await read_source(bench.file)
    except ToolError:
        text = f"The agent left no {bench.file}."
    else:
        # Longer than any run of backticks in the source, none of which must close it.
        longest = max((len(run) for run in re.findall("`+", source)), default=0)
        fence = "`" * max(3, longest + 1)
        label = fence_label(bench.eval_task.language)
        text = f"{fence}{label}\n{source.removesuffix(chr(10))}\n{fence}"
    output = ModelOutput.from_content(str(state.model), text)
    output.usage = state.output.usage
    return output


def kernel_file(language: Language) -> str:
    """The file that an agent leaves in a language.

    Raises:
        AgentError: agent mode does not know the language.
    """
    if language not in KERNEL_FILES:
        raise AgentError(f"agent mode is for {', '.join(KERNEL_FILES)}, not for {language}")
    return KERNEL_FILES[language]
