"""Checks of a Skill that need no model and no GPU."""

from .lint import RULES, LintReport, lint_skill
from .rule import Finding, Rule

__all__ = ["RULES", "Finding", "LintReport", "Rule", "lint_skill"]
