"""All checks of one Skill."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from ..skill import Skill
from . import code, facts, leakage, links, parts, specification, speedups
from .rule import Finding, Rule

_MODULES: Final = (specification, links, code, facts, speedups, parts, leakage)

RULES: Final[tuple[Rule, ...]] = tuple(rule for module in _MODULES for rule in module.RULES)
"""Every rule, in the order of their codes."""


@dataclass(frozen=True)
class LintReport:
    """Result of `lint_skill`.

    Attributes:
        skill: the Skill.
        findings: what was found, by path, line and code.
        unbuilt: why C++ and CUDA blocks could not be built, with the number of blocks of each
            reason.
    """

    skill: Skill
    findings: tuple[Finding, ...]
    unbuilt: dict[str, int]

    @property
    def errors(self) -> int:
        """The number of findings that are errors."""
        return sum(finding.rule.level == "error" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The report as a dictionary that `json.dumps` takes."""
        return {
            "skill": self.skill.name,
            "source": self.skill.source,
            "fingerprint": self.skill.fingerprint,
            "errors": self.errors,
            "warnings": len(self.findings) - self.errors,
            "unbuilt": self.unbuilt,
            "findings": [
                {
                    "code": finding.rule.code,
                    "rule": finding.rule.name,
                    "level": finding.rule.level,
                    "path": finding.path,
                    "line": finding.line,
                    "message": finding.message,
                }
                for finding in self.findings
            ],
        }


def lint_skill(skill: Skill) -> LintReport:
    """Check one Skill by all rules.

    Compilers are used where they are: g++ for C++ blocks, nvcc for CUDA blocks.
    """
    built = code.build_blocks(skill)
    findings: Iterable[Finding] = [
        *(finding for module in _MODULES for finding in module.check(skill)),
        *built.findings,
    ]
    ordered = sorted(set(findings), key=lambda f: (f.path, f.line, f.rule.code, f.message))
    return LintReport(skill, tuple(ordered), built.unbuilt)
