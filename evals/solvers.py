"""How a prompt reaches the model: the Skill delivered, and a completion made or replayed."""

from __future__ import annotations

from inspect_ai.model import ChatMessageSystem, ModelOutput, ModelUsage
from inspect_ai.solver import Generate, Solver, TaskState, solver

from ..skills.skill import load_skill
from .recording import RecordingError, load_recording


@solver
def deliver_skill(skill: str) -> Solver:
    """Put a Skill in front of the prompt, as a system message.

    Args:
        skill: the folder of the Skill.
    """
    message = load_skill(skill).system_message()

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.messages.insert(0, ChatMessageSystem(content=message))
        return state

    return solve


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
        state.output = ModelOutput.from_content(str(state.model), found.completion)
        # Nothing was generated now; without a usage, Inspect would count tokens of its own.
        state.output.usage = ModelUsage()
        state.messages.append(state.output.message)
        return state

    return solve
