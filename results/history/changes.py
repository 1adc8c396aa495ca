"""What changed from one run to a later one: settings, levels, effects and verdicts."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import MissingArmError, MissingPathError
from ..statistics import PRIMARY, Comparison, Contrast, compare
from ..table import read_rows
from .runs import Run

EARLIER, LATER = "earlier", "later"
BASELINE = "none"
_STRATUM = ["mode", "hardware", "language"]
_SETTINGS = ("suite", "judge_digest", "isolation", "delivery", "speed_baseline")

Stratum = tuple[str, str, str]
"""Mode, hardware and language: what is never averaged."""


@dataclass(frozen=True)
class ArmChange:
    """An arm in both runs.

    Attributes:
        stratum: Mode, hardware and language.
        earlier: Its variant in the earlier run.
        later: Its variant in the later one: the same, or another revision of the Skill.
        changes: The primary metrics, later against earlier, over the ops of both and the models
            of both pooled.
        effects: The primary metrics against `none`, in the earlier and in the later run; None
            where that run has no such comparison, or for `none` itself.
    """

    stratum: Stratum
    earlier: str
    later: str
    changes: tuple[Contrast, ...]
    effects: tuple[tuple[Contrast, ...] | None, tuple[Contrast, ...] | None]


@dataclass(frozen=True)
class VerdictChange:
    """An eval task whose verdicts in an arm differ: verdict to number of samples."""

    model: str
    arm: str
    eval_task: str
    earlier: dict[str, int]
    later: dict[str, int]


@dataclass(frozen=True)
class Rejudged:
    """A candidate that is in both runs with another verdict, which is the judge's doing."""

    candidate: str
    model: str
    arm: str
    eval_task: str
    epoch: int
    earlier: str
    later: str


@dataclass(frozen=True)
class RunChanges:
    """Result of `compare_runs`.

    Attributes:
        earlier: The earlier run.
        later: The later run.
        settings: Setting to its values in both runs, where they differ.
        arms: The arms that are in both.
        verdicts: Eval tasks whose verdicts differ.
        rejudged: Candidates in both runs whose verdict differs.
        same_candidates: Number of candidates in both runs.
        left_out: What could not be compared, each a sentence.
    """

    earlier: Run
    later: Run
    settings: dict[str, tuple[str, str]]
    arms: tuple[ArmChange, ...]
    verdicts: tuple[VerdictChange, ...]
    rejudged: tuple[Rejudged, ...]
    same_candidates: int
    left_out: tuple[str, ...]


def earlier_run(run: Run, runs: list[Run]) -> Run:
    """Find the newest earlier run that shares an arm with a run.

    Args:
        run: The later run.
        runs: All runs.

    Raises:
        MissingPathError: There is none.
    """
    asked = _asked(run)
    older = [each for each in runs if each.created < run.created and _asked(each) & asked]
    if not older:
        raise MissingPathError(
            f"No run before {run.id} has an arm of it with the same suite, hardware, language and "
            "model: name the run to compare with."
        )
    return max(older, key=lambda each: each.created)


def _asked(run: Run) -> set[tuple[str, ...]]:
    return {
        (arm.suite, arm.hardware, arm.language, arm.mode, arm.model, plain_variant(arm.variant))
        for arm in run.arms
        if arm.of_kernels and arm.judged
    }


def plain_variant(variant: str) -> str:
    """The name of a variant without the revision of its Skill."""
    return re.sub(r"@\S+", "", variant)


