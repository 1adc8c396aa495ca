"""What has been measured of the operations: the best times known, and how hard each is.

Kept beside this file, one JSON file a hardware profile, written by `skilldyno ops measured`.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from ..tasks.errors import UsageError

FOLDER: Final = Path(__file__).parent / "measured"


class DamagedMeasurementsError(UsageError):
    """A file of measurements that cannot be read."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BestTime(_Model):
    """The shortest time of a correct candidate on one workload.

    Attributes:
        operation: its name.
        operation_digest: of the definition that the time is for.
        workload: its name.
        seconds: the median over timed calls.
        roofline_fraction: the least possible time over it.
        language: of the candidate.
        candidate: SHA-256 of its source.
        source: the name that its evidence had.
        judge_digest: of the judge that measured it.
    """

    operation: str
    operation_digest: str
    workload: str
    seconds: float
    roofline_fraction: float
    language: str
    candidate: str
    source: str
    judge_digest: str


class Difficulty(_Model):
    """How an arm fared at an operation: samples, the right ones, and their roofline fraction."""

    operation: str
    operation_digest: str
    language: str
    model: str
    variant: str
    samples: int
    correct: int
    roofline_fraction: float | None


class Measurements(_Model):
    """All that is known of one hardware profile."""

    hardware: str
    best: tuple[BestTime, ...] = ()
    difficulty: tuple[Difficulty, ...] = ()

    def best_time(self, operation_digest: str, workload: str) -> BestTime | None:
        """The best time known of a workload, in this definition of its operation."""
        return self._by_workload.get((operation_digest, workload))

    @cached_property
    def _by_workload(self) -> dict[tuple[str, str], BestTime]:
        return {(best.operation_digest, best.workload): best for best in self.best}


@cache
def load_measurements(hardware: str, folder: Path = FOLDER) -> Measurements:
    """What has been measured on a profile; nothing where there is no file.

    Raises:
        DamagedMeasurementsError: the file is not well formed.
    """
    path = folder / f"{hardware}.json"
    if not path.exists():
        return Measurements(hardware=hardware)
    try:
        return Measurements.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        detail = str(error).splitlines()[0]
        raise DamagedMeasurementsError(
            f"{path} is damaged ({detail}): take it from the repository again."
        ) from error


def write_measurements(measurements: Measurements, folder: Path = FOLDER) -> Path:
    """Write a profile's measurements, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{measurements.hardware}.json"
    partial = path.with_suffix(".partial")
    lines = [
        f' "{name}": [\n'
        + ",\n".join(f"  {json.dumps(item.model_dump())}" for item in items)
        + "\n ]"
        for name, items in (("best", measurements.best), ("difficulty", measurements.difficulty))
    ]
    text = f' "hardware": {json.dumps(measurements.hardware)},\n' + ",\n".join(lines)
    partial.write_text("{\n" + text + "\n}\n", encoding="utf-8")
    partial.replace(path)
    load_measurements.cache_clear()
    return path


def with_best(
    known: Measurements, evidence: Iterable[Mapping[str, Any]]
) -> tuple[Measurements, tuple[BestTime, ...]]:
    """Take every time that beats the best known, of correct candidates alone.

    Args:
        known: what is known.
        evidence: records of the judge, all of the same profile.

    Returns:
        What is known now, and the times that are new in it.  A definition that has changed begins
        anew, and what is of the old one is dropped.
    """
    best = {(b.operation, b.workload): b for b in known.best}
    new: dict[tuple[str, str], BestTime] = {}
    for record in evidence:
        if record["verdict"] != "correct":
            continue
        for timing in record["timings"]:
            time = _best_time(record, timing)
            key = (time.operation, time.workload)
            other = best.get(key)
            same = other is not None and other.operation_digest == time.operation_digest
            if other is None or not same or time.seconds < other.seconds:
                best[key] = new[key] = time
    digests = {time.operation: time.operation_digest for time in new.values()}
    kept = [
        b
        for b in best.values()
        if digests.get(b.operation, b.operation_digest) == b.operation_digest
    ]
    ordered = tuple(sorted(kept, key=lambda b: (b.operation, b.workload)))
    return known.model_copy(update={"best": ordered}), tuple(new.values())


def _best_time(record: Mapping[str, Any], timing: Mapping[str, Any]) -> BestTime:
    return BestTime(
        operation=record["operation"],
        operation_digest=record["operation_digest"],
        workload=timing["workload"],
        seconds=timing["candidate_seconds"],
        roofline_fraction=timing["roofline_fraction"],
        language=record["language"],
        candidate=record["candidate"],
        source=record["id"],
        judge_digest=record["environment"]["judge_digest"],
    )


def with_difficulty(known: Measurements, samples: Iterable[Mapping[str, Any]]) -> Measurements:
    """Count samples by operation, language, model and variant; a group counted before is replaced.

    Args:
        known: what is known.
        samples: with model, variant, language, operation, operation_digest, correct (bool) and
            roofline_fraction of each scored sample.
    """
    groups: dict[tuple[str, str, str, str], list[Mapping[str, Any]]] = {}
    for sample in samples:
        key = (sample["operation"], sample["language"], sample["model"], sample["variant"])
        groups.setdefault(key, []).append(sample)
    counted = {(d.operation, d.language, d.model, d.variant): d for d in known.difficulty}
    for key, members in groups.items():
        right = [s["roofline_fraction"] for s in members if s["correct"]]
        counted[key] = Difficulty(
            operation=key[0],
            operation_digest=members[-1]["operation_digest"],
            language=key[1],
            model=key[2],
            variant=key[3],
            samples=len(members),
            correct=len(right),
            roofline_fraction=statistics.median(right) if right else None,
        )
    ordered = tuple(counted[key] for key in sorted(counted))
    return known.model_copy(update={"difficulty": ordered})


def best_share(hardware: str, operation_digest: str, timings: Sequence[Mapping[str, Any]]) -> float:
    """The best time known over a candidate's, as a geometric mean over its timed workloads.

    NaN where a workload has none, or where nothing was timed.
    """
    known = load_measurements(hardware)
    best = [known.best_time(operation_digest, timing["workload"]) for timing in timings]
    logs = [
        math.log(b.seconds / t["candidate_seconds"])
        for b, t in zip(best, timings, strict=True)
        if b is not None
    ]
    return math.exp(statistics.fmean(logs)) if logs and None not in best else math.nan
