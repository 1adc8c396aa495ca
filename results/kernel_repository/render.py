"""Templates of the files in a kernel repository."""

from pathlib import Path
from typing import Any

import jinja2

from .signature import cpp_text, python_tuple

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    # What is written is source text and Markdown, no HTML.
    autoescape=False,  # noqa: S701
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_ENVIRONMENT.filters |= {"cpp": cpp_text, "tuple": python_tuple}


def render(template: str, values: dict[str, Any]) -> str:
    """Fill in one of the templates; the filters `cpp` and `tuple` write expressions over dims."""
    return _ENVIRONMENT.get_template(f"{template}.j2").render(values)
