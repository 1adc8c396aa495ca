"""Markdown as far as Skills need it: headings, fenced blocks, tables and links, with lines."""

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark").enable("table")
_HEADER = re.compile(r"\A---[ \t]*\n.*?^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Heading:
    """A heading: its level from 1, its text, and its line from 1."""

    level: int
    text: str
    line: int


@dataclass(frozen=True)
class Block:
    """A fenced block: the first word of its label, its text, and the line of its first line."""

    label: str
    text: str
    line: int


@dataclass(frozen=True)
class Link:
    """A link or image: where it leads, and its line."""

    target: str
    line: int


@dataclass(frozen=True)
class Table:
    """A table: the cells of its head and of its rows, and the line of each row."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Document:
    """What was found in one Markdown text, in the order of its lines."""

    text: str
    headings: tuple[Heading, ...]
    blocks: tuple[Block, ...]
    links: tuple[Link, ...]
    tables: tuple[Table, ...]

    @property
    def prose(self) -> list[tuple[int, str]]:
        """The lines outside fenced blocks, with their numbers from 1."""
        fenced = {
            line
            for block in self.blocks
            for line in range(block.line - 1, block.line + block.text.count("\n") + 1)
        }
        lines = enumerate(self.text.splitlines(), 1)
        return [(number, line) for number, line in lines if number not in fenced]

    def heading_above(self, line: int) -> Heading | None:
        """Return the nearest heading at or above a line."""
        return next((h for h in reversed(self.headings) if h.line <= line), None)


def read_markdown(text: str) -> Document:
    """Read a Markdown text; a header in YAML is left out, and lines are counted with it."""
    if (header := _HEADER.match(text)) is not None:
        text = "\n" * header.group().count("\n") + text[header.end() :]
    tokens = _PARSER.parse(text)
    return Document(
        text=text,
        headings=tuple(_headings(tokens)),
        blocks=tuple(
            Block(_label(token.info), token.content, _line(token) + 1)
            for token in tokens
            if token.type == "fence"
        ),
        links=tuple(_links(tokens)),
        tables=tuple(_tables(tokens)),
    )


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


def _label(info: str) -> str:
    words = info.strip().strip("{}.").lower().split()
    return words[0] if words else ""


def _headings(tokens: list[Token]) -> list[Heading]:
    return [
        Heading(int(token.tag[1]), tokens[index + 1].content, _line(token))
        for index, token in enumerate(tokens)
        if token.type == "heading_open"
    ]


def _links(tokens: list[Token]) -> list[Link]:
    links: list[Link] = []
    line = 1
    for token in tokens:
        # An inline token of a table cell has no lines of its own.
        line = token.map[0] + 1 if token.map else line
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if isinstance(target, str):
                links.append(Link(target, line))
            line += child.type in ("softbreak", "hardbreak")
    return links


def _tables(tokens: list[Token]) -> list[Table]:
    tables: list[Table] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    for index, token in enumerate(tokens):
        if token.type == "table_open":
            rows, lines = [], []
        elif token.type == "tr_open":
            rows.append([])
            lines.append(_line(token))
        elif token.type in ("th_open", "td_open"):
            rows[-1].append(tokens[index + 1].content)
        elif token.type == "table_close":
            head, *body = (tuple(row) for row in rows)
            tables.append(Table(head, tuple(body), tuple(lines[1:])))
    return tables