def compare_runs(earlier: Run, later: Run) -> RunChanges:
    """Compare a run with an earlier one.

    Raises:
        MissingArmError: One has no judged kernels, or they share no arm.
        UsageError: The logs of one cannot be read.
    """
    for run in (earlier, later):
        if not run.comparable:
            raise MissingArmError(
                f"{run.id} has no judged kernels: `skilldyno score {run.folder}`."
            )
    # Verdicts of several judges are what may have changed, so they are let in and named.
    old, new = (read_rows(run.files, mix=True) for run in (earlier, later))
    left_out: list[str] = []
    settings = _settings(old, new)
    pairs = list(_arm_pairs(old, new, left_out))
    old, new = _same_definitions(old, new, left_out)
    arms = [
        _arm_change(stratum, names, old, new)
        for stratum, names in pairs
        if _shared(_arm(old, stratum, names[0]), _arm(new, stratum, names[1]))
    ]
    if not arms:
        raise MissingArmError(
            f"{later.id} and {earlier.id} have no arm in common: the same model, hardware, "
            "language and variant, with an operation of the same definition."
        )
    sides = [(change, *_both(change, old, new)) for change in arms]
    return RunChanges(
        earlier=earlier,
        later=later,
        settings=settings,
        arms=tuple(arms),
        verdicts=tuple(each for side in sides for each in _verdict_changes(*side)),
        rejudged=tuple(each for side in sides for each in _rejudged(*side)),
        same_candidates=sum(len(_same_candidates(before, after)) for _, before, after in sides),
        left_out=tuple(left_out),
    )


def _settings(old: pd.DataFrame, new: pd.DataFrame) -> dict[str, tuple[str, str]]:
    def said(rows: pd.DataFrame, name: str) -> str:
        return ", ".join(sorted({str(value) for value in rows[name]} - {""}))

    found = {name: (said(old, name), said(new, name)) for name in _SETTINGS}
    versions = [_packages(rows) for rows in (old, new)]
    for package in sorted(versions[0] | versions[1]):
        found[package] = (versions[0].get(package, ""), versions[1].get(package, ""))
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}


def _packages(rows: pd.DataFrame) -> dict[str, str]:
    held = {json.dumps(each, sort_keys=True) for each in rows["packages"]}
    versions: dict[str, set[str]] = {}
    for text in held:
        for package, version in json.loads(text).items():
            versions.setdefault(package, set()).add(version)
    return {package: ", ".join(sorted(each)) for package, each in versions.items()}


def _arm_pairs(
    old: pd.DataFrame, new: pd.DataFrame, left_out: list[str]
) -> Iterator[tuple[Stratum, tuple[str, str]]]:
    held = [_variants(rows) for rows in (old, new)]
    for stratum in sorted(set(held[0]) | set(held[1])):
        before, after = (each.get(stratum, []) for each in held)
        pairs = _match(before, after)
        yield from ((stratum, pair) for pair in pairs)
        for run, names, at in ((EARLIER, before, 0), (LATER, after, 1)):
            alone = [name for name in names if name not in {pair[at] for pair in pairs}]
            where = "/".join(stratum[1:])
            left_out += [f"Only in the {run} run, {where}: {name}." for name in alone]


def _variants(rows: pd.DataFrame) -> dict[Stratum, list[str]]:
    found: dict[Stratum, list[str]] = {}
    columns = rows[[*_STRATUM, "variant"]].drop_duplicates()
    for mode, hardware, language, variant in columns.itertuples(index=False, name=None):
        found.setdefault((mode, hardware, language), []).append(variant)
    return found


def _match(earlier: list[str], later: list[str]) -> list[tuple[str, str]]:
    """Pair variants of one name, and, where each run has one revision, Skills of one name."""
    pairs = [(name, name) for name in earlier if name in later]
    rest = [[n for n in names if (n, n) not in pairs] for names in (earlier, later)]
    for plain in sorted({plain_variant(name) for name in rest[0]}):
        before, after = ([n for n in names if plain_variant(n) == plain] for names in rest)
        if len(before) == len(after) == 1:
            pairs.append((before[0], after[0]))
    return pairs


