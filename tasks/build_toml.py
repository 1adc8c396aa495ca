"""Reading build.toml, the build file of a kernel repository, and saying what is wrong with one.

Each problem is one sentence that names the line, the key and what to write: `write` replaces the
line, `add` puts a line below it, `remove` takes it out.
"""

import difflib
import importlib
import re
import tempfile
import tomllib
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .build_toml_schema import EDITION, KEYS_OF_EDITION_5, BuildToml
from .errors import UsageError
from .toml_lines import key_line, table_line

_FRAMEWORKS: Final = ("torch", "torch-noarch", "tvm-ffi")
_MISSING: Final = {
    "name": 'name = "my-kernel"',
    "version": "version = 1",
    "license": 'license = "Apache-2.0"',
    "backends": 'backends = ["cuda"]',
    "backend": 'backend = "cuda"',
    "depends": 'depends = ["torch"]',
    "src": 'src = ["my_kernel.cu"]',
    "repo-id": 'repo-id = "owner/name"',
}
_SINCE_LEGACY: Final = {"general.version", "general.license"}


class BuildTomlError(UsageError):
    """A build.toml that the builder refuses."""


def read_build_toml(text: str) -> BuildToml:
    """Read a build.toml; one without an edition is upgraded, as the builder does.

    Raises:
        BuildTomlError: the builder would refuse it; the sentence names the first problem.
    """
    if problems := build_toml_problems(text):
        more = f" ({len(problems) - 1} more after this one)" if len(problems) > 1 else ""
        raise BuildTomlError(f"build.toml: {problems[0]}{more}.")
    read = BuildToml.model_validate(tomllib.loads(text))
    general = read.general.model_copy(update={"edition": EDITION})
    return read.model_copy(update={"general": general})


def build_toml_problems(text: str) -> list[str]:
    """Return one sentence for each reason why the builder would refuse a build.toml.

    Where the installed kernels-data has the builder's own parser, that has the last word.

    Returns:
        The sentences, without their full stops; none where it is accepted.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return [f"this is not valid TOML: {error}"]
    details: list[ErrorDetails] = []
    try:
        BuildToml.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)
    given = [name for name in _FRAMEWORKS if name in data]
    if legacy := _legacy(data, details, given):
        return [legacy]
    problems = [_sentence(text, each) for each in details]
    problems += _framework_problems(text, given) + _edition_problems(text, data)
    return problems or _official_problems(text)


def _official_problems(text: str) -> list[str]:
    """What the builder's own parser says, where kernels-data has it (it is not in 0.16.2)."""
    try:
        builder = getattr(importlib.import_module("kernels_data"), "Build", None)
    except ImportError:
        builder = None
    if builder is None:
        return []
    with tempfile.TemporaryDirectory(prefix="skilldyno-manifest-") as folder:
        (Path(folder) / "build.toml").write_text(text, encoding="utf-8")
        try:
            builder.open(folder)
        except ValueError as error:
            words = str(error).replace(folder, "the repository")
            return [f"kernel-builder refuses it: {' '.join(words.split())}"]
    return []


def _legacy(data: dict[str, Any], details: list[ErrorDetails], given: list[str]) -> str | None:
    """Tell a file of version 3: nothing is wrong but what it did not have yet."""
    general = data.get("general")
    if not isinstance(general, dict) or "edition" in general:
        return None
    lacking = [".".join(str(part) for part in each["loc"]) for each in details]
    older = all(each["type"] == "missing" for each in details) and set(lacking) <= _SINCE_LEGACY
    if not older or (len(given) == 1 and not lacking):
        return None
    added = [f"`{_MISSING[key.partition('.')[2]]}`" for key in lacking]
    added += [] if given else ["a section `[torch-noarch]`"]
    return (
        "this is the format before edition 4, which kernel-builder no longer builds: migrate it by"
        f" `kernel-builder update-build`, or add {', '.join(['`edition = 5`', *added])}, the keys"
        " under [general]"
    )


def _framework_problems(text: str, given: list[str]) -> list[str]:
    if len(given) == 1:
        return []
    rule = "exactly one of the sections [torch], [torch-noarch] and [tvm-ffi] must be"
    if not given:
        last = text.rstrip("\n").count("\n") + 1
        return [f"line {last}: {rule}: there is none; add `[torch-noarch]`"]
    line = table_line(text, given[1])
    return [f"line {line}: {rule}: there are {', '.join(given)}; remove this one with its keys"]


