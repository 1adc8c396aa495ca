"""Completions that were made elsewhere, read back in any of the formats of exported prompts."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

from inspect_ai.model import StopReason

from ..scorers.candidate import extract_candidate
from ..tasks.errors import UsageError
from .exported import Prompt
from .recording import RecordedCompletion

_OK: Final = 200
_REASONS: Final = {"length": "max_tokens", None: "stop"}


class CompletionsError(UsageError):
    """A file of completions that cannot be read at all."""


@dataclass(frozen=True)
class Answer:
    """One completion as it came: its prompt's id, and where it stands."""

    where: str
    id: str
    completion: str
    stop_reason: StopReason = "stop"
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True)
class Unusable:
    """A line or file that holds no completion, and why."""

    where: str
    reason: str


@dataclass
class Findings:
    """What files of completions hold of a grid; nothing that is in them is in none of these.

    Attributes:
        taken: the completions, by the prompt's id.
        unknown: completions of prompts that the grid does not have.
        duplicates: completions of a prompt that has one already, which stays.
        unusable: lines that hold no completion: failed requests, and what cannot be read.
        truncated: ids whose completion was cut off; they are taken all the same.
        missing: ids without a completion.
    """

    taken: dict[str, RecordedCompletion] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)
    truncated: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def read_completions(
    paths: Collection[Path],
    prompts: Collection[Prompt],
    earlier: dict[str, RecordedCompletion],
) -> Findings:
    """Read files of completions, and say of each completion what becomes of it.

    Args:
        paths: JSON Lines (of `prompts.jsonl`, or what an OpenAI batch gives back), or folders of
            Markdown files that are named as the prompts' are.
        prompts: the grid's.
        earlier: completions of earlier imports, by id; they stay.

    Raises:
        CompletionsError: a path does not exist, or is no such file.
    """
    by_id = {prompt.id: prompt for prompt in prompts}
    found = Findings(taken=dict(earlier))
    for answer in (each for path in paths for each in _answers(path)):
        if isinstance(answer, Unusable):
            found.unusable.append(f"{answer.where}: {answer.reason}")
        elif answer.id not in by_id:
            found.unknown.append(f"{answer.where}: {answer.id}")
        elif answer.id not in found.taken:
            found.taken[answer.id] = _recorded(answer, by_id[answer.id])
        elif found.taken[answer.id].completion != answer.completion:
            found.duplicates.append(f"{answer.where}: {answer.id}, another text than is kept")
        elif answer.id not in earlier:
            found.duplicates.append(f"{answer.where}: {answer.id}, the same text")
    for id, prompt in by_id.items():
        if id not in found.taken:
            found.missing.append(id)
        elif _is_truncated(found.taken[id], prompt):
            found.truncated.append(id)
    return found


def _recorded(answer: Answer, prompt: Prompt) -> RecordedCompletion:
    return RecordedCompletion(
        prompt.user,
        answer.completion,
        answer.stop_reason,
        answer.input_tokens,
        answer.output_tokens,
    )


def _is_truncated(recorded: RecordedCompletion, prompt: Prompt) -> bool:
    if recorded.stop_reason in ("max_tokens", "model_length"):
        return True
    return extract_candidate(recorded.completion, prompt.language, prompt.op).truncated


def _answers(path: Path) -> Iterator[Answer | Unusable]:
    if path.is_dir():
        yield from _markdown(path)
        return
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise CompletionsError(
            f"{path} cannot be read ({error.strerror}): give a file of completions, or a folder "
            "of Markdown files"
        ) from error
    except UnicodeDecodeError as error:
        raise CompletionsError(f"{path} is not UTF-8 text: {error}") from error
    # Not splitlines: some of what it takes for an end of line may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _read_line(f"{path.name}:{number}", line)


def _markdown(folder: Path) -> Iterator[Answer | Unusable]:
    files = sorted(folder.glob("*.md"))
    if not files:
        raise CompletionsError(f"{folder} holds no .md file: give the folder with the answers")
    for file in files:
        try:
            yield Answer(file.name, file.stem, file.read_bytes().decode("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            yield Unusable(file.name, f"cannot be read as UTF-8 text: {error}")


def _read_line(where: str, line: str) -> Answer | Unusable:
    try:
        row = json.loads(line)
    except ValueError as error:
        return Unusable(where, f"is not valid JSON: {error}")
    if not isinstance(row, dict):
        return Unusable(where, "is no JSON object")
    read: Callable[[str, dict[str, Any]], Answer | Unusable]
    read = _read_batch_row if "custom_id" in row else _read_row
    try:
        return read(where, row)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        return Unusable(where, f"has not the fields of a completion: {error!r}")


def _read_row(where: str, row: dict[str, Any]) -> Answer | Unusable:
    id, completion = str(row["id"]), row.get("completion")
    if not isinstance(completion, str):
        return Unusable(where, f"{id} has no completion")
    tokens = (int(row.get(name) or 0) for name in ("input_tokens", "output_tokens"))
    return Answer(where, id, completion, _reason(row.get("stop_reason")), *tokens)


def _read_batch_row(where: str, row: dict[str, Any]) -> Answer | Unusable:
    id, response = str(row["custom_id"]), row.get("response")
    if row.get("error") or not response or response["status_code"] != _OK:
        why = row.get("error") or (response or {}).get("body") or "there is no response"
        return Unusable(where, f"the request of {id} failed: {json.dumps(why)}")
    body = response["body"]
    choice = body["choices"][0]
    content = choice["message"].get("content")
    if not isinstance(content, str):
        return Unusable(where, f"{id} has no completion")
    usage = body.get("usage") or {}
    tokens = (int(usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens"))
    return Answer(where, id, content, _reason(choice.get("finish_reason")), *tokens)


def _reason(given: str | None) -> StopReason:
    named = _REASONS.get(given, given)
    return next((reason for reason in get_args(StopReason) if reason == named), "unknown")
