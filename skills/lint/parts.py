"""SK5xx: what a kernel Skill that ships files should have among them.

A Skill of one file is a page of rules, and is asked for none of these.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from ..markdown import read_markdown
from ..skill import Skill
from ..source import MANIFEST
from .code import blocks_of
from .facts import gpus_named
from .rule import Finding, Rule

_KERNEL: Final = Rule("SK501", "no reference kernel", "warning")
_BENCHMARK: Final = Rule("SK502", "no benchmark script", "warning")
_TEST: Final = Rule("SK503", "no correctness test", "warning")
_NOTES: Final = Rule("SK504", "target without hardware notes", "warning")
_BUILD_TOML: Final = Rule("SK505", "no build.toml", "warning")
RULES: Final = (_KERNEL, _BENCHMARK, _TEST, _NOTES, _BUILD_TOML)

_KERNEL_CODE: Final = re.compile(
    r'__global__\s|@triton\.jit|^\s*#pragma omp|extern "C"|_mm\d*_\w+\(|\btl\.load\(', re.MULTILINE
)
_COMPARISON: Final = re.compile(r"allclose|assert_close|max_error|abs\(\)\.max\(\)|relative_error")
_PROGRAMS: Final = frozenset({".py", ".sh", ".cu", ".cpp"})


def check(skill: Skill) -> Iterator[Finding]:
    """Look for kernels, a benchmark, a test, hardware notes and a build.toml."""
    if skill.contents.keys() <= {MANIFEST, "skill_meta.json", "manifest.txt"}:
        return
    programs = {p: t for p, t in skill.texts.items() if PurePosixPath(p).suffix in _PROGRAMS}
    code = [block.text for _, block in blocks_of(skill)] + list(skill.texts.values())
    if not any(_KERNEL_CODE.search(text) for text in code):
        yield _KERNEL.at(MANIFEST, 1, "no block and no file holds a kernel; show one that works")
    if not any("bench" in PurePosixPath(path).stem for path in programs):
        yield _BENCHMARK.at(MANIFEST, 1, "no script measures a kernel; ship scripts/benchmark.py")
    if not any(_COMPARISON.search(text) for text in programs.values()):
        yield _TEST.at(
            MANIFEST, 1, "no script compares a kernel with a reference; ship scripts/check.py"
        )
    for target in gpus_named(skill.description):
        if not _has_notes(skill, target):
            yield _NOTES.at(
                MANIFEST,
                1,
                f"the description promises {target}, and no heading, table or file is about it",
            )
    toml = [block.text for _, block in blocks_of(skill) if block.label == "toml"]
    has_file = any(PurePosixPath(path).name == "build.toml" for path in skill.contents)
    if not has_file and not any("[general]" in text for text in toml):
        yield _BUILD_TOML.at(
            MANIFEST, 1, "nothing shows a build.toml, without which a kernel cannot be published"
        )


def _has_notes(skill: Skill, target: str) -> bool:
    if any(target in PurePosixPath(path).stem.upper() for path in skill.contents):
        return True
    documents = (read_markdown(t) for p, t in skill.texts.items() if p.endswith(".md"))
    return any(
        target in gpus_named(text)
        for document in documents
        for text in (
            *(heading.text for heading in document.headings),
            *(cell for table in document.tables for cell in table.head),
            *(row[0] for table in document.tables for row in table.rows),
        )
    )
