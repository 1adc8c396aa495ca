"""SK402: numbers claimed as speedups without what makes them mean something."""

import itertools
import re
from collections.abc import Iterator
from typing import Final

from ..markdown import Document, read_markdown
from ..skill import Skill
from .rule import Finding, Rule

_CLAIM: Final = Rule("SK402", "speedup without hardware, baseline or shape", "warning")
RULES: Final = (_CLAIM,)

_NUMBER: Final = re.compile(
    r"\d+(\.\d+)?\s*[x×]\**\s+(\w+\s+){0,2}(speed-?up|faster)"
    r"|\d+(\.\d+)?\s*%\s+(\w+\s+){0,2}(speed-?up|faster)"
    r"|speed-?up\w*\s+(\w+\s+){0,2}\d+(\.\d+)?\s*([x×]|%)",
    re.IGNORECASE,
)
_BESIDE: Final = {
    "hardware": re.compile(
        r"\b([TLVABH]\d{1,3}S?|GH200|RTX ?\d+|MI\d{3}X?|R9700|Xeon|EPYC|Ryzen|Arc|sm_\d+)\b"
    ),
    "baseline": re.compile(
        r"baseline|eager|compile\b|cublas|cudnn|reference|naive|\bF\.\w|pytorch|\bover\b|\bthan\b"
        r"|\bvs\b|versus",
        re.IGNORECASE,
    ),
    "shape": re.compile(
        r"\d+\s*[x×,]\s*\d{2,}|\b[A-Z]\w?\s*=\s*\d+|hidden(_| )size|\bshape|\bframes\b|\brows\b"
        r"|\bseq",
        re.IGNORECASE,
    ),
}


def check(skill: Skill) -> Iterator[Finding]:
    """Look, for each claim, for its hardware, baseline and shape in the same section."""
    for path, text in skill.texts.items():
        if not path.endswith(".md"):
            continue
        document = read_markdown(text)
        lines = document.text.splitlines()
        for start, end in _sections(document, len(lines)):
            claimed = next((n for n in range(start, end) if _NUMBER.search(lines[n])), None)
            if claimed is None:
                continue
            section = "\n".join(lines[start:end])
            missing = [name for name, sign in _BESIDE.items() if not sign.search(section)]
            if missing:
                found = _NUMBER.search(lines[claimed])
                claim = found.group().replace("*", "") if found else ""
                yield _CLAIM.at(
                    path,
                    claimed + 1,
                    f"it claims '{claim}' without its {' and '.join(missing)} in the same section",
                )


def _sections(document: Document, lines: int) -> list[tuple[int, int]]:
    edges = [0, *(heading.line - 1 for heading in document.headings), lines]
    return list(itertools.pairwise(edges))