def _edition_problems(text: str, data: dict[str, Any]) -> list[str]:
    """Keys that a file without an edition must not have: they came with edition 5."""
    general = data.get("general")
    if not isinstance(general, dict) or "edition" in general:
        return []
    used = [key for key in KEYS_OF_EDITION_5 if _has(data, key)]
    stable = data.get("torch", {})
    if isinstance(stable, dict) and isinstance(stable.get("stable-abi"), dict):
        used.append("torch.stable-abi")
    line = table_line(text, "general")
    return [
        f"line {line}: the key '{key}' came with edition 5, and there is no edition; add"
        " `edition = 5`"
        for key in used[:1]
    ]


def _has(data: dict[str, Any], key: str) -> bool:
    found: Any = data
    for part in key.split("."):
        if not isinstance(found, dict) or part not in found:
            return False
        found = found[part]
    return True


def _sentence(text: str, details: ErrorDetails) -> str:
    where = ".".join(str(part) for part in details["loc"])
    # The kind of kernel, which stands in the location, is no key of the file.
    where = re.sub(r"^(kernel\.[^.]+)\.(cpu|metal|cuda|rocm|xpu)(?=\.)", r"\1", where)
    match details["type"]:
        case "missing":
            return _missing(text, where)
        case "extra_forbidden":
            return _unknown(text, where)
        case "union_tag_not_found":
            return _missing(text, f"{where}.backend")
        case "union_tag_invalid":
            tag, known = (details.get("ctx", {}).get(k) for k in ("tag", "expected_tags"))
            line = key_line(text, f"{where}.backend")
            return (
                f"line {line}: the key '{where}.backend' is '{tag}': it should be one of {known}"
                + _instead(text, line, str(tag), "cuda")
            )
        case _:
            return _wrong(text, where, details)


def _missing(text: str, where: str) -> str:
    table, _, key = where.rpartition(".")
    if not table:
        first = f"line 1: the key '{where}' is missing"
        return f"{first}; add `[{where}]` and its keys"
    example = _MISSING.get(key, f'{key} = "…"')
    return f"line {table_line(text, table)}: the key '{where}' is missing; add `{example}`"


def _unknown(text: str, where: str) -> str:
    table, _, key = where.rpartition(".")
    line = key_line(text, where)
    said = f"line {line}: the key '{where}' is unknown"
    dashed = key.replace("_", "-") if table != "torch-noarch" else key.replace("-", "_")
    close = dashed if dashed != key else next(iter(difflib.get_close_matches(key, _KEYS, 1)), None)
    if close is None:
        return f"{said}; remove it"
    return said + _instead(text, line, key, close)


def _wrong(text: str, where: str, details: ErrorDetails) -> str:
    message = re.sub("^(Value error, |Input |String )", "", details["msg"])
    message = f"it {message}" if message.startswith("should") else message
    value = details["input"]
    shown = "" if isinstance(value, dict | list) else f" {value!r}"
    line = key_line(text, where, str(value))
    said = f"line {line}: the key '{where}' is{shown or ' wrong'}: {message}"
    mended = None
    if where == "general.name" and isinstance(value, str):
        mended = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")
    elif where == "general.edition":
        mended = str(EDITION)
    elif where.startswith("general.backends") and isinstance(value, str):
        mended = "cuda"
    elif details["type"] == "int_type" and str(value).isdigit():
        return said + _instead(text, line, f"['\"]{value}['\"]", str(value), pattern=True)
    return said + (_instead(text, line, str(value), mended) if mended else "")


def _instead(text: str, line: int, old: str, new: str, *, pattern: bool = False) -> str:
    there = text.split("\n")[line - 1]
    mended = re.sub(old if pattern else re.escape(old), new, there, count=1).strip()
    return f"; write `{mended}`"


_KEYS: Final = (
    *("name", "version", "license", "backends", "edition", "upstream", "source", "hub"),
    *("kernel-depends", "python-depends", "minver", "maxver", "src", "include", "pyext"),
    *("stable-abi", "cxx-flags", "depends", "cuda-capabilities", "cuda-flags", "cuda-minver"),
    *("rocm-archs", "hip-flags", "sycl-flags", "repo-id", "branch", "backend"),
)
