"""Models of any of Inspect's providers, opened by their names; and what their errors mean."""

from __future__ import annotations

import re
import socket
from typing import Any
from urllib.parse import urlsplit

from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import GenerateConfig, Model, get_model
from pydantic import ValidationError
from tenacity import RetryError

from ..tasks.errors import UsageError

_LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104
_MARKUP = re.compile(r"\[/?[a-z ]+\]")
_SAID = 240
# Nothing waits for ever: not for one answer, not for all tries at it.
_PATIENCE = GenerateConfig(max_retries=6, attempt_timeout=600, timeout=1800)
# One's own server has no crowd to wait for.
_SHORT_PATIENCE = GenerateConfig(max_retries=2, attempt_timeout=600, timeout=1800)

TRANSPORT = {"max_retries", "attempt_timeout", "timeout", "max_connections"}
"""Settings of generation that change no completion."""


class ModelError(UsageError):
    """A model that cannot be used as it was named."""


def open_model(
    name: str, arguments: dict[str, Any] | None = None, config: GenerateConfig | None = None
) -> Model:
    """Open a model, and see that a server of this machine that it needs is there.

    Args:
        name: by Inspect, such as `openai/gpt-5` or `local/smollm2-135m`.
        arguments: what its provider takes besides, such as `base_url`.
        config: settings of generation; retries and timeouts that it leaves open are set.

    Raises:
        ModelError: the provider is unknown, lacks its package or key, or its server is not there.
    """
    try:
        model = get_model(name, config=config or GenerateConfig(), **(arguments or {}))
    except PrerequisiteError as error:
        said = _MARKUP.sub("", str(error)).removeprefix("ERROR:")
        raise ModelError(f"The model {name} cannot be used: {_sentence(said)}") from error
    except (ValueError, TypeError, ImportError) as error:
        raise ModelError(f"The model {name} cannot be used: {_sentence(str(error))}") from error
    url = urlsplit(model.api.base_url or "")
    own = url.hostname in _LOOPBACK
    patience = _SHORT_PATIENCE if own else _PATIENCE
    connections = model.config.max_connections or model.api.max_connections()
    # Inspect's adaptive number of connections would not ask the provider; this one is fixed.
    model.config = patience.merge(model.config).merge(GenerateConfig(max_connections=connections))
    if own:
        _require_server(name, str(url.hostname), url.port or 80)
    return model


def read_settings(pairs: tuple[str, ...]) -> GenerateConfig:
    """Settings of generation from words such as `temperature=0.2`.

    Raises:
        ModelError: one of them is no setting of Inspect's `GenerateConfig`, or has no such value.
    """
    given = read_arguments(pairs)
    if unknown := sorted(given.keys() - GenerateConfig.model_fields.keys()):
        raise ModelError(
            f"-G {unknown[0]}: there is no such setting; common ones are temperature, max_tokens, "
            "reasoning_effort and max_connections."
        )
    try:
        return GenerateConfig.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise ModelError(f"-G {first['loc'][0]}: {first['msg']}.") from error


def read_arguments(pairs: tuple[str, ...]) -> dict[str, Any]:
    """Arguments from words such as `path=model.gguf`; numbers and true or false are read as such.

    Raises:
        ModelError: a word is not of the form NAME=VALUE.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise ModelError(f"'{pair}' is not of the form NAME=VALUE.")
        found[name] = _value(value)
    return found


def explain(model: str, error: BaseException) -> str | None:
    """What an error of a provider means, in one sentence; None if it is none of a provider.

    Args:
        model: the model's name.
        error: what a completion raised.
    """
    if isinstance(error, RetryError):
        raised = error.last_attempt.exception()
        return explain(model, raised) if raised is not None else None
    status = _status(error)
    kind, said = type(error).__name__.lower(), _sentence(_message(error))
    if status in (401, 403):
        return f"{model} refused the key or what it may do ({status}: {said}): check the key"
    if status == 404:
        return f"{model} is not known to its provider ({status}: {said}): check the name"
    if status == 429:
        return (
            f"{model} limits the rate, also after several tries ({status}: {said}): "
            "wait, or ask less at a time by -G max_connections=N"
        )
    if status is not None:
        return f"{model} failed ({status}: {said})"
    if "timeout" in kind or isinstance(error, TimeoutError):
        return f"{model} did not answer in time ({said}): is its server overloaded?"
    if "connect" in kind or isinstance(error, ConnectionError | socket.gaierror):
        return f"{model} cannot be reached ({said}): is its server up, and the network?"
    return None


def _message(error: BaseException) -> str:
    # The text of Inspect's error holds the whole request; the provider's own words are enough.
    for each in (error, error.__cause__):
        body = getattr(each, "body", None)
        if isinstance(body, dict) and isinstance(body.get("message"), str):
            return body["message"]
    return str(getattr(error, "provider_message", None) or error)


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    for holder in (error, response):
        for name in ("status_code", "code"):
            value = getattr(holder, name, None)
            if isinstance(value, int) and 400 <= value < 600:
                return value
    return None


def _require_server(name: str, host: str, port: int) -> None:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError as error:
        raise ModelError(
            f"The server of {name} at {host}:{port} does not answer "
            f"({error.strerror or error}): start it first."
        ) from error


def _value(text: str) -> Any:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _sentence(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _SAID else words[:_SAID] + "…"
