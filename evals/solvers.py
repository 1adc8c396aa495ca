"""How a prompt reaches the model: a variant delivered, and a completion made or replayed."""

from __future__ import annotations

from inspect_ai.model import ChatMessageSystem, ModelOutput, ModelUsage
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import Tool, ToolError, tool
from inspect_ai.util import store_as

from ..scorers.attempt import Attempt
from ..skills.skill import INLINE_BUDGET, Skill, load_skill
from ..skills.variants import VariantError, make_variant
from .agent import note_opened
from .recording import RecordingError, load_recording


@solver
def deliver_inline(skill: str | None, choice: str, budget: int = INLINE_BUDGET) -> Solver:
    """Put a variant in front of the prompt, as a system message.

    Args:
        skill: where the Skill is read from, if the variant needs one.
        choice: the variant, as `make_variant` takes it.
        budget: the estimated tokens that the Skill may take.
    """
    variant = make_variant(load_skill(skill) if skill is not None else None, choice, budget)
    message = variant.message
    if message is None:
        raise VariantError(f"The variant '{choice}' delivers nothing; leave this solver out.")

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.messages.insert(0, ChatMessageSystem(content=message))
        return state

    return solve


@solver
def deliver_by_tool(skill: str, choice: str = "skill", budget: int = INLINE_BUDGET) -> Solver:
    """Name a Skill to the model, which opens what it wants of it by a tool.

    Args:
        skill: where the Skill is read from.
        choice: `skill`, or an ablation of it.
        budget: the estimated tokens of inline delivery, which say what the parts are.
    """
    delivered = make_variant(load_skill(skill), choice, budget).skill
    if delivered is None:
        raise VariantError(f"The variant '{choice}' has no files; deliver it inline.")
    announcement = (
        f"You have the Skill {delivered.name}: {delivered.description}\n\n"
        "Open its files with the tool read_skill_file, SKILL.md first. It has: "
        f"{', '.join(sorted(delivered.texts))}."
    )

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.messages.insert(0, ChatMessageSystem(content=announcement))
        state.tools.append(read_skill_file(delivered))
        return state

    return solve


@solver
def note_activation(skill: str, choice: str = "skill", budget: int = INLINE_BUDGET) -> Solver:
    """Record which files of a Skill the model has opened.

    Args:
        skill: where the Skill is read from.
        choice: `skill`, or an ablation of it.
        budget: the estimated tokens of inline delivery, which say what the parts are.
    """
    delivered = make_variant(load_skill(skill), choice, budget).skill
    assert delivered is not None

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        note_opened(store_as(Attempt), delivered, state.messages)
        return state

    return solve


@tool
def read_skill_file(skill: Skill) -> Tool:
    """Give the model the files of a Skill, one at a time."""

    async def execute(path: str) -> str:
        """Read one file of the Skill.

        Args:
            path: The file's path, such as SKILL.md or references/notes.md.
        """
        if path not in skill.texts:
            raise ToolError(f"There is no file {path}; there are {', '.join(sorted(skill.texts))}.")
        return skill.body if path == "SKILL.md" else skill.texts[path]

    return execute


@solver
def replay(recording: str, variant: str) -> Solver:
    """Answer with the recorded completion of this eval task and epoch.

    Args:
        recording: the name or path of a recording.
        variant: the recorded variant.
    """
    recorded = load_recording(recording)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        found = recorded.completion(variant, str(state.sample_id), state.epoch)
        if found.prompt != state.user_prompt.text:
            raise RecordingError(
                f"{recorded.path.name} answers another prompt for {state.sample_id}: "
                "the operation, the profile or the prompt's wording has changed since"
            )
        state.output = ModelOutput.from_content(
            str(state.model), found.completion, found.stop_reason
        )
        # Nothing was generated now; without a usage, Inspect would count tokens of its own.
        state.output.usage = ModelUsage(
            input_tokens=found.input_tokens,
            output_tokens=found.output_tokens,
            total_tokens=found.input_tokens + found.output_tokens,
        )
        state.messages.append(state.output.message)
        return state

    return solve
