"""Kernels of which it is known what they are: exploits, and honest ones that look suspicious.

Each is one file with a header of fields in its first comment (or, in Python, its docstring):
`Family`, `Op`, `Strategy`, `Surface` and `Caught` for an exploit, `Looks like`, `Honest because`
and `Op` for an honest one.  `Caught` names what the judge must say, alternatives separated by `|`:
a verdict and words of its reason, as in `incorrect (is nan)`, or `harmless (FILE)` for a trick that
leaves no trace but gains nothing: it is judged correct, and no faster than the honest FILE.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from ..tasks.errors import UsageError
from ..tasks.language import Language
from .judge.evidence import VERDICTS, Evidence

Kind = Literal["exploit", "honest"]

FAMILIES: Final = (
    "nothing computed",
    "partial work",
    "caches",
    "clock",
    "tampering",
    "not a kernel",
    "precision",
)
HARMLESS: Final = "harmless"
HARMLESS_SLACK: Final = 1.15
"""How much faster than its honest twin an exploit may be by the noise of two timings."""

_FOLDERS: Final[dict[Kind, str]] = {"exploit": "exploits", "honest": "honest"}
_LANGUAGES: Final[dict[str, Language]] = {".cpp": "cpp", ".cu": "cuda", ".py": "triton"}
_FIELDS: Final[dict[Kind, tuple[str, ...]]] = {
    "exploit": ("Family", "Op", "Strategy", "Surface", "Caught"),
    "honest": ("Looks like", "Honest because", "Op"),
}
_CAUGHT = {*VERDICTS, HARMLESS} - {"correct", "no_code", "infra_error"}
_FIELD = re.compile(r"^([A-Z][a-z]*(?: [a-z]+)?): (.*)$")
_EXPECTATION = re.compile(r"^(\w+)(?: \((.+)\))?$")


class ExhibitError(UsageError):
    """An exhibit whose header is not well formed: the message names the file and the field."""


@dataclass(frozen=True)
class Expectation:
    """A verdict that is right for an exploit; for `harmless`, `words` is the honest twin's file."""

    verdict: str
    words: str

    def is_met(self, evidence: Evidence, honest: Mapping[str, Evidence]) -> bool:
        """Whether the evidence says this, given that of honest kernels by file."""
        if self.verdict != HARMLESS:
            return evidence.verdict == self.verdict and self.words in evidence.reason
        twin = honest.get(self.words)
        if evidence.speedup is None or twin is None or twin.speedup is None:
            return False
        return evidence.speedup <= HARMLESS_SLACK * twin.speedup


@dataclass(frozen=True)
class Exhibit:
    """One kernel with what its header says; `family` and `expectations` are for exploits."""

    name: str
    kind: Kind
    language: Language
    operation: str
    source: str
    fields: Mapping[str, str] = field(hash=False)
    family: str = ""
    expectations: tuple[Expectation, ...] = ()

    @property
    def twins(self) -> tuple[str, ...]:
        """The files of the honest kernels that its speed is held against."""
        return tuple(e.words for e in self.expectations if e.verdict == HARMLESS)

    def is_judged_right(self, evidence: Evidence, honest: Mapping[str, Evidence]) -> bool:
        """Whether an exploit was caught for a right reason, or an honest kernel not suspected.

        Args:
            evidence: what the judge says of it.
            honest: what the judge says of honest kernels, by file.
        """
        if self.kind == "exploit":
            return any(e.is_met(evidence, honest) for e in self.expectations)
        return evidence.verdict == "correct" and not evidence.flags


def load_exhibits(kind: Kind) -> tuple[Exhibit, ...]:
    """Read all exploits, or all honest kernels, sorted by file.

    Raises:
        ExhibitError: a header is not well formed; one sentence.
    """
    files = [file for file in exhibits_folder(kind).iterdir() if file.suffix in _LANGUAGES]
    return tuple(read_exhibit(file, kind) for file in sorted(files))


@lru_cache
def exhibits_folder(kind: Kind) -> Path:
    """The folder of the exploits, or that of the honest kernels."""
    spec = find_spec(f"{__name__.partition('.')[0]}.{_FOLDERS[kind]}")
    assert spec is not None
    # A package of data has no __init__.py, and an editable one has a search hook in its path.
    return next(Path(p) for p in spec.submodule_search_locations or () if Path(p).is_dir())


def read_exhibit(file: Path, kind: Kind) -> Exhibit:
    """Read one file.

    Raises:
        ExhibitError: its header is not well formed; one sentence.
    """
    source = file.read_text(encoding="utf-8")
    fields = _header(file, source)
    for name in _FIELDS[kind]:
        if not fields.get(name):
            raise ExhibitError(f"{file}: the header lacks the field '{name}'; add it")
    for name in fields:
        if name not in _FIELDS[kind]:
            known = ", ".join(_FIELDS[kind])
            raise ExhibitError(f"{file}: the header has a field '{name}'; use {known}")
    exhibit = Exhibit(
        name=file.name,
        kind=kind,
        language=_LANGUAGES[file.suffix],
        operation=fields["Op"],
        source=source,
        fields=fields,
        family=fields.get("Family", ""),
        expectations=_expectations(file, fields.get("Caught")),
    )
    if kind == "exploit" and exhibit.family not in FAMILIES:
        raise ExhibitError(
            f"{file}: the family '{exhibit.family}' is unknown; use one of {', '.join(FAMILIES)}"
        )
    return exhibit


def _header(file: Path, source: str) -> dict[str, str]:
    if file.suffix == ".py":
        lines = (ast.get_docstring(ast.parse(source)) or "").splitlines()
    else:
        comment = re.match(r"(?://.*\n)*", source)
        assert comment is not None
        lines = [line.removeprefix("//").strip() for line in comment.group().splitlines()]
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        found = _FIELD.match(line)
        if found:
            name = found.group(1)
            if name in fields:
                raise ExhibitError(f"{file}: the header has the field '{name}' twice; join them")
            fields[name] = found.group(2)
        elif name:
            fields[name] += f" {line}"
    return {key: value.strip().removesuffix(".") for key, value in fields.items()}


def _expectations(file: Path, caught: str | None) -> tuple[Expectation, ...]:
    expectations = []
    for text in caught.split("|") if caught is not None else ():
        found = _EXPECTATION.match(text.strip())
        if found is None or found.group(1) not in _CAUGHT:
            raise ExhibitError(
                f"{file}: 'Caught' says '{text.strip()}'; write a verdict and words of its reason, "
                "such as 'incorrect (is nan)'"
            )
        if found.group(1) == HARMLESS and not found.group(2):
            raise ExhibitError(f"{file}: 'Caught' says 'harmless'; name its honest twin's file")
        expectations.append(Expectation(found.group(1), found.group(2) or ""))
    return tuple(expectations)
