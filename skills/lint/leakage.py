"""SK6xx: what would tell a model the answers of the suite that measures the Skill."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from ...tasks.catalogue import load_operations
from ...tasks.operation import Operation
from ...tasks.suite import load_suite, suite_names
from ..skill import Skill
from .rule import Finding, Rule

_REFERENCE: Final = Rule("SK601", "code of an operation of the suite", "error")
_WORKLOAD: Final = Rule("SK602", "hidden workload of the suite", "error")
_HOLDOUT: Final = Rule("SK603", "operation that is held out", "error")
RULES: Final = (_REFERENCE, _WORKLOAD, _HOLDOUT)

OVERLAP: Final = 0.5
"""The share of the runs of 6 tokens of a reference that a file may not hold."""

_RUN: Final = 6
_TOKEN: Final = re.compile(r"[A-Za-z_]\w*|\d+\.?\d*(?:e-?\d+)?|[^\w\s]")
_HOLDOUT_SUITE: Final = "holdout"


def check(skill: Skill) -> Iterator[Finding]:
    """Look for the suite's reference code, hidden workloads and held out operations."""
    held_out = [
        name
        for suite in suite_names()
        if suite.startswith(_HOLDOUT_SUITE)
        for name in load_suite(suite).operations
    ]
    references = [(o, _runs(o.shown_reference)) for o in load_operations()]
    for path, text in skill.texts.items():
        runs = _runs(text)
        for operation, wanted in references:
            share = len(wanted & runs) / len(wanted)
            if share > OVERLAP:
                yield _REFERENCE.at(
                    path,
                    _first_line(text, operation),
                    f"{share:.0%} of the reference code of {operation.name} is in it",
                )
            yield from _hidden(path, text, operation)
        for name in held_out:
            if (found := re.search(rf"\b{name}\b", text)) is not None:
                line = text.count("\n", 0, found.start()) + 1
                yield _HOLDOUT.at(path, line, f"it names {name}, which is held out of all Skills")


def _hidden(path: str, text: str, operation: Operation) -> Iterator[Finding]:
    tables = operation.workloads.values()
    visible = [dims for table in tables for dims in table.visible]
    hidden = [dims for t in tables for dims in (*t.hidden_timed, *t.hidden) if dims not in visible]
    for dims in hidden:
        pattern = _named(dims)
        if _distinctive(dims):
            pattern += f"|{_bare(dims)}"
        if (found := re.search(pattern, text)) is not None:
            line = text.count("\n", 0, found.start()) + 1
            shown = ", ".join(f"{name}={size}" for name, size in dims.items())
            yield _WORKLOAD.at(
                path, line, f"it names {shown}, a workload of {operation.name} that is hidden"
            )


def _named(dims: Mapping[str, int]) -> str:
    return r"\W{1,3}".join(rf"\b{name}\s*=\s*{size}\b" for name, size in dims.items())


def _bare(dims: Mapping[str, int]) -> str:
    return r"(?<![\d.])" + r"\s*[x×,*]\s*".join(map(str, dims.values())) + r"(?![\d.])"


def _distinctive(dims: Mapping[str, int]) -> bool:
    """Whether nobody would come upon these sizes by chance: two large ones, one of them odd."""
    large = [size for size in dims.values() if size > 30]
    return len(large) > 1 and any(size % 2 for size in large)


def _runs(text: str) -> set[tuple[str, ...]]:
    tokens = _TOKEN.findall(text)
    return {tuple(tokens[i : i + _RUN]) for i in range(len(tokens) - _RUN + 1)}


def _first_line(text: str, operation: Operation) -> int:
    lines = operation.shown_reference.splitlines()[1:]
    wanted = next((line.strip() for line in lines if line.strip() in text), "")
    return text.count("\n", 0, text.find(wanted)) + 1 if wanted else 1
