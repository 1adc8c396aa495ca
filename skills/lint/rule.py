"""Rules, and what they find."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        code: such as SK201; docs/lint.md has a section for each.
        name: a few words.
        level: an error makes `skilldyno lint` exit 1, a warning does not.
    """

    code: str
    name: str
    level: Level

    def at(self, path: str, line: int, message: str) -> "Finding":
        """Return a finding of this rule."""
        return Finding(self, path, line, message)


@dataclass(frozen=True)
class Finding:
    """What one rule found.

    Attributes:
        rule: the rule.
        path: the file, relative to the Skill.
        line: the line, from 1.
        message: one sentence without its full stop: what is there, and what should be.
    """

    rule: Rule
    path: str
    line: int
    message: str
