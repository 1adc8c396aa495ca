"""SK2xx: links between the files of a Skill."""

import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from ..markdown import read_markdown
from ..skill import Skill
from ..source import MANIFEST
from .rule import Finding, Rule

_DEAD: Final = Rule("SK201", "link to a missing file", "error")
_UNMENTIONED: Final = Rule("SK202", "file that is never mentioned", "warning")
RULES: Final = (_DEAD, _UNMENTIONED)

_ELSEWHERE: Final = re.compile(r"^([a-z][a-z0-9+.-]*:|//|#)", re.IGNORECASE)
# What looks like a link but is code, such as `model[i](x, y)`.
_PATH: Final = re.compile(r"[\w./ %+@-]*[\w-](\.\w+|/)")
_FILE_LISTS: Final = frozenset({"manifest.txt"})
# These are read by tools, or are there by custom, without anyone's naming them.
_BY_CUSTOM: Final = frozenset({MANIFEST, "skill_meta.json", "README.md", "CHANGELOG.md", "LICENSE"})


def check(skill: Skill) -> Iterator[Finding]:
    """Check the links of Markdown files, the lines of file lists, and that files are mentioned."""
    for path, text in skill.texts.items():
        if path.endswith(".md"):
            yield from _dead_links(skill, path, text)
        elif PurePosixPath(path).name in _FILE_LISTS:
            for number, line in enumerate(text.splitlines(), 1):
                name = line.strip()
                if name and not name.startswith("#") and name not in skill.contents:
                    yield _DEAD.at(path, number, f"it lists {name}, which is not in the Skill")
    yield from _unmentioned(skill)


def _dead_links(skill: Skill, path: str, text: str) -> Iterator[Finding]:
    folders = {str(parent) for name in skill.contents for parent in PurePosixPath(name).parents}
    for link in read_markdown(text).links:
        target = link.target.split("#")[0].split("?")[0]
        if _ELSEWHERE.match(link.target) or not _PATH.fullmatch(target):
            continue
        # Agents resolve paths from the Skill's folder as well as from the file.
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        from_root = posixpath.normpath(target)
        if not {beside, from_root} & (skill.contents.keys() | folders):
            where = "leads out of the Skill" if beside.startswith("..") else "is not in the Skill"
            yield _DEAD.at(path, link.line, f"it links to {link.target}, which {where}")


def _unmentioned(skill: Skill) -> Iterator[Finding]:
    for path in skill.contents:
        name = PurePosixPath(path).name
        if name in _BY_CUSTOM or name in _FILE_LISTS:
            continue
        stem = PurePosixPath(path).stem
        # Python names a module without its ending.
        shown = re.escape(name) if not name.endswith(".py") else rf"{re.escape(stem)}(\.py|\b)"
        mention = re.compile(rf"(?<![\w-]){shown}(?![\w-])")
        others = (
            text
            for other, text in skill.texts.items()
            if other != path and PurePosixPath(other).name not in _FILE_LISTS
        )
        if not any(mention.search(text) for text in others):
            yield _UNMENTIONED.at(
                path, 1, "no other file of the Skill mentions this one, so no agent will open it"
            )
