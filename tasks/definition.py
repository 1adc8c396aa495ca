"""TOML files read into frozen pydantic models, with every fault said in one sentence."""

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from .errors import UsageError

_SHOWN = 60


class Definition(BaseModel):
    """The base of everything that a TOML file defines: frozen, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


D = TypeVar("D", bound=Definition)


def read_definition(
    path: Path, model: type[D], error: type[UsageError], supplied: dict[str, str] | None = None
) -> D:
    """Read one TOML file into a model.

    Args:
        path: the file.
        model: what it defines.
        error: the class of error to raise.
        supplied: fields that the caller computes, and that the file itself must not set.

    Raises:
        UsageError: of the class `error`; one sentence that names the file, the field and the mend.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as fault:
        raise error(f"{path}: there is no such file; create it or mend the name.") from fault
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise error(f"{path}: this is not valid TOML; mend it: {fault}.") from fault
    supplied = supplied or {}
    for name in supplied.keys() & data.keys():
        raise error(f"{path}: the field '{name}' is computed; remove it.")
    try:
        return model.model_validate(data | supplied)
    except ValidationError as fault:
        details = _distinct(fault.errors(include_url=False))
        # A field that is misspelt is unknown and missing: the former names what is allowed.
        details.sort(key=lambda each: each["type"] != "extra_forbidden")
        more = f" ({len(details) - 1} more after this one)" if len(details) > 1 else ""
        raise error(f"{path}: {_sentence(details[0], model)}{more}.") from fault


def name_unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Say in one sentence that a name is unknown, with the close matches or else all the names."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    mend = f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(names)}."
    return f"There is no {what} '{name}'; {mend}"


def _distinct(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out the lists that pydantic calls too short because their items were refused."""
    located = [d["loc"] for d in details]
    return [
        d
        for d in details
        if d["type"] != "too_short"
        or not any(loc[: len(d["loc"])] == d["loc"] and loc != d["loc"] for loc in located)
    ]


def _sentence(details: ErrorDetails, model: type[BaseModel]) -> str:
    loc = details["loc"]
    where = _dotted(loc)
    match details["type"]:
        case "missing":
            return f"the field '{where}' is missing; add it"
        case "extra_forbidden":
            allowed = sorted(_fields_at(model, loc[:-1]))
            close = difflib.get_close_matches(str(loc[-1]), allowed, n=1)
            hint = f"did you mean '{close[0]}'? " if close else ""
            return f"the field '{where}' is unknown; {hint}allowed: {', '.join(allowed)}"
        case "too_short":
            least = details.get("ctx", {}).get("min_length", 1)
            return f"the field '{where}' has too few items; give at least {least}"
        case "value_error":
            message = str(details.get("ctx", {}).get("error", details["msg"]))
            return f"in the field '{where}', {message}" if loc else message
        case _:
            shown = repr(details["input"])
            shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
            # A mapping's wrong key is located by "[key]" and shown as the input.
            return f"the field '{where}' is {shown}, but {_lowered(details['msg'])}"


def _lowered(message: str) -> str:
    return message.replace("Input should", "it should", 1)


def _dotted(loc: tuple[int | str, ...]) -> str:
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part != "[key]":
            text += f".{part}" if text else part
    return text


def _fields_at(model: Any, loc: tuple[int | str, ...]) -> list[str]:
    """Return the field names of the model found by walking the annotations along a location."""
    here: Any = model
    for part in loc:
        fields = getattr(here, "model_fields", None)
        here = fields[part].annotation if fields and part in fields else _element(here)
    fields = getattr(here, "model_fields", None) or getattr(_element(here), "model_fields", None)
    return list(fields) if fields else []


def _element(annotation: Any) -> Any:
    candidates = [a for a in get_args(annotation) if hasattr(a, "model_fields")]
    return candidates[0] if candidates else annotation
