"""Skills: folders with a SKILL.md, by the Agent Skills specification."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from .frontmatter import (
    read_header,
    settle_description,
    settle_name,
    specification_errors,
    surplus_keys,
)
from .source import MANIFEST, SkillError, read_files
from .tokens import estimate_tokens

__all__ = ["INLINE_BUDGET", "SHIPPED_SKILLS", "Skill", "SkillError", "load_skill", "make_skill"]

SHIPPED_SKILLS: Final = Path(__file__).parent
"""The folder of the Skills that are shipped."""

INLINE_BUDGET: Final = 32_000
"""Estimated tokens up to which references are delivered inline."""


@dataclass(frozen=True)
class Skill:
    """One Skill as it was when it was loaded.

    Attributes:
        name: by the header, or else the folder's name.
        description: by the header.
        body: SKILL.md without its header.
        folder: the name of the folder that held it.
        source: where it was read from.
        contents: the bytes of every file of the Skill, by its path relative to the folder.
        fingerprint: SHA-256, in hexadecimal, over the path and the bytes of every file.
        header: the keys and values of the header.
        forgiven: one sentence for each departure from the specification that was read over.
    """

    name: str
    description: str
    body: str
    folder: str
    source: str
    contents: Mapping[str, bytes]
    fingerprint: str
    header: Mapping[str, Any]
    forgiven: tuple[str, ...]

    @property
    def variant(self) -> str:
        """The name of this Skill at this content, such as `cpu-kernels@3f9a1c`."""
        return f"{self.name}@{self.fingerprint[:6]}"

    @property
    def files(self) -> dict[str, int]:
        """The size in bytes of every file, by its path."""
        return {name: len(content) for name, content in self.contents.items()}

    @cached_property
    def texts(self) -> dict[str, str]:
        """The text of every file that is UTF-8, by its path."""
        decoded = {name: _text(content) for name, content in self.contents.items()}
        return {name: text for name, text in decoded.items() if text is not None}

    @property
    def file_tokens(self) -> dict[str, int]:
        """An estimate of the tokens of every file that is text, by its path."""
        return {name: estimate_tokens(text) for name, text in self.texts.items()}

    @property
    def references(self) -> dict[str, str]:
        """The text of the files under references/ that are text, by path."""
        return {n: text for n, text in self.texts.items() if n.startswith("references/")}

    @property
    def tokens(self) -> int:
        """An estimate of the tokens of `system_message()`."""
        return estimate_tokens(self.system_message())

    def inline_references(self, budget: int = INLINE_BUDGET) -> tuple[str, ...]:
        """Return the paths of the references that `system_message` delivers, in its order."""
        left = budget - estimate_tokens(self.body)
        delivered: list[str] = []
        for path, text in sorted(self.references.items()):
            if (tokens := estimate_tokens(text)) <= left:
                left -= tokens
                delivered.append(path)
        return tuple(delivered)

    def system_message(self, budget: int = INLINE_BUDGET) -> str:
        """Return the text that delivers the Skill inline, in a system message.

        It holds the body of SKILL.md, whatever its length, and then the files of references/ in
        the order of their paths, each one whole: one that does not fit into what is left of the
        budget is named as left out, and so is one that is not text. Scripts and assets are not
        delivered, since nothing could run or open them.

        Args:
            budget: estimated tokens that the body and the references may take together.
        """
        delivered = self.inline_references(budget)
        parts = [f'<skill name="{self.name}">', self.body.strip()]
        for path in delivered:
            parts += [f'<file path="{path}">', self.references[path].strip(), "</file>"]
        there = sorted(name for name in self.contents if name.startswith("references/"))
        if left_out := [name for name in there if name not in delivered]:
            parts.append(f"Left out: {', '.join(left_out)}.")
        parts.append("</skill>")
        return "You have this Skill; use it where it helps with the task.\n\n" + "\n".join(parts)


def load_skill(source: str | Path, *, strict: bool = False) -> Skill:
    """Read a Skill with every file that it ships.

    Real Skills depart from the specification (keys of their own, a table for a header), and are
    loaded all the same; `Skill.forgiven` says how. Hidden files and folders and `__pycache__` are
    no part of a Skill; links are followed.

    Args:
        source: a folder; a zip file; `path@REV`, a folder at a git revision; `git+URL@REV#FOLDER`;
            or `hf://OWNER/NAME@REV#FOLDER`, a repository of the Hugging Face Hub.
        strict: refuse what does not follow the specification.

    Raises:
        SkillError: there is no Skill there, or, strictly, not a valid one; one sentence that says
            what to mend.
    """
    files = read_files(str(source))
    if strict and (errors := specification_errors(files.contents[MANIFEST], files.folder)):
        more = f" ({len(errors) - 1} more after this one)" if len(errors) > 1 else ""
        raise SkillError(f"{source}: {errors[0].removesuffix('.')}{more}.")
    return make_skill(files.contents, files.folder, str(source))


def make_skill(contents: Mapping[str, bytes], folder: str, source: str) -> Skill:
    """Make a Skill of its files.

    Args:
        contents: the bytes of every file, by path; SKILL.md among them.
        folder: the name of the folder that holds them.
        source: where they come from.

    Raises:
        SkillError: SKILL.md is not text.
    """
    text = _text(contents[MANIFEST])
    if text is None:
        raise SkillError(f"{source}: SKILL.md is not UTF-8 text; save it as UTF-8.")
    header = read_header(text)
    name, name_forgiven = settle_name(header.fields, folder)
    description, description_forgiven = settle_description(header.fields)
    return Skill(
        name=name,
        description=description,
        body=header.body,
        folder=folder,
        source=source,
        contents=contents,
        fingerprint=_fingerprint(contents),
        header=header.fields,
        forgiven=(
            *header.forgiven,
            *surplus_keys(header.fields),
            *name_forgiven,
            *description_forgiven,
        ),
    )


def _fingerprint(contents: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(contents):
        # Lengths in front, so that bytes cannot move between a path and a file unnoticed.
        for part in (name.encode("utf-8", "surrogateescape"), contents[name]):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def _text(content: bytes) -> str | None:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None
