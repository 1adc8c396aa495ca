"""The parts of a Skill that can be taken out: sections of SKILL.md, and references."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from .markdown import read_markdown
from .skill import INLINE_BUDGET, Skill, SkillError, make_skill
from .source import MANIFEST
from .tokens import estimate_tokens

Mode = Literal["without", "only"]


@dataclass(frozen=True)
class Part:
    """One part of a Skill.

    Attributes:
        name: the path of a reference, or the heading of a section as a slug; `introduction` is
            what stands before the first section.
        tokens: an estimate of its tokens.
        start: for a section, the character of the body that it starts at; else 0.
        end: for a section, the character behind it; else 0.
    """

    name: str
    tokens: int
    start: int = 0
    end: int = 0

    @property
    def is_reference(self) -> bool:
        """Whether it is a file, and not a section."""
        return self.end == 0


def parts_of(skill: Skill, budget: int = INLINE_BUDGET) -> tuple[Part, ...]:
    """Return the parts of a Skill that a model is shown inline, in the order of delivery.

    Sections begin at the headings of the highest level that occurs at least twice; with none, the
    body is one section. References beyond the budget are not shown and are no parts.
    """
    files = [
        Part(path, estimate_tokens(skill.references[path]))
        for path in skill.inline_references(budget)
    ]
    return (*_sections(skill.body), *files)


def ablate(skill: Skill, mode: Mode, name: str, budget: int = INLINE_BUDGET) -> Skill:
    """Return the Skill without one of its parts, or with only that part.

    Args:
        skill: the whole Skill.
        mode: `without` or `only`.
        name: the name of one of `parts_of(skill, budget)`.
        budget: the budget of inline delivery.

    Raises:
        SkillError: the Skill has no such part.
    """
    parts = {part.name: part for part in parts_of(skill, budget)}
    if name not in parts:
        raise SkillError(f"{skill.variant} has no part '{name}'; it has {', '.join(parts)}.")
    part = parts[name]
    header = skill.texts[MANIFEST].removesuffix(skill.body)
    if mode == "without":
        body = skill.body[: part.start] + skill.body[part.end :]
        contents = {path: data for path, data in skill.contents.items() if path != name}
    else:
        body = skill.body[part.start : part.end]
        contents = {
            path: data
            for path, data in skill.contents.items()
            if path == name or not path.startswith("references/")
        }
    contents = {**contents, MANIFEST: (header + body).encode()}
    return make_skill(contents, skill.folder, f"{skill.source} {mode} {name}")


def _sections(body: str) -> list[Part]:
    headings = read_markdown(body).headings
    counts = Counter(heading.level for heading in headings)
    level = min((level for level, count in counts.items() if count > 1), default=None)
    starts = [0]
    for line in body.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    cuts = [h for h in headings if level is not None and h.level <= level]
    first = next((i for i, h in enumerate(cuts) if h.level == level), len(cuts))
    names = ["introduction", *(_slug(h.text) for h in cuts[first:])]
    edges = [0, *(starts[h.line - 1] for h in cuts[first:]), len(body)]
    spans = zip(_distinct(names), edges, edges[1:], strict=False)
    return [
        Part(name, estimate_tokens(body[start:end]), start, end)
        for name, start, end in spans
        if any(not line.startswith("#") for line in body[start:end].split("\n") if line.strip())
    ]


def _slug(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-") or "section"


def _distinct(names: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    distinct: list[str] = []
    for name in names:
        seen[name] += 1
        distinct.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return distinct
