"""`skilldyno skills`: the Skills at hand, and what was last measured of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from tabulate import tabulate

from ..results.latest import latest_effect
from ..skills.skill import SHIPPED_SKILLS, Skill, SkillError, load_skill

_PLACES = (Path("skills"), Path(".claude/skills"), Path(".agents/skills"))


@dataclass(frozen=True)
class ListedSkill:
    """One line of the list."""

    variant: str
    fingerprint: str
    source: str
    files: int
    tokens: int
    tokens_of_all_files: int
    forgiven: list[str]
    effect: str | None


def list_skills_command(places: list[Path], logs: Path, *, as_json: bool) -> None:
    """Print the Skills in some folders.

    Args:
        places: folders that hold Skills, or are one; by default the usual ones under the current
            folder, and the Skills that are shipped.
        logs: the folder whose logs are searched for effects.
        as_json: print one JSON object instead of a table.

    Raises:
        SkillError: a folder that was named holds no Skill.
    """
    skills: list[Skill] = []
    for place in places or [*_PLACES, SHIPPED_SKILLS]:
        found = [manifest.parent for manifest in sorted(place.glob("**/SKILL.md"))]
        if not found and places:
            raise SkillError(f"{place}: there is no SKILL.md in it or below; name another folder.")
        skills += [load_skill(folder) for folder in found]
    # The shipped ones may be those under the current folder.
    distinct = {Path(skill.source).resolve(): skill for skill in skills}
    listed = [_listed(skill, logs) for skill in distinct.values()]
    if as_json:
        click.echo(json.dumps({"skills": [asdict(each) for each in listed]}))
        return
    rows = [
        [
            each.variant,
            each.files,
            each.tokens,
            each.tokens_of_all_files,
            each.effect or "–",
            each.source,
        ]
        for each in listed
    ]
    headers = ["Skill", "files", "tokens inline", "tokens in all", "last effect", "folder"]
    align = ("left", "right", "right", "right", "left", "left")
    click.echo(tabulate(rows, headers, disable_numparse=True, colalign=align))


def _listed(skill: Skill, logs: Path) -> ListedSkill:
    return ListedSkill(
        variant=skill.variant,
        fingerprint=skill.fingerprint,
        source=skill.source,
        files=len(skill.files),
        tokens=skill.tokens,
        tokens_of_all_files=sum(skill.file_tokens.values()),
        forgiven=list(skill.forgiven),
        effect=latest_effect(logs, skill.fingerprint),
    )
