"""Where KernelBench problems come from: a file, a folder of files, or a dataset.

Source of the format: https://github.com/ScalingIntelligence/KernelBench.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from .definition import name_unknown
from .language import Language
from .problem import Problem, ProblemError
from .suite import Suite, SuiteError

HUB_ID: Final = "ScalingIntelligence/KernelBench"

_NUMBERED: Final = re.compile(r"(\d+)_.*")


class ProblemSuite(Suite):
    """A suite of KernelBench problems."""

    problems: tuple[Problem, ...]

    def asked(self) -> tuple[Problem, ...]:
        """Return the problems."""
        return self.problems

    def in_language(self, language: Language) -> Suite:
        """Refuse: a ModelNew is written in torch alone.

        Raises:
            SuiteError: always.
        """
        raise SuiteError(f"A KernelBench problem is asked in 'torch' alone, not in '{language}'.")


def problem_suite(source: str, level: int, chosen: str | None) -> ProblemSuite:
    """Make a suite of the problems of a set; see `load_problems`.

    Raises:
        ProblemError: there is none, or one cannot be judged; one sentence.
    """
    problems = load_problems(source, level, chosen)
    for problem in problems:
        # Whatever is wrong with it shall be said before a model is asked.
        _ = problem.forms
    return ProblemSuite(
        name="kernelbench",
        description=f"KernelBench problems of {source}.",
        operations=tuple(problem.name for problem in problems),
        hardware="h200",
        language="torch",
        epochs=1,
        problems=problems,
    )


def read_problem(path: Path) -> Problem:
    """Read one problem's file.

    Raises:
        ProblemError: it cannot be read, or is no Python file; one sentence.
    """
    if path.suffix != ".py":
        raise ProblemError(f"{path} does not end in .py: name the file of a KernelBench problem.")
    try:
        return Problem(_clean(path.stem), path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ProblemError(f"{path} cannot be read as text: {error}.") from error


def load_problems(source: str, level: int = 1, chosen: str | None = None) -> tuple[Problem, ...]:
    """Load problems in the order of their numbers.

    Args:
        source: a problem's file, a folder of such files (or with the folder `level1` in it, or
            `KernelBench/level1`, as a checkout has it), or what `datasets.load_dataset` takes: a
            folder or the Hub's id of a dataset with the split `level_1` and the columns `name` and
            `code`.
        level: the level to take, where there are several.
        chosen: numbers of problems such as `1,19,23-25`; by default all.

    Raises:
        ProblemError: there is no such set or no such problem; one sentence.
    """
    path = Path(source)
    if path.suffix == ".py":
        return (read_problem(path),)
    family = f"kernelbench-{level}"
    if (folder := _folder(path, level)) is not None:
        found = [(file.stem, read_problem(file).text) for file in _files(folder)]
    else:
        found = _rows(source, level)
    numbered = {_number(name, at): (name, text) for at, (name, text) in enumerate(found, 1)}
    wanted = sorted(numbered) if chosen is None else _numbers(chosen)
    if unknown := [number for number in wanted if number not in numbered]:
        raise ProblemError(
            name_unknown("problem", str(unknown[0]), map(str, sorted(numbered))).removesuffix(".")
            + f" in {source}, level {level}."
        )
    return tuple(Problem(_clean(numbered[n][0]), numbered[n][1], family) for n in wanted)


def _folder(path: Path, level: int) -> Path | None:
    folders = (path / f"level{level}", path / "KernelBench" / f"level{level}", path)
    return next((folder for folder in folders if _files(folder)), None)


def _files(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.glob("*.py")) if _NUMBERED.fullmatch(file.stem)]


def _rows(source: str, level: int) -> Iterable[tuple[str, str]]:
    from datasets import load_dataset
    from httpx import HTTPError

    try:
        rows = load_dataset(source, split=f"level_{level}").to_list()
        return [(row["name"].removesuffix(".py"), row["code"]) for row in rows]
    except (OSError, ValueError, KeyError, HTTPError) as error:
        reason = " ".join(str(error).split())
        raise ProblemError(
            f"{source} cannot be read as KernelBench problems of level {level}: name a folder of"
            f" problem files, or a dataset such as {HUB_ID} ({type(error).__name__}: {reason})."
        ) from error


def _number(name: str, at: int) -> int:
    found = _NUMBERED.fullmatch(name)
    return int(found.group(1)) if found else at


def _numbers(chosen: str) -> list[int]:
    numbers: list[int] = []
    for part in chosen.split(","):
        ends = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part)
        if ends is None:
            raise ProblemError(f"problems has {part!r}: give numbers such as 1,19,23-25.")
        first = int(ends.group(1))
        numbers += range(first, int(ends.group(2) or first) + 1)
    return sorted(set(numbers))


def _clean(name: str) -> str:
    # Names are parts of ids, with slashes and colons between them.
    return re.sub(r"[^\w.-]", "_", name)
