"""Where the numbers come from, and what may be wrong with them."""

import json
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, get_args

import pandas as pd

from ...tasks.hardware import Rate
from ..statistics import Comparison, wording

_SHOWN = 3
_PLACE = ("model", "variant", "eval_task", "epoch")
_UNITS = {"bandwidth": "B/s"} | dict.fromkeys(get_args(Rate), "op/s")


@dataclass(frozen=True)
class Provenance:
    """What a reader needs to trust a comparison or to repeat it.

    Attributes:
        verdicts: Names of the verdicts that occur, the commonest first.
        arms: Model, variant and number of samples of each verdict.
        flags: Model, variant, eval task, epoch and text of each integrity flag.
        lost: Model, variant, eval task, epoch and reason of each harness failure.
        ambiguous: Candidates whose timing stayed noisier than the judge asks for.
        isolation: Level and number of candidates run at it.
        judges: Digest of each judge that gave verdicts.
        operations: Op and digest of its definition.
        skills: Variant, fingerprint and tokens of each Skill.
        environment: Name and value of everything the judge recorded of its machine.
        packages: Package and version.
        logs: Name of each log and its status.
    """

    verdicts: tuple[str, ...]
    arms: tuple[tuple[str, str, tuple[int, ...]], ...]
    flags: tuple[tuple[str, str, str, int, str], ...]
    lost: tuple[tuple[str, str, str, int, str], ...]
    ambiguous: int
    isolation: tuple[tuple[str, int], ...]
    judges: tuple[str, ...]
    operations: tuple[tuple[str, str], ...]
    skills: tuple[tuple[str, str, float], ...]
    environment: tuple[tuple[str, str], ...]
    packages: tuple[tuple[str, str], ...]
    logs: tuple[tuple[str, str], ...]


def provenance(comparison: Comparison, rows: pd.DataFrame) -> Provenance:
    """Gather the provenance of a comparison.

    Args:
        comparison: Result of `compare`.
        rows: The rows that were compared.

    Returns:
        The provenance; of a log's path only the folder's and the file's name.
    """
    verdicts = tuple(comparison.verdicts)
    isolation = [level for level in rows["isolation"].tolist() if level]
    flags: Any = rows[[*_PLACE, "flags"]]
    flagged = flags.explode("flags")
    logs = set(zip(rows["log"].tolist(), rows["log_status"].tolist(), strict=True))
    return Provenance(
        verdicts=verdicts,
        arms=tuple(
            (arm.model, arm.variant, tuple(arm.verdicts.get(name, 0) for name in verdicts))
            for arm in comparison.arms
        ),
        flags=_said_of(flagged[flagged["flags"].notna()], "flags"),
        lost=_said_of(rows.query("status != 'scored'"), "reason"),
        ambiguous=sum(rows["ambiguous"].tolist()),
        isolation=tuple(Counter(isolation).items()),
        judges=comparison.judges,
        operations=tuple(sorted(set(zip(rows["op"], rows["op_digest"], strict=True)))),
        skills=tuple(
            (arm.variant, arm.skill_fingerprint, arm.skill_tokens)
            for arm in {arm.variant: arm for arm in comparison.arms}.values()
            if arm.skill_fingerprint
        ),
        environment=_merged(rows["environment"]),
        packages=_merged(rows["packages"]),
        logs=tuple(sorted({(_log_name(log), status) for log, status in logs})),
    )


def _said_of(rows: pd.DataFrame, column: str) -> tuple[tuple[str, str, str, int, str], ...]:
    return tuple(zip(*(rows[name].tolist() for name in (*_PLACE, column)), strict=True))


def _merged(records: Iterable[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    # A value that differs between samples is a finding: show them all.
    values: dict[str, dict[Any, None]] = {}
    # One object may serve thousands of samples.
    for record in {id(each): each for each in records}.values():
        for name, value in record.items():
            kept = value if isinstance(value, str | int | float) else json.dumps(value)
            values.setdefault(name, {})[kept] = None
    return tuple((name, _several(name, list(found))) for name, found in values.items())


def _several(name: str, values: list[Any]) -> str:
    if name in _UNITS and all(isinstance(value, int | float) for value in values):
        figures = [wording.quantity(value, _UNITS[name]) for value in _spanned(values)]
        return figures[0] if len(values) == 1 else "{}, from {} to {}".format(*figures)
    shown = ", ".join(map(str, values[:_SHOWN]))
    return shown if len(values) <= _SHOWN else f"{shown} and {len(values) - _SHOWN} more"


def _spanned(values: list[float]) -> tuple[float, float, float]:
    return statistics.median(values), min(values), max(values)


def _log_name(path: str) -> str:
    return "/".join(PurePath(path).parts[-2:])
