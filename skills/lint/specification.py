"""SK1xx: the Agent Skills specification, through its reference library, and its advice on size."""

from collections.abc import Iterator
from typing import Final

from ..frontmatter import read_header, specification_errors
from ..skill import Skill
from ..source import MANIFEST
from ..tokens import estimate_tokens
from .rule import Finding, Rule

_HEADER: Final = Rule("SK101", "header that is not YAML", "error")
_SPECIFICATION: Final = Rule("SK102", "header against the specification", "error")
_SIZE: Final = Rule("SK103", "SKILL.md longer than advised", "warning")
RULES: Final = (_HEADER, _SPECIFICATION, _SIZE)

_MAX_LINES: Final = 500
_MAX_TOKENS: Final = 5_000


def check(skill: Skill) -> Iterator[Finding]:
    """Check the header, and the size of the body."""
    form = read_header(skill.texts[MANIFEST]).forgiven
    for sentence in form:
        yield _HEADER.at(MANIFEST, 1, sentence)
    if not form:
        for error in specification_errors(skill.contents[MANIFEST], skill.folder):
            yield _SPECIFICATION.at(MANIFEST, 1, error.removesuffix("."))
    lines, tokens = len(skill.body.splitlines()), estimate_tokens(skill.body)
    if lines > _MAX_LINES or tokens > _MAX_TOKENS:
        yield _SIZE.at(
            MANIFEST,
            1,
            f"the body has {lines} lines and about {tokens} tokens; the advice is at most"
            f" {_MAX_LINES} and {_MAX_TOKENS}, with the rest in references/",
        )
