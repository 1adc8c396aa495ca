"""An exported grid: every prompt of its arms, in files that any model or agent can be given."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from inspect_ai import Task
from pydantic import BaseModel, ConfigDict, ValidationError

from ..scorers.executors.chosen import PACK
from ..skills.skill import load_skill
from ..skills.variants import Variant, make_variant
from ..tasks.errors import UsageError
from ..tasks.language import Language
from .eval_skills import EvalRequest, choices, make_arms

Format = Literal["jsonl", "openai-batch", "markdown"]

_GRID = "grid.json"
_SCHEMA = 1
_OP_LETTERS, _VARIANT_LETTERS, _DIGEST_LETTERS = 24, 20, 10

_README = """\
# Prompts to be answered

Each file in `prompts/` is one prompt. Give it to a model or an agent, in a conversation of its own
and with nothing else, and write the whole answer, as it came, to a file of the same name in
`answers/`. Then run `skilldyno prompts import {folder} {folder}/answers --model NAME`.

Files that differ only in the number before the last are the same question, asked again: each wants
an answer of its own.
"""


class ExportError(UsageError):
    """An exported grid that cannot be written, read or made again."""


@dataclass(frozen=True)
class Prompt:
    """One prompt of a grid.

    Attributes:
        id: names it in every format; 64 letters, digits, `-` and `_` at the most. It follows the
            text, so that an answer to another wording is not taken for an answer to this one.
        eval_task: the eval task.
        op: its operation.
        language: its language.
        variant: the arm's variant.
        epoch: the repetition, from 1.
        system: the variant's message; None where there is none.
        user: the eval task's prompt.
    """

    id: str
    eval_task: str
    op: str
    language: Language
    variant: Variant
    epoch: int
    system: str | None
    user: str

    @property
    def messages(self) -> list[dict[str, str]]:
        """The messages by role, as chat interfaces take them."""
        system = [{"role": "system", "content": self.system}] if self.system is not None else []
        return [*system, {"role": "user", "content": self.user}]

    @property
    def text(self) -> str:
        """The messages as one text."""
        return "\n\n".join(message["content"] for message in self.messages) + "\n"


class ExportedGrid(BaseModel):
    """What an exported grid was made of, schema version 1; `digest` is over all its prompts."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = _SCHEMA
    skills: tuple[str, ...]
    suite: str
    hardware: str
    language: Language | None
    epochs: int | None
    sham: bool
    prompt: bool
    ablate: bool
    inline_budget: int
    digest: str

    def request(self, hardware: str, *, unsafe: bool) -> EvalRequest:
        """The arms of the grid, to be judged on a hardware profile."""
        return EvalRequest(
            **self.model_dump(exclude={"schema_version", "digest", "hardware"}),
            hardware=hardware,
            unsafe=unsafe,
        )


def grid_prompts(request: EvalRequest) -> tuple[list[Prompt], str]:
    """Make every prompt of a grid, arm by arm.

    Returns:
        The prompts, and the hardware profile that they name.

    Raises:
        UsageError: a Skill, the suite or the profile is not usable.
    """
    arms = make_arms(replace(request, judge=PACK), Path())
    prompts = [
        prompt
        for arm, (source, choice) in zip(arms, choices(request), strict=True)
        for prompt in _arm_prompts(arm, source, choice, request.inline_budget)
    ]
    return prompts, (arms[0].metadata or {})["hardware"]


def _arm_prompts(arm: Task, source: str | None, choice: str, budget: int) -> Iterator[Prompt]:
    variant = make_variant(load_skill(source) if source is not None else None, choice, budget)
    for sample in arm.dataset:
        for epoch in range(1, (arm.epochs or 1) + 1):
            eval_task, user = str(sample.id), str(sample.input)
            parts = (eval_task, variant.name, str(epoch), variant.message or "", user)
            text = "\0".join(parts).encode("utf-8", "surrogatepass")
            digest = hashlib.sha256(text).hexdigest()[:_DIGEST_LETTERS]
            described = sample.metadata or {}
            op, language = described["op"], described["language"]
            name = re.sub(r"[^A-Za-z0-9]+", "-", variant.name)[:_VARIANT_LETTERS].strip("-")
            id = f"{op[:_OP_LETTERS]}-{name}-{epoch}-{digest}"
            yield Prompt(id, eval_task, op, language, variant, epoch, variant.message, user)


