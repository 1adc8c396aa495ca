"""How many tokens a text is, told without any model's vocabulary."""

import math
import re
from typing import Final

_PIECES: Final = re.compile(
    r"(?P<word>[^\W\d_]+)|(?P<digits>\d{1,3})|(?P<space>\n\s*|(?<=\S)[ \t]{2,})"
    r"|(?P<marks>[^\w\s]+|_+)"
)
_SHORT_WORD: Final = 5
_USUAL_WORD: Final = 9


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of prose or code, rounded up.

    A weighted count of words, digits, marks and breaks, whose weights were fitted by least squares
    to the byte-pair encoding cl100k_base over 60 files of kernel Skills (Markdown, Python, YAML):
    each file came out between 0.91 and 1.09 of its tokens, with a standard deviation of 3 %, where
    characters over 4 gave 0.74 to 1.18.
    """
    return math.ceil(round(weigh_tokens(text), 6))


def weigh_tokens(text: str) -> float:
    """Return the estimate before it is rounded up, for sums over the lines of a text."""
    return sum(_weight(found) for found in _PIECES.finditer(text))


def _weight(found: re.Match[str]) -> float:
    match found.lastgroup:
        case "word":
            length = len(found.group())
            return 1.0 if length <= _SHORT_WORD else 1.1 if length <= _USUAL_WORD else 2.9
        case "digits":
            return 1.75
        case "marks":
            return 0.8
        case _:
            return 0.45
