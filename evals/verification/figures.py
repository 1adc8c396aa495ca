"""Checks of leaderboard.json: does every figure follow from the logs?"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...results.leaderboard import rank_skills, read_runs
from ...results.leaderboard.payload import leaderboard_json
from ...results.leaderboard.site import log_digests
from ...tasks.errors import UsageError
from .finding import Finding, agreed, unknown

_FILE = "leaderboard.json"
_CLOSE = 1e-6
# Price lists change, and are no part of a submission.
_PRICED = {"dollars", "dollars_per_correct", "dollars_per_doubling", "share"}


def check_figures(folder: Path) -> Iterator[Finding]:
    """Make the leaderboard of a folder again, and compare it with the one that is there."""
    file = folder / _FILE
    if not file.is_file():
        yield unknown("figures", _FILE, "there is none in the folder")
        return
    try:
        claimed: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        mixed = len(claimed["judges"]) > 1
    except (OSError, ValueError, KeyError, TypeError):
        yield agreed("figures", _FILE, "it cannot be read")
        return
    try:
        rows = read_runs([folder], mix=mixed)
        made = leaderboard_json(rank_skills(rows, {}), log_digests(rows))
    except UsageError as error:
        yield agreed("figures", _FILE, f"the logs give none: {str(error).removesuffix('.')}")
        return
    yield from _logs(claimed, made)
    # As it comes out of JSON.
    made = json.loads(json.dumps(made))
    for name in ("schema", "samples", "runs", "judges", "boards"):
        problems = list(_differences(claimed.get(name), made[name], name))
        if not problems:
            yield agreed("figures", name, None)
        for where, problem in problems:
            yield agreed("figures", where, problem)
    yield unknown("figures", "dollars", "price lists change: dollars are not compared")


def _logs(claimed: dict[str, Any], made: dict[str, Any]) -> Iterator[Finding]:
    held = {each["log"]: each["sha256"] for each in made["logs"]}
    named = {str(each.get("log")): each.get("sha256") for each in claimed.get("logs", [])}
    for log in sorted(held.keys() | named.keys()):
        problem = None
        if log not in held:
            problem = "it was ranked, and is not here"
        elif log not in named:
            problem = "it is here, and was not ranked"
        elif held[log] != named[log]:
            problem = "the file is not the one that was ranked"
        yield agreed("figures", log, problem)


def _differences(claimed: Any, made: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(made, dict) and isinstance(claimed, dict):
        for name in made.keys() | claimed.keys():
            if name not in _PRICED:
                inner = f"{where}.{name}"
                yield from _differences(claimed.get(name), made.get(name), inner)
    elif isinstance(made, list) and isinstance(claimed, list):
        if len(made) != len(claimed):
            yield where, f"it has {len(claimed)} entries, and the logs give {len(made)}"
            return
        for number, (ours, theirs) in enumerate(zip(made, claimed, strict=True)):
            yield from _differences(theirs, ours, f"{where}[{_name(ours, number)}]")
    elif not _same(claimed, made):
        yield where, f"it says {_shown(claimed)}, and the logs give {_shown(made)}"


def _name(entry: Any, number: int) -> str:
    if isinstance(entry, dict):
        keys = ("hardware", "language", "model", "variant", "metric")
        named = [str(entry[key]) for key in keys if key in entry]
        return " ".join(named) or str(number)
    return str(number)


def _same(claimed: Any, made: Any) -> bool:
    numbers = (int, float)
    if isinstance(made, numbers) and isinstance(claimed, numbers):
        return math.isclose(made, claimed, rel_tol=_CLOSE, abs_tol=1e-12)
    return bool(claimed == made)


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else json.dumps(value)[:60]
