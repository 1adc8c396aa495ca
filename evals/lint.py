"""`skilldyno lint`: what is wrong with a Skill, without a model and without a GPU."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..skills.lint import Finding, LintReport, lint_skill
from ..skills.skill import load_skill

DOCUMENTATION = "docs/lint.md"


def lint_command(sources: list[str], form: str) -> int:
    """Check Skills and print what was found.

    Args:
        sources: where the Skills are read from.
        form: `text`, lines for a terminal; `github`, annotations for GitHub Actions; or `json`, one
            object.

    Returns:
        The number of findings that are errors.

    Raises:
        SkillError: there is no Skill.
    """
    reports = [lint_skill(load_skill(source)) for source in sources]
    if form == "json":
        click.echo(json.dumps({"skills": [report.to_json() for report in reports]}))
    for report in reports if form != "json" else ():
        for finding in report.findings:
            click.echo(_annotation(report, finding) if form == "github" else _line(finding))
        click.echo(_summary(report), err=form == "github")
    return sum(report.errors for report in reports)


def _line(finding: Finding) -> str:
    rule = finding.rule
    return (
        f"{finding.path}:{finding.line}: {rule.level} {rule.code} {rule.name}: {finding.message}."
    )


def _annotation(report: LintReport, finding: Finding) -> str:
    # Escapes of workflow commands: https://docs.github.com/actions/reference/workflow-commands
    message = finding.message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    file = (Path(report.skill.source) / finding.path).as_posix()
    for character, escape in (("%", "%25"), (":", "%3A"), (",", "%2C")):
        file = file.replace(character, escape)
    title = f"{finding.rule.code} {finding.rule.name}".replace(",", "%2C")
    return f"::{finding.rule.level} file={file},line={finding.line},title={title}::{message}"


def _summary(report: LintReport) -> str:
    warnings = len(report.findings) - report.errors
    counts = [_count(report.errors, "error"), _count(warnings, "warning")]
    found = ", ".join(counts) if report.findings else "no finding"
    blocks = sum(report.unbuilt.values())
    reasons = "; ".join(f"{count} {reason}" for reason, count in report.unbuilt.items())
    unbuilt = f" ({_count(blocks, 'code block')} not built: {reasons})" if blocks else ""
    rules = f"; the rules are in {DOCUMENTATION}" if report.findings else ""
    return f"{report.skill.variant}: {found}{unbuilt}{rules}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
