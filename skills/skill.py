"""Skills: folders with a SKILL.md, by the Agent Skills specification."""

import hashlib
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from ..tasks.errors import UsageError

SHIPPED_SKILLS: Final = Path(__file__).parent
"""The folder of the Skills that are shipped."""

INLINE_BUDGET: Final = 32_000
"""Estimated tokens up to which references are delivered inline."""

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MAX_NAME: Final = 64
_MAX_DESCRIPTION: Final = 1024
_FRONTMATTER: Final = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_CHARACTERS_A_TOKEN: Final = 4


class SkillError(UsageError):
    """A folder that is not a Skill."""


@dataclass(frozen=True)
class Skill:
    """One Skill as it was when it was loaded.

    Attributes:
        name: by the frontmatter, equal to the folder's name.
        description: by the frontmatter.
        body: SKILL.md without its frontmatter.
        path: the folder.
        files: size in bytes of every file of the Skill, by its path relative to the folder.
        fingerprint: SHA-256, in hexadecimal, over the path and the bytes of every file.
        references: text of the files under references/ that are text, by relative path.
    """

    name: str
    description: str
    body: str
    path: Path
    files: Mapping[str, int]
    fingerprint: str
    references: Mapping[str, str]

    @property
    def variant(self) -> str:
        """The name of this Skill at this content, such as `cpu-kernels@3f9a1c`."""
        return f"{self.name}@{self.fingerprint[:6]}"

    @property
    def tokens(self) -> int:
        """An estimate of the tokens of `system_message()`: its characters over 4, rounded up."""
        return _estimate_tokens(self.system_message())

    def system_message(self, budget: int = INLINE_BUDGET) -> str:
        """Return the text that delivers the Skill inline, in a system message.

        It holds the body of SKILL.md, whatever its length, and then the files of references/ in
        the order of their paths, each one whole: one that does not fit into what is left of the
        budget is named as left out, and so is one that is not text. Scripts and assets are not
        delivered, since nothing could run or open them.

        Args:
            budget: estimated tokens that the body and the references may take together.
        """
        parts = [f'<skill name="{self.name}">', self.body.strip()]
        left = budget - _estimate_tokens(self.body)
        left_out: list[str] = []
        for path in sorted(p for p in self.files if p.startswith("references/")):
            text = self.references.get(path)
            if text is None or _estimate_tokens(text) > left:
                left_out.append(path)
                continue
            left -= _estimate_tokens(text)
            parts += [f'<file path="{path}">', text.strip(), "</file>"]
        if left_out:
            parts.append(f"Left out: {', '.join(left_out)}.")
        parts.append("</skill>")
        return "You have this Skill; use it where it helps with the task.\n\n" + "\n".join(parts)


def load_skill(path: str | Path) -> Skill:
    """Read a Skill from its folder.

    Frontmatter keys beyond name and description are never refused. Hidden files and folders and
    `__pycache__` are no part of a Skill; links are followed.

    Raises:
        SkillError: the folder is not a Skill; one sentence that says what to mend.
    """
    folder = Path(path)
    if not folder.is_dir():
        mend = "name the folder that holds SKILL.md" if folder.exists() else "mend the path"
        raise SkillError(f"{folder}: there is no such folder; {mend}.")
    manifest = folder / "SKILL.md"
    if not manifest.is_file():
        raise SkillError(f"{folder}: the folder has no SKILL.md; a Skill needs one.")
    contents = {name: (folder / name).read_bytes() for name in _file_names(folder)}
    text = _text(contents["SKILL.md"])
    if text is None:
        raise SkillError(f"{manifest}: the file is not UTF-8 text; save it as UTF-8.")
    frontmatter, body = _split(text, manifest)
    references = {
        name: decoded
        for name, content in contents.items()
        if name.startswith("references/") and (decoded := _text(content)) is not None
    }
    return Skill(
        name=_checked_name(frontmatter, folder, manifest),
        description=_checked_description(frontmatter, manifest),
        body=body,
        path=folder,
        files={name: len(content) for name, content in contents.items()},
        fingerprint=_fingerprint(contents),
        references=references,
    )


def _file_names(folder: Path) -> list[str]:
    """Return the sorted relative paths of a Skill's files."""
    return sorted(path.relative_to(folder).as_posix() for path in _walk(folder, frozenset()))


def _walk(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    # A link back to a folder that is being walked would never end.
    real = folder.resolve()
    if real in above:
        return
    for entry in os.scandir(folder):
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        if entry.is_dir():
            yield from _walk(Path(entry.path), above | {real})
        elif entry.is_file():
            yield Path(entry.path)


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


def _split(text: str, manifest: Path) -> tuple[dict[str, Any], str]:
    found = _FRONTMATTER.match(text)
    if found is None:
        raise SkillError(
            f"{manifest}: there is no frontmatter; begin the file with YAML between two lines"
            " of ---."
        )
    try:
        frontmatter = yaml.safe_load(found.group(1))
    # PyYAML lets the ValueError of an impossible date through.
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise SkillError(f"{manifest}: the frontmatter is not valid YAML: {reason}.") from error
    if not isinstance(frontmatter, dict):
        raise SkillError(f"{manifest}: the frontmatter is not a mapping; give name: and more.")
    return frontmatter, text[found.end() :]


def _checked_name(frontmatter: dict[str, Any], folder: Path, manifest: Path) -> str:
    name = _required_text(frontmatter, "name", manifest)
    if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        raise SkillError(
            f"{manifest}: the name '{name}' must be 1 to {_MAX_NAME} lowercase letters, digits"
            " and single hyphens between them."
        )
    actual = folder.resolve().name
    if name != actual:
        raise SkillError(
            f"{manifest}: the name '{name}' is not the folder's name, '{actual}'; rename one."
        )
    return name


def _checked_description(frontmatter: dict[str, Any], manifest: Path) -> str:
    description = _required_text(frontmatter, "description", manifest)
    if len(description) > _MAX_DESCRIPTION:
        raise SkillError(
            f"{manifest}: the description has {len(description)} characters; shorten it to at most"
            f" {_MAX_DESCRIPTION}."
        )
    return description


def _required_text(frontmatter: dict[str, Any], key: str, manifest: Path) -> str:
    value = frontmatter.get(key)
    if value is None:
        raise SkillError(f"{manifest}: the frontmatter has no '{key}'; add it.")
    if not isinstance(value, str) or not value.strip():
        raise SkillError(f"{manifest}: the frontmatter's '{key}' is {value!r}; it must be text.")
    return value.strip()


def _estimate_tokens(text: str) -> int:
    return math.ceil(len(text) / _CHARACTERS_A_TOKEN)
