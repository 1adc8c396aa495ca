"""SK401: hardware facts that contradict what the maker publishes."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ...tasks.hardware import load_profiles
from ..markdown import Document, Table, read_markdown
from ..skill import Skill
from .rule import Finding, Rule

_FACT: Final = Rule("SK401", "hardware fact that contradicts the maker's figure", "error")
RULES: Final = (_FACT,)

_SLACK: Final = 0.03
_WORDS_AWAY: Final = 40
# What is asked for is no claim about the GPU that is named beside it.
_REQUIREMENT: Final = re.compile(r"\bor (newer|later|higher|more|above)\b|\bat least\b|\bneeds?\b")


@dataclass(frozen=True)
class _Quantity:
    """One kind of fact: how its label and its value are written, and its unit."""

    key: str
    name: str
    label: re.Pattern[str]
    value: re.Pattern[str]
    unit: str


def _quantity(key: str, name: str, label: str, value: str, unit: str) -> _Quantity:
    flags = re.IGNORECASE
    return _Quantity(key, name, re.compile(label, flags), re.compile(value, flags), unit)


_KIB: Final = r"(\d+(?:\.\d+)?)\s*(K)i?B"
_QUANTITIES: Final = (
    _quantity(
        "shared_memory_block",
        "shared memory of a block",
        r"(shared mem|smem).*(/|per |of a )(thread )?block",
        _KIB,
        "KB",
    ),
    _quantity(
        "shared_memory",
        "shared memory of a multiprocessor",
        r"(shared mem|smem).*(/|per |of an? )(SM\b|multiprocessor)",
        _KIB,
        "KB",
    ),
    _quantity(
        "bandwidth",
        "memory bandwidth",
        r"(?<!L2 )(?<!L1 )(?<!shared )\b((memory|hbm\w*|dram) (bandwidth|BW)|bandwidth)\b",
        r"(\d[\d,]*(?:\.\d+)?)\s*([TG])B/s",
        "GB/s",
    ),
    _quantity("multiprocessors", "number of multiprocessors", r"\bSMs\b", r"\b(\d{2,3})\b()", ""),
    _quantity("l2", "L2 cache", r"\bL2( cache)?( size)?\b", r"(\d+)\s*(M)i?B\b", "MB"),
    _quantity(
        "arch",
        "compute capability",
        r"compute capability|\barch(itecture)?\b|\bsm_",
        r"\bsm_(\d{2,3})()a?\b|compute capability[ :|*`]*(\d+\.\d)()|^\W*(\d\d?\.\d)()\W*$",
        "",
    ),
)


@lru_cache
def gpu_facts() -> dict[str, dict[str, Any]]:
    """Read the published figures, with those of the hardware profiles added."""
    text = (Path(__file__).parent / "gpus.toml").read_text(encoding="utf-8")
    facts = tomllib.loads(text)
    for profile in load_profiles():
        name = profile.machine.gpu.split()[-1] if profile.machine.gpu is not None else ""
        known = facts.get(name)
        if known is None:
            continue
        if profile.memory_bandwidth is not None:
            figures = {*known.get("bandwidth", ()), profile.memory_bandwidth / 1e9}
            known["bandwidth"] = sorted(figures)
        if profile.multiprocessors is not None:
            counts = {*known.get("multiprocessors", ()), profile.multiprocessors}
            known["multiprocessors"] = sorted(counts)
    return facts


def gpus_named(text: str) -> list[str]:
    """Return the GPUs that a text names, of those whose figures are known."""
    return [name for name in gpu_facts() if re.search(rf"(?<![A-Z\d]){name}(?!\d)", text)]


def check(skill: Skill) -> Iterator[Finding]:
    """Compare what tables and lines of Markdown files say of a GPU with its published figures."""
    for path, text in skill.texts.items():
        if path.endswith(".md"):
            document = read_markdown(text)
            for table in document.tables:
                yield from _check_table(path, document, table)
            in_tables = {line for table in document.tables for line in table.lines}
            for number, line in document.prose:
                if number not in in_tables:
                    yield from _check_line(path, document, number, line)


def _check_table(path: str, document: Document, table: Table) -> Iterator[Finding]:
    columns = [gpus_named(cell) for cell in table.head]
    for row, line in zip(table.rows, table.lines, strict=True):
        for index, cell in enumerate(row[1:], 1):
            named = columns[index] if index < len(columns) else []
            if not any(columns[1:]):
                # The first column may name GPUs and the head the quantities.
                of_row = gpus_named(row[0])
                gpu = of_row[0] if len(of_row) == 1 else _gpu_above(path, document, line)
                label = f"{row[0]} {table.head[index] if index < len(table.head) else ''}"
                named = [gpu] if (gpu is not None and index == 1) or of_row else []
            else:
                label = row[0]
            if len(named) == 1 and named[0] is not None:
                yield from _compare(path, line, named[0], label, cell)


def _check_line(path: str, document: Document, number: int, line: str) -> Iterator[Finding]:
    named = gpus_named(line)
    gpu = named[0] if len(named) == 1 else None if named else _gpu_above(path, document, number)
    if gpu is None:
        return
    for clause in re.split(r"[;.](?=\s)", line):
        if _REQUIREMENT.search(clause):
            continue
        for quantity in _QUANTITIES:
            label = quantity.label.search(clause)
            values = list(quantity.value.finditer(clause))
            # Several figures in one clause could belong to anything.
            if label is not None and len(values) == 1:
                gap = max(values[0].start() - label.end(), label.start() - values[0].end())
                if gap <= _WORDS_AWAY:
                    yield from _compare(path, number, gpu, clause, values[0].group())


def _gpu_above(path: str, document: Document, line: int) -> str | None:
    """Return the one GPU that the nearest heading, the title or the file's name is about."""
    nearest = document.heading_above(line)
    title = document.headings[0].text if document.headings else ""
    for text in (nearest.text if nearest else "", title, PurePosixPath(path).stem.upper()):
        named = gpus_named(text)
        if named:
            return named[0] if len(named) == 1 else None
    return None


def _compare(path: str, line: int, gpu: str, label: str, cell: str) -> Iterator[Finding]:
    facts = gpu_facts()[gpu]
    for quantity in _QUANTITIES:
        # A cell such as "192 KB/SM" brings half of its label along.
        if quantity.key not in facts or not quantity.label.search(f"{label} {cell}"):
            continue
        text = cell if quantity.key != "arch" else f"{label} {cell}"
        found = quantity.value.search(cell) or (
            quantity.value.search(text) if quantity.key == "arch" else None
        )
        if found is None:
            continue
        figure, unit = [group for group in found.groups() if group is not None][:2]
        if not _agrees(quantity, figure, unit, facts[quantity.key]):
            right = facts[quantity.key]
            shown = " or ".join(f"{each:g}" for each in right) if isinstance(right, list) else right
            yield _FACT.at(
                path,
                line,
                f"it gives {found.group().strip(' |*`')} as the {quantity.name} of {gpu}, which is"
                f" {shown} {quantity.unit}".rstrip()
                + f" ({facts['source'] if isinstance(right, list) else 'CUDA programming guide'})",
            )
        return


def _agrees(quantity: _Quantity, figure: str, unit: str, right: Any) -> bool:
    if quantity.key == "arch":
        return figure.replace(".", "") == str(right).replace(".", "")
    value = float(figure.replace(",", "")) * (1000 if unit.upper() == "T" else 1)
    allowed = right if isinstance(right, list) else [right]
    return any(abs(value - each) <= _SLACK * each for each in allowed)
