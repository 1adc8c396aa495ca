"""The header of a SKILL.md: by the Agent Skills specification, or as real Skills write it."""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

SPECIFIED_KEYS: Final = frozenset(
    {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
)
"""The keys that the Agent Skills specification has."""

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MAX_NAME: Final = 64
_MAX_DESCRIPTION: Final = 1024
_YAML: Final = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TABLE: Final = re.compile(r"\A\s*((?:^\|.*\|[ \t]*(?:\n|\Z))+)", re.MULTILINE)
_RULE: Final = re.compile(r"\|[\s:|-]+\|")
_LINE: Final = re.compile(r"^([A-Za-z][\w-]*):[ \t]*(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Header:
    """What the header of a SKILL.md says.

    Attributes:
        fields: its keys and values.
        body: the text behind it.
        forgiven: one sentence for each departure from the form: a header, in YAML.
    """

    fields: Mapping[str, Any]
    body: str
    forgiven: tuple[str, ...]


def read_header(text: str) -> Header:
    """Read a header in YAML, in YAML-like lines or as a table; without one, all is body."""
    if (found := _YAML.match(text)) is not None:
        fields, forgiven = _yaml_fields(found.group(1))
        return Header(fields, text[found.end() :], forgiven)
    if (found := _TABLE.match(text)) is not None and (fields := _table_fields(found.group(1))):
        note = "the header is a Markdown table, not YAML between two lines of ---"
        return Header(fields, text[found.end() :], (note,))
    return Header({}, text, ("there is no header: no YAML between two lines of --- at the top",))


def _yaml_fields(text: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    try:
        fields = yaml.safe_load(text)
    # PyYAML lets the ValueError of an impossible date through.
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        lines = {key: value.strip().strip("\"'") for key, value in _LINE.findall(text)}
        return lines, (f"the header is not valid YAML, and was read line by line: {reason}",)
    if not isinstance(fields, dict):
        return {}, ("the header is not a mapping of keys to values",)
    return {str(key): value for key, value in fields.items()}, ()


def _table_fields(table: str) -> dict[str, str]:
    rows = [line.strip() for line in table.splitlines() if line.strip()]
    cells = [[cell.strip() for cell in row.strip("|").split("|", 1)] for row in rows]
    fields = {
        row_cells[0].strip("`*"): row_cells[1]
        for row, row_cells in zip(rows, cells, strict=True)
        if len(row_cells) == 2 and not _RULE.fullmatch(row)
    }
    return fields if "name" in fields else {}


def settle_name(fields: Mapping[str, Any], folder: str) -> tuple[str, tuple[str, ...]]:
    """Return the name that the Skill goes by, and what had to be forgiven for it."""
    given = fields.get("name")
    usable = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")[:_MAX_NAME] or "skill"
    if not isinstance(given, str) or not given.strip():
        return usable, (f"the header has no 'name'; the folder's name serves, '{usable}'",)
    name = given.strip()
    if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        return usable, (
            f"the name '{name}' is not 1 to {_MAX_NAME} lowercase letters, digits and single"
            f" hyphens; the folder's name serves, '{usable}'",
        )
    if name != folder:
        return name, (f"the name '{name}' is not the folder's name, '{folder}'",)
    return name, ()


def settle_description(fields: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the description, empty where there is none, and what had to be forgiven for it."""
    given = fields.get("description")
    if given is None or not str(given).strip():
        return "", ("the header has no 'description'",)
    description = str(given).strip()
    if len(description) > _MAX_DESCRIPTION:
        return description, (
            f"the description has {len(description)} characters, more than {_MAX_DESCRIPTION}",
        )
    return description, ()


def surplus_keys(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a sentence on the keys that the specification does not have, if there are any."""
    surplus = sorted(fields.keys() - SPECIFIED_KEYS)
    if not surplus:
        return ()
    noun = "the key" if len(surplus) == 1 else "the keys"
    return (f"the header has {noun} {', '.join(surplus)}, which the specification does not have",)


def specification_errors(manifest: bytes, folder: str) -> list[str]:
    """Check a SKILL.md by the Agent Skills specification, through its reference library.

    Args:
        manifest: the bytes of SKILL.md.
        folder: the name of the Skill's folder.

    Returns:
        One sentence for each error; none where the Skill is valid.
    """
    import skills_ref

    with tempfile.TemporaryDirectory(prefix="skilldyno-") as parent:
        place = Path(parent) / folder
        place.mkdir()
        (place / "SKILL.md").write_bytes(manifest)
        try:
            errors = skills_ref.validate(place)
        # The library reads the file strictly, and lets what UTF-8 and dates raise through.
        except ValueError as error:
            errors = [f"SKILL.md cannot be read: {error}"]
    return [" ".join(error.split()) for error in errors]
