"""The provider `local`: a language model that runs in this process, from a GGUF file.

It needs no key and no server.  `local/smollm2-135m` is a real, weak model for trying a grid; any
other comes by `-M path=FILE.gguf`.
"""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import anyio.to_thread
from inspect_ai.model import ChatCompletionChoice as Choice
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    StopReason,
    modelapi,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo

from ..tasks.errors import RunError, UsageError
from .local_weights import SMOLLM2, local_weights

_CONTEXT = 8192
_MAX_TOKENS = 2048
# Beyond that so small a model repeats itself.
_MAX_TOKENS_SMOLLM2 = 512
_STOPS: dict[str, StopReason] = {"stop": "stop", "length": "max_tokens", "tool_calls": "tool_calls"}
_SAMPLING = ("temperature", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty")


class LocalModelError(UsageError):
    """A local model that cannot be opened."""


class LocalGenerationError(RunError):
    """A request that the model's engine refused."""


class LocalModel(ModelAPI):
    """A GGUF model in the engine llama.cpp, which is loaded at the first request."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008
        path: str | None = None,
        threads: int = 1,
        context: int = _CONTEXT,
    ) -> None:
        """Find the weights.

        Args:
            model_name: `smollm2-135m`, or any name where `path` is given.
            base_url: unused; every provider takes it.
            api_key: unused.
            config: Inspect's settings of generation.
            path: a GGUF file.
            threads: of the CPU; more disturb the timing of kernels on the same machine.
            context: tokens of prompt and completion together.

        Raises:
            UsageError: the engine or the weights are missing.
        """
        super().__init__(model_name, base_url, api_key, [], config)
        require_engine()
        self._weights = local_weights(model_name, path)
        self._threads = threads
        self._context = context
        self._engine: Any = None
        self._loading = Lock()

    def max_connections(self) -> int:
        """One: the engine answers one request after the other."""
        return 1

    def max_tokens(self) -> int:
        """Tokens of a completion where nothing else is asked for."""
        return _MAX_TOKENS_SMOLLM2 if self.model_name == SMOLLM2 else _MAX_TOKENS

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Complete a conversation.

        Raises:
            LocalGenerationError: the engine refused the request for another reason than its length.
        """
        request = _request(input, tools, config, config.max_tokens or self.max_tokens())
        answer = await anyio.to_thread.run_sync(self._complete, request, abandon_on_cancel=True)
        return self._output(answer)

    def _complete(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._loading:
            if self._engine is None:
                self._engine = _load(self._weights, self._threads, self._context)
        return self._engine.handle_chat_completions(request)

    def _output(self, answer: dict[str, Any]) -> ModelOutput:
        if (error := answer.get("error")) is not None:
            if error.get("type") == "exceed_context_size_error":
                return self._too_long(error["n_prompt_tokens"])
            raise LocalGenerationError(
                f"local/{self.model_name} refused the request: {error.get('message')}"
            )
        choice = answer["choices"][0]
        message = ChatMessageAssistant(
            content=choice["message"].get("content") or "",
            tool_calls=[_tool_call(call) for call in choice["message"].get("tool_calls") or []]
            or None,
            model=self.model_name,
            source="generate",
        )
        used = answer["usage"]
        cached = (used.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
        return ModelOutput(
            model=self.model_name,
            choices=[
                Choice(message=message, stop_reason=_STOPS.get(choice["finish_reason"], "unknown"))
            ],
            usage=ModelUsage(
                input_tokens=used["prompt_tokens"] - cached,
                input_tokens_cache_read=cached,
                output_tokens=used["completion_tokens"],
                total_tokens=used["total_tokens"],
            ),
        )

    def _too_long(self, tokens: int) -> ModelOutput:
        output = ModelOutput.from_content(
            self.model_name,
            f"The prompt has {tokens} tokens, too many for this model.",
            "model_length",
        )
        output.usage = ModelUsage(input_tokens=tokens, total_tokens=tokens)
        return output


def require_engine() -> None:
    """Refuse where the engine is not installed.

    Raises:
        LocalModelError: it is not.
    """
    if find_spec("xllamacpp") is None:
        raise LocalModelError(
            "A local model needs the engine xllamacpp: pip install 'skilldyno[local]'."
        )


def _load(weights: Path, threads: int, context: int) -> Any:
    xllamacpp = import_module("xllamacpp")
    settings = xllamacpp.CommonParams()
    settings.model.path = str(weights)
    settings.n_ctx = context
    settings.n_parallel = 1
    settings.cpuparams.n_threads = threads
    settings.cpuparams_batch.n_threads = threads
    settings.verbosity = -1
    try:
        return xllamacpp.Server(settings)
    except RuntimeError as error:
        raise LocalModelError(
            f"{weights} cannot be loaded as a model: give a GGUF file that llama.cpp knows, and "
            "as much memory as it needs."
        ) from error


def _request(
    input: list[ChatMessage], tools: list[ToolInfo], config: GenerateConfig, max_tokens: int
) -> dict[str, Any]:
    sampling = {name: getattr(config, name) for name in _SAMPLING}
    request: dict[str, Any] = {
        "messages": [_message(each) for each in input],
        "max_tokens": max_tokens,
        **{name: value for name, value in sampling.items() if value is not None},
    }
    if config.stop_seqs:
        request["stop"] = config.stop_seqs
    if tools:
        request["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": each.name,
                    "description": each.description,
                    "parameters": each.parameters.model_dump(exclude_none=True),
                },
            }
            for each in tools
        ]
    return request


def _message(message: ChatMessage) -> dict[str, Any]:
    written: dict[str, Any] = {"role": message.role, "content": message.text}
    if isinstance(message, ChatMessageTool):
        written["tool_call_id"] = message.tool_call_id
    elif isinstance(message, ChatMessageAssistant) and message.tool_calls:
        written["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.function, "arguments": json.dumps(call.arguments)},
            }
            for call in message.tool_calls
        ]
    return written


def _tool_call(call: dict[str, Any]) -> ToolCall:
    function = call["function"]
    arguments, problem = {}, None
    try:
        arguments = json.loads(function.get("arguments") or "{}")
    except json.JSONDecodeError as error:
        problem = f"The arguments are not JSON: {error.msg}."
    if not isinstance(arguments, dict):
        arguments, problem = {}, "The arguments are not a JSON object."
    return ToolCall(
        id=call.get("id") or function["name"],
        function=function["name"],
        arguments=arguments,
        parse_error=problem,
    )


@modelapi(name="local")
def local() -> Any:
    """Provider of the models `local/<name>`."""
    return LocalModel
