"""The sham: inert text, as long as a Skill and of its shape, that says nothing about kernels."""

import random
import re
from collections.abc import Iterator
from typing import Final

from .markdown import read_markdown
from .skill import INLINE_BUDGET, Skill
from .tokens import weigh_tokens

# fmt: off
# Words that common vocabularies hold whole, so that any model counts them much alike.
_NOUNS: Final = (
    "house", "river", "garden", "table", "window", "bridge", "market", "street", "village",
    "castle", "school", "church", "kitchen", "forest", "island", "mountain", "valley", "harbor",
    "station", "train", "horse", "teacher", "farmer", "painter",
)
_ADJECTIVES: Final = (
    "quiet", "grey", "narrow", "early", "wooden", "gentle", "plain", "tall", "old", "pale",
    "distant", "round", "northern", "bright", "young", "green", "large", "small", "famous",
    "modern",
)
_VERBS: Final = (
    "faces", "keeps", "follows", "carries", "crosses", "passes", "meets", "likes", "needs",
    "visits",
)
# fmt: on
_CODE_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
_FENCE: Final = re.compile(r"^[ \t]*(`{3,}|~{3,})")
_LEAD: Final = re.compile(r"^[ \t]*(#{1,6} |[-*+] |\d+[.)] |> )?")


def sham_message(skill: Skill, budget: int = INLINE_BUDGET) -> str:
    """Return inert text to stand where a Skill's system message stands.

    It follows the message line by line: as many headings of the same levels, list items and fenced
    blocks, and within one token as many estimated tokens in all. The words are drawn by the
    Skill's fingerprint, so that they are the same every time.
    """
    words = _prose(random.Random(f"sham {skill.fingerprint}"))  # noqa: S311
    lines: list[str] = []
    wanted = given = 0.0
    fenced = False
    for line in skill.system_message(budget).splitlines():
        wanted += weigh_tokens(f"{line}\n")
        fence = _FENCE.match(line)
        if fence is not None:
            fenced = not fenced
            label = "text" if fenced and line.strip().strip("`~") else ""
            written = f"{fence.group(1)}{label}"
        else:
            lead = _LEAD.match(line)
            written = lead.group(0) if lead is not None and not fenced else ""
            if line.strip():
                written = _fill(written, wanted - given, words)
        lines.append(written)
        given += weigh_tokens(f"{written}\n")
    return "\n".join(lines)


def shared_code(skill: Skill, text: str, length: int = 5) -> set[tuple[str, ...]]:
    """Return the runs of code tokens that a text has in common with the code of a Skill.

    Args:
        skill: the Skill, whose code is its fenced blocks and every file that is not Markdown.
        text: the text.
        length: the tokens of a run.
    """
    code = [
        block.text
        for path, known in skill.texts.items()
        for block in (read_markdown(known).blocks if path.endswith(".md") else ())
    ]
    code += [known for path, known in skill.texts.items() if not path.endswith(".md")]
    return {run for known in code for run in _runs(known, length)} & _runs(text, length)


def _runs(text: str, length: int) -> set[tuple[str, ...]]:
    tokens = _CODE_TOKEN.findall(text)
    runs = (tuple(tokens[i : i + length]) for i in range(len(tokens) - length + 1))
    # A run of marks alone, such as a row of dashes, says nothing.
    return {run for run in runs if any(token[0].isalnum() for token in run)}


def _fill(lead: str, tokens: float, words: Iterator[str]) -> str:
    written = lead
    while weigh_tokens(f"{written}\n") < tokens:
        written += ("" if written == lead else " ") + next(words)
    return written


def _prose(draw: random.Random) -> Iterator[str]:
    """Yield the words of plain sentences without end."""
    while True:
        first, second = draw.sample(_NOUNS, 2)
        adjectives = draw.sample(_ADJECTIVES, 2)
        verb = draw.choice(_VERBS)
        yield from ["The", adjectives[0], first, verb, "the", adjectives[1], f"{second}."]