def _same_definitions(
    old: pd.DataFrame, new: pd.DataFrame, left_out: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    digests = [dict(zip(rows["eval_task"], rows["op_digest"], strict=True)) for rows in (old, new)]
    shared = set(digests[0]) & set(digests[1])
    other = {task for task in shared if digests[0][task] != digests[1][task]}
    if other:
        left_out.append(f"Asked otherwise, by another definition: {', '.join(sorted(other))}.")
    alone = len(set(digests[0]) ^ set(digests[1]))
    if alone:
        left_out.append(f"Eval tasks in one run only: {alone}.")
    kept = sorted(shared - other)
    return rows_with(old, eval_task=kept), rows_with(new, eval_task=kept)


def rows_with(rows: pd.DataFrame, **wanted: list[str]) -> pd.DataFrame:
    """The rows whose columns hold one of the wanted values, numbered anew."""
    held = np.logical_and.reduce([rows[name].isin(values) for name, values in wanted.items()])
    return rows.take(np.flatnonzero(held)).reset_index(drop=True)


def _arm(rows: pd.DataFrame, stratum: Stratum, variant: str) -> pd.DataFrame:
    mode, hardware, language = ([each] for each in stratum)
    return rows_with(rows, mode=mode, hardware=hardware, language=language, variant=[variant])


def _shared(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    cells = [set(zip(rows["model"], rows["op"], strict=True)) for rows in (before, after)]
    return bool(cells[0] & cells[1])


def _both(
    change: ArmChange, old: pd.DataFrame, new: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    return _arm(old, change.stratum, change.earlier), _arm(new, change.stratum, change.later)


def _arm_change(
    stratum: Stratum, names: tuple[str, str], old: pd.DataFrame, new: pd.DataFrame
) -> ArmChange:
    before, after = _arm(old, stratum, names[0]), _arm(new, stratum, names[1])
    models = sorted(set(before["model"]) & set(after["model"]))
    joined = pd.concat([before.assign(variant=EARLIER), after.assign(variant=LATER)])
    joined = rows_with(joined, model=models)
    return ArmChange(
        stratum=stratum,
        earlier=names[0],
        later=names[1],
        changes=primary(compare(joined, EARLIER), LATER),
        effects=(_effect(old, stratum, names[0]), _effect(new, stratum, names[1])),
    )


def _effect(rows: pd.DataFrame, stratum: Stratum, variant: str) -> tuple[Contrast, ...] | None:
    arms = [_arm(rows, stratum, name) for name in (BASELINE, variant)]
    together = set(arms[0]["model"]) & set(arms[1]["model"])
    if variant == BASELINE or not together:
        return None
    return primary(compare(pd.concat(arms, ignore_index=True)), variant)


def primary(comparison: Comparison, variant: str) -> tuple[Contrast, ...]:
    """The pooled contrasts of a variant in the primary metrics."""
    return tuple(comparison.contrast(metric, variant) for metric in PRIMARY)


def _verdict_changes(
    change: ArmChange, before: pd.DataFrame, after: pd.DataFrame
) -> Iterator[VerdictChange]:
    counts = [_counts(rows) for rows in (before, after)]
    for cell in sorted(set(counts[0]) & set(counts[1])):
        earlier, later = (each[cell] for each in counts)
        if earlier != later:
            yield VerdictChange(cell[0], change.later, cell[1], dict(earlier), dict(later))


def _counts(rows: pd.DataFrame) -> dict[tuple[str, str], Counter[str]]:
    found: dict[tuple[str, str], Counter[str]] = {}
    columns = (rows["model"], rows["eval_task"], rows["verdict"])
    for model, task, verdict in zip(*columns, strict=True):
        found.setdefault((model, task), Counter())[verdict] += 1
    return found


_Cell = tuple[str, str, str]


def _by_candidate(rows: pd.DataFrame) -> dict[_Cell, tuple[int, str]]:
    columns = (rows[name] for name in ("model", "eval_task", "candidate", "epoch", "verdict"))
    return {
        (model, task, candidate): (epoch, verdict)
        for model, task, candidate, epoch, verdict in zip(*columns, strict=True)
        if candidate
    }


def _same_candidates(before: pd.DataFrame, after: pd.DataFrame) -> set[_Cell]:
    return set(_by_candidate(before)) & set(_by_candidate(after))


def _rejudged(change: ArmChange, before: pd.DataFrame, after: pd.DataFrame) -> Iterator[Rejudged]:
    old, new = _by_candidate(before), _by_candidate(after)
    for model, task, candidate in sorted(set(old) & set(new)):
        cell = (model, task, candidate)
        if old[cell][1] != new[cell][1]:
            epoch, verdict = new[cell]
            yield Rejudged(candidate, model, change.later, task, epoch, old[cell][1], verdict)
