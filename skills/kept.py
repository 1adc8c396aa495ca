"""A Skill's files as logs keep them, so that anybody can read and check what was put to test."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from .skill import Skill, make_skill
from .source import MANIFEST, SkillError

KEPT_BYTES: Final = 1 << 20
"""A Skill of more bytes than this is not kept in logs: its fingerprint alone is."""


def keep_files(skill: Skill) -> dict[str, str | dict[str, str]] | None:
    """The files of a Skill as JSON-ready values.

    Args:
        skill: The Skill.

    Returns:
        By path the text of each file, or {"base64": …} where it is not UTF-8; None for a Skill of
        more than `KEPT_BYTES`, or with a path that is not UTF-8.
    """
    if sum(skill.files.values()) > KEPT_BYTES or not all(map(_is_utf8, skill.contents)):
        return None
    return {path: _kept(content) for path, content in sorted(skill.contents.items())}


def kept_skill(record: dict[str, Any]) -> Skill | None:
    """Make a Skill of what a log keeps of it.

    Its fingerprint is that of the files, whatever the log says.

    Args:
        record: The log's metadata on the Skill, with its `name`, `source` and `files`.

    Returns:
        None where the files were not kept.

    Raises:
        SkillError: The files cannot be read, or make no Skill.
    """
    files = record.get("files")
    if files is None:
        return None
    try:
        contents = {path: _content(kept) for path, kept in files.items()}
    except (AttributeError, KeyError, TypeError, ValueError, binascii.Error) as error:
        raise SkillError(f"the log's files of {record.get('name')} cannot be read") from error
    if MANIFEST not in contents:
        raise SkillError(f"the log keeps no {MANIFEST} of {record.get('name')}")
    return make_skill(contents, str(record.get("name")), str(record.get("source")))


def _is_utf8(path: str) -> bool:
    # What is not UTF-8 in a file's name is a lone surrogate here, which JSON cannot hold.
    return not any("\ud800" <= mark <= "\udfff" for mark in path)


def _kept(content: bytes) -> str | dict[str, str]:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode("ascii")}


def _content(kept: str | dict[str, str]) -> bytes:
    if isinstance(kept, str):
        return kept.encode("utf-8")
    return base64.b64decode(kept["base64"], validate=True)
