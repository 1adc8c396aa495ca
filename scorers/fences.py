"""The fenced blocks of a completion."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_OPENING: Final = re.compile(r"^([ \t]*)(`{3,}|~{3,})(.*)$")


@dataclass(frozen=True)
class Block:
    """One fenced block of a completion."""

    info: str
    content: str
    closed: bool

    @property
    def label(self) -> str:
        """The language in the info string: its first word, or that word's ending.

        So `cpp title=x`, `{.cpp}`, `cpp:kernel.cpp` and `kernel.cpp` are all `cpp`.
        """
        words = re.split(r"[\s,:{}]+", self.info.strip().strip("{}").lower())
        return words[0].rpartition(".")[2]


def fenced_blocks(text: str) -> Iterable[Block]:
    """Scan the fenced blocks of a text as CommonMark does, at any indentation."""
    lines = iter(text.split("\n"))
    for line in lines:
        opening = _OPENING.match(line)
        if opening is None:
            continue
        indent, fence, info = opening.groups()
        if fence[0] == "`" and "`" in info:
            continue
        closing = re.compile(rf"^[ \t]*{fence[0]}{{{len(fence)},}}[ \t]*$")
        content: list[str] = []
        closed = False
        for inner in lines:
            if closing.match(inner):
                closed = True
                break
            content.append(_unindented(inner, len(indent)))
        yield Block(info, "\n".join(content) + "\n" if closed else "\n".join(content), closed)


def _unindented(line: str, width: int) -> str:
    blank = len(line) - len(line.lstrip(" \t"))
    return line[min(blank, width) :]
