"""Reading build.toml, the build file of a kernel repository, and saying what is wrong with one."""

import re
import tomllib
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .build_toml_schema import BuildToml
from .errors import UsageError

_FRAMEWORKS: Final = ("torch", "torch-noarch", "tvm-ffi")


class BuildTomlError(UsageError):
    """A build.toml that the builder refuses."""


def read_build_toml(text: str) -> BuildToml:
    """Read a build.toml.

    Raises:
        BuildTomlError: the builder would refuse it; the sentence names the first problem.
    """
    if problems := build_toml_problems(text):
        more = f" ({len(problems) - 1} more after this one)" if len(problems) > 1 else ""
        raise BuildTomlError(f"build.toml: {problems[0]}{more}.")
    return BuildToml.model_validate(tomllib.loads(text))


def build_toml_problems(text: str) -> list[str]:
    """Return one sentence for each reason why the builder would refuse a build.toml.

    Returns:
        The sentences, without their full stops; none where it is accepted.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return [f"this is not valid TOML: {error}"]
    problems: list[str] = []
    try:
        BuildToml.model_validate(data)
    except ValidationError as error:
        problems = [_sentence(details) for details in error.errors(include_url=False)]
    return problems + _framework_problems(data)


def _framework_problems(data: dict[str, Any]) -> list[str]:
    given = [name for name in _FRAMEWORKS if name in data]
    if len(given) == 1:
        return []
    named = f"there are {', '.join(given)}" if given else "there is none"
    return [f"exactly one of the sections [torch], [torch-noarch] and [tvm-ffi] must be: {named}"]


def _sentence(details: ErrorDetails) -> str:
    where = ".".join(str(part) for part in details["loc"])
    # The kind of kernel, which stands in the location, is no key of the file.
    where = re.sub(r"^(kernel\.[^.]+)\.(cpu|metal|cuda|rocm|xpu)(?=\.)", r"\1", where)
    match details["type"]:
        case "missing":
            return f"the key '{where}' is missing"
        case "extra_forbidden":
            return f"the key '{where}' is unknown"
        case "union_tag_not_found":
            return f"the key '{where}.backend' is missing"
        case "union_tag_invalid":
            tag, known = (details.get("ctx", {}).get(k) for k in ("tag", "expected_tags"))
            return f"the key '{where}.backend' is '{tag}': it should be one of {known}"
        case _:
            message = re.sub("^(Value error, |Input |String )", "", details["msg"])
            message = f"it {message}" if message.startswith("should") else message
            shown = "" if isinstance(details["input"], dict | list) else f" {details['input']!r}"
            return f"the key '{where}' is{shown or ' wrong'}: {message}"
