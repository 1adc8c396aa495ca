"""Which files of a Skill a model was shown: told by their text, whatever tool showed it."""

from collections.abc import Iterable
from typing import Final

from .skill import Skill
from .source import MANIFEST

_LETTERS: Final = 16
_LINES: Final = 3


def opened_files(skill: Skill, shown: Iterable[str]) -> list[str]:
    """Return the paths of the files whose text is in what was shown, sorted.

    A file counts where three of its lines were shown that stand in no other file of the Skill, or
    all of them where it has fewer. Lines under 16 letters count only in files that have no other.

    Args:
        skill: the Skill.
        shown: what tools returned.
    """
    lines = {path: _lines(text) for path, text in skill.texts.items()}
    # The name and the description are announced, not opened.
    lines[MANIFEST] = _lines(skill.body)
    seen = "\n".join(shown)
    opened = []
    for path, own in lines.items():
        others = set().union(*(each for name, each in lines.items() if name != path))
        telling = sorted(own - others)
        found = sum(1 for line in telling if line in seen)
        if telling and found >= min(_LINES, len(telling)):
            opened.append(path)
    return sorted(opened)


def _lines(text: str) -> set[str]:
    lines = {line.strip() for line in text.splitlines()} - {""}
    return {line for line in lines if len(line) >= _LETTERS} or lines
