"""Recorded completions: real ones, made earlier, that stand in for a model's calls."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from inspect_ai.model import StopReason
from pydantic import BaseModel, ConfigDict, ValidationError

from ..skills.variants import Variant
from ..tasks.catalogue import operation_names
from ..tasks.errors import UsageError

_FOLDER = Path(__file__).parent / "recordings"


class RecordingError(UsageError):
    """A recording that cannot be read, or that does not hold what was asked of it."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")

    op: str
    hardware: str
    language: str
    variant: str
    skill_source: str | None
    model: str
    epoch: int
    prompt: str
    completion: str
    stop_reason: StopReason = "stop"
    input_tokens: int = 0
    output_tokens: int = 0


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    model: str
    source: str
    skills: dict[str, str]


@dataclass(frozen=True)
class RecordedCompletion:
    """One completion and the prompt that it answers; tokens are 0 where they are not known."""

    prompt: str
    completion: str
    stop_reason: StopReason = "stop"
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True)
class Recording:
    """Completions by (variant, eval task, epoch), with the model that made them."""

    path: Path
    model: str
    skills: dict[str, str]
    completions: dict[tuple[str, str, int], RecordedCompletion]

    @property
    def variants(self) -> tuple[str, ...]:
        """The recorded names of the variants, in the order of the file."""
        return tuple(dict.fromkeys(variant for variant, _, _ in self.completions))

    def variant_of(self, variant: Variant) -> str:
        """The recorded name of a variant, which for a Skill is told by its fingerprint.

        Raises:
            RecordingError: no completion was made with this Skill at this fingerprint.
        """
        if variant.skill is None:
            return variant.name
        for name, fingerprint in self.skills.items():
            if fingerprint == variant.skill.fingerprint:
                return name
        known = ", ".join(f"{name}@{digest[:6]}" for name, digest in self.skills.items()) or "none"
        raise RecordingError(
            f"{self.path.name} holds no completion made with {variant.name} "
            f"(it has: {known}): run the Skill with a model instead, or restore its recorded text"
        )

    def completion(self, variant: str, eval_task: str, epoch: int) -> RecordedCompletion:
        """One completion.

        Raises:
            RecordingError: the recording lacks it.
        """
        found = self.completions.get((variant, eval_task, epoch))
        if found is None:
            raise RecordingError(
                f"{self.path.name} has no completion for {eval_task}, variant {variant}, "
                f"epoch {epoch}: choose fewer epochs or another suite"
            )
        return found


def recording_path(name: str) -> Path:
    """The file of a shipped recording's name, or the path itself.

    Raises:
        RecordingError: there is neither.
    """
    shipped = _FOLDER / f"{name}.jsonl"
    if shipped.is_file():
        return shipped
    if Path(name).is_file():
        return Path(name)
    names = ", ".join(sorted(p.stem for p in _FOLDER.glob("*.jsonl")))
    raise RecordingError(f"there is no recording {name!r}: give a .jsonl file, or one of {names}")


@lru_cache(maxsize=8)
def load_recording(name: str) -> Recording:
    """Read a recording and its manifest (the same name, ending in .toml).

    Raises:
        RecordingError: a file is missing, or a line or field of it is malformed.
    """
    path = recording_path(name)
    manifest = _read_manifest(path.with_suffix(".toml"))
    known = operation_names()
    completions: dict[tuple[str, str, int], RecordedCompletion] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        row = _read_row(path, number, line)
        if row.op not in known:
            raise RecordingError(
                f"{path.name}:{number} is for the operation {row.op!r}, which is not defined: "
                f"define it in tasks/ops/{row.op}, or remove its lines"
            )
        key = (row.variant, f"{row.op}/{row.hardware}/{row.language}", row.epoch)
        if key in completions:
            raise RecordingError(f"{path.name}:{number} repeats {key}: remove one of the two")
        completions[key] = RecordedCompletion(
            row.prompt, row.completion, row.stop_reason, row.input_tokens, row.output_tokens
        )
    if not completions:
        raise RecordingError(f"{path} is empty: give a recording with completions")
    return Recording(path, manifest.model, manifest.skills, completions)


def write_recording(recording: Recording, source: str) -> None:
    """Write a recording and its manifest, each at once or not at all.

    Args:
        recording: what to write; its path is where to.
        source: where the completions come from, in words.
    """
    names = [
        f"{json.dumps(name)} = {json.dumps(digest)}" for name, digest in recording.skills.items()
    ]
    manifest = [
        f"model = {json.dumps(recording.model)}",
        f"source = {json.dumps(source)}",
        "[skills]",
    ]
    rows = []
    for (variant, eval_task, epoch), recorded in recording.completions.items():
        op, hardware, language = eval_task.split("/")
        row = _Row(
            op=op,
            hardware=hardware,
            language=language,
            variant=variant,
            skill_source=None,
            model=recording.model,
            epoch=epoch,
            **asdict(recorded),
        )
        # By json.dumps, which escapes what a line of UTF-8 cannot hold, such as half a pair.
        rows.append(json.dumps(row.model_dump()))
    for path, lines in (
        (recording.path.with_suffix(".toml"), [*manifest, *names]),
        (recording.path, rows),
    ):
        partial = path.with_name(f"{path.name}.partial")
        partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        partial.replace(path)


def _read_manifest(path: Path) -> _Manifest:
    try:
        return _Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise RecordingError(
            f"{path} is missing: a recording needs it to name its model and Skills"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise RecordingError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        raise RecordingError(f"{path}: {_first_problem(error)}") from error


def _read_row(path: Path, number: int, line: str) -> _Row:
    try:
        return _Row.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        raise RecordingError(f"{path.name}:{number} is not valid JSON: {error.msg}") from error
    except ValidationError as error:
        raise RecordingError(f"{path.name}:{number}: {_first_problem(error)}") from error


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"field {'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