def write_export(
    request: EvalRequest, folder: Path, form: Format, model: str | None
) -> list[Prompt]:
    """Write a grid's prompts in one format, beside those of other formats that are there.

    Args:
        request: the arms.
        folder: where to.
        form: the format.
        model: the name that the requests of a batch carry.

    Returns:
        The prompts that were written.

    Raises:
        UsageError: the grid cannot be made, or the folder holds another or cannot be written.
    """
    prompts, hardware = grid_prompts(request)
    grid = ExportedGrid(
        skills=request.skills,
        suite=request.suite,
        hardware=hardware,
        language=request.language,
        epochs=request.epochs,
        sham=request.sham,
        prompt=request.prompt,
        ablate=request.ablate,
        inline_budget=request.inline_budget,
        digest=_digest(prompts),
    )
    if (folder / _GRID).exists() and _read_grid(folder).digest != grid.digest:
        raise ExportError(f"{folder} holds the prompts of another grid: choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _GRID).write_text(grid.model_dump_json(indent=1) + "\n", encoding="utf-8")
        if form == "markdown":
            _write_markdown(prompts, folder)
        elif form == "openai-batch":
            _write_lines(folder / "batch.jsonl", [_batch_line(p, model) for p in prompts])
        else:
            _write_lines(folder / "prompts.jsonl", [_line(p) for p in prompts])
    except OSError as error:
        raise ExportError(
            f"{folder} cannot be written ({error.strerror}): choose another folder"
        ) from error
    return prompts


def load_export(folder: Path, *, unsafe: bool) -> tuple[EvalRequest, list[Prompt]]:
    """Make an exported grid again from what it was made of.

    Args:
        folder: the folder that it was exported to.
        unsafe: judge without a sandbox where none works.

    Raises:
        UsageError: there is no grid in the folder, or it cannot be made as it was.
    """
    grid = _read_grid(folder)
    request = grid.request(grid.hardware, unsafe=unsafe)
    prompts, _ = grid_prompts(request)
    if _digest(prompts) != grid.digest:
        raise ExportError(
            f"{folder} was exported with other contents of {', '.join(grid.skills)}, of the suite "
            f"{grid.suite} or of its operations: restore them (or name PATH@REV), or export again"
        )
    return request, prompts


def _read_grid(folder: Path) -> ExportedGrid:
    path = folder / _GRID
    try:
        return ExportedGrid.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise ExportError(
            f"{folder} has no {_GRID}: give the folder that `skilldyno prompts export` wrote"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ExportError(f"{path}: {where}: {first['msg']}: export again") from error


def _digest(prompts: list[Prompt]) -> str:
    return hashlib.sha256("\n".join(prompt.id for prompt in prompts).encode()).hexdigest()


def _line(prompt: Prompt) -> dict[str, object]:
    return {
        "id": prompt.id,
        "eval_task": prompt.eval_task,
        "variant": prompt.variant.name,
        "epoch": prompt.epoch,
        "messages": prompt.messages,
    }


def _batch_line(prompt: Prompt, model: str | None) -> dict[str, object]:
    return {
        "custom_id": prompt.id,
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": model, "messages": prompt.messages},
    }


def _write_lines(path: Path, lines: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _write_markdown(prompts: list[Prompt], folder: Path) -> None:
    for name in ("prompts", "answers"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "README.md").write_text(_README.format(folder=folder), encoding="utf-8")
    for prompt in prompts:
        (folder / "prompts" / f"{prompt.id}.md").write_bytes(prompt.text.encode("utf-8"))
