"""Text of candidates, with nothing hidden in it."""

import json
import re
from typing import Any

_HIDDEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_DIRECTION = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def visible(text: str) -> str:
    """Text with nothing hidden in it.

    Control characters and lone surrogates become U+FFFD; characters that change the direction
    of writing, by which source can look like other source, are spelt out.
    """
    return _HIDDEN.sub(_spelt, text)


def _spelt(match: re.Match[str]) -> str:
    hidden = match[0]
    return f"⟦U+{ord(hidden):04X}⟧" if hidden in _DIRECTION else "\N{REPLACEMENT CHARACTER}"


def visible_json(value: Any) -> str:
    """A value as JSON, every text in it `visible`."""
    text = _dumps(value)
    # Hardly any text hides anything, and to look for it is fast; JSON spells control characters.
    if "\\u00" in text or _HIDDEN.search(text):
        return _dumps(_all_visible(value))
    return text


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _all_visible(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {name: _all_visible(each) for name, each in value.items()}
    return [_all_visible(each) for each in value] if isinstance(value, list) else value
