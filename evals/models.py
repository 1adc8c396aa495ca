"""The label under which recorded completions run: a model that is never called."""

from __future__ import annotations

from typing import Any

from inspect_ai.model import ChatMessage, GenerateConfig, ModelAPI, ModelOutput, modelapi
from inspect_ai.tool import ToolChoice, ToolInfo


class RecordedModel(ModelAPI):
    """Names the model that made a recording, and refuses to make anything new."""

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Refuse.

        Raises:
            RuntimeError: always, because a recording has no model behind it.
        """
        raise RuntimeError(
            f"{self.model_name} is only the label of a recording: give the task a recording, "
            "or run it with a model of a provider"
        )


@modelapi(name="recorded")
def recorded() -> Any:
    """Provider of the labels `recorded/<model>`."""
    return RecordedModel
