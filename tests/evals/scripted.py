"""Models that say what a script tells them, for tests of agents."""

from collections.abc import Callable, Sequence
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    Model,
    ModelOutput,
    ModelUsage,
    get_model,
)

Turn = str | tuple[str, dict[str, Any]]
"""Words, or a call of a tool."""


def scripted(turns: Sequence[Turn], *, tokens: int = 8) -> tuple[Model, list[list[ChatMessage]]]:
    """A model that takes its turns in order, in each conversation, and repeats the last one.

    Returns:
        The model, and what it was shown at each turn.
    """
    seen: list[list[ChatMessage]] = []

    def answer(messages: list[ChatMessage], *_: object) -> ModelOutput:
        seen.append(list(messages))
        number = sum(1 for message in messages if isinstance(message, ChatMessageAssistant))
        turn = turns[min(number, len(turns) - 1)]
        if isinstance(turn, str):
            output = ModelOutput.from_content("mockllm/model", turn)
        else:
            output = ModelOutput.for_tool_call("mockllm/model", *turn)
        output.usage = ModelUsage(
            input_tokens=tokens, output_tokens=tokens, total_tokens=2 * tokens
        )
        return output

    custom: Callable[..., ModelOutput] = answer
    return get_model("mockllm/model", custom_outputs=custom, memoize=False), seen
