"""Ranks Skills by their effects, each against `none` of its own runs."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ..errors import MissingArmError
from ..statistics import (
    CONTROLS,
    METRICS,
    POOLED,
    PRIMARY,
    Comparison,
    Contrast,
    Metric,
    compare,
)
from ..statistics.cells import Samples, number_samples, pair_samples, paired_cells
from ..statistics.compare import adjust
from ..statistics.comparison import SHAM
from ..statistics.cost import arm_cost, tax
from ..statistics.estimate import contrast
from .ranks import Effects, Rank, rank_effects
from .runs import BASELINE, rows_beside
from .standings import Board, Entry, Leaderboard, Skill, order

_METRICS = {metric.name: metric for metric in METRICS}
_PRIMARY = [_METRICS[name] for name in PRIMARY]


@dataclass(frozen=True)
class _Contender:
    """A variant with the rows that it is compared in."""

    variant: str
    rows: pd.DataFrame
    comparison: Comparison

    @cached_property
    def samples(self) -> Samples:
        return number_samples(self.rows)

    @cached_property
    def models(self) -> list[str]:
        """The models that ran it and `none`."""
        pair = pair_samples(self.samples, BASELINE, self.variant)
        return [self.samples.models[index] for index in pair.models]

    def effects(self, metric: Metric, models: Sequence[str]) -> Effects:
        """Its effects on one metric, with some models."""
        pair = pair_samples(self.samples, BASELINE, self.variant, models)
        return Effects(
            models=tuple(self.samples.models[index] for index in pair.models),
            cells=paired_cells(pair, metric),
            beside=frozenset(self.of(models, BASELINE)["log"]),
        )

    def of(self, models: Sequence[str], variant: str) -> pd.DataFrame:
        """Rows of some models and one variant."""
        wanted = np.isin(self.rows["model"], models) & (self.rows["variant"] == variant)
        return self.rows.take(np.flatnonzero(wanted))


def rank_skills(rows: pd.DataFrame, sources: dict[str, tuple[str, ...]]) -> Leaderboard:
    """Rank the Skills in rows, within each mode, hardware profile and language.

    The rank interval of a Skill follows from the simultaneous intervals of its paired differences
    to all others, over the ops and models that both have. Effects and their tests are those of
    `compare`, of new ops; Holm runs over all variants of a stratum.

    Args:
        rows: As `read_runs` gives them.
        sources: Where each variant's Skill was read from, as far as it is known.

    Returns:
        The leaderboard.

    Raises:
        MissingArmError: There is no Skill to rank, or no `none` beside one.
        MixedSelectionError: As `compare`.
    """
    groups: Any = rows.groupby(["mode", "hardware", "language"])
    strata = [_contenders(stratum) for _, stratum in list(groups)]
    # The largest first; of equal ones the order of their names stays.
    strata.sort(key=_skills_in, reverse=True)
    strata = [found for found in strata if _skills_in(found)]
    if not strata:
        raise MissingArmError(
            "The selection holds no Skill: a leaderboard ranks what `skilldyno eval SKILL…` ran."
        )
    return Leaderboard(
        boards=tuple(board for found in strata for board in _boards(found)),
        skills=_skills([each for found in strata for each in found], sources),
        samples=len(rows),
        runs=len(set(rows["run"])),
        judges=tuple(sorted(map(str, rows["judge_digest"].unique()))),
    )


def _skills_in(contenders: list[_Contender]) -> int:
    return sum(each.variant not in CONTROLS for each in contenders)


def _contenders(stratum: pd.DataFrame) -> list[_Contender]:
    found: list[_Contender] = []
    for variant in sorted(set(stratum["variant"]) - {BASELINE}):
        rows = rows_beside(stratum, variant)
        compared = np.flatnonzero(np.isin(rows["variant"], (BASELINE, variant)))
        found.append(_Contender(variant, rows, compare(rows.take(compared), BASELINE)))
    # One family over the whole stratum, as if it were one run.
    effects = adjust([c for each in found for c in each.comparison.contrasts])
    sham = _against_sham(found, {POOLED: None})
    return [
        replace(
            each,
            comparison=replace(
                each.comparison,
                contrasts=tuple(c for c in effects if _own(each, c)),
                against_sham=tuple(c for c in sham if _own(each, c)),
            ),
        )
        for each in found
    ]


def _own(contender: _Contender, each: Contrast) -> bool:
    return each.variant == contender.variant


def _boards(contenders: list[_Contender]) -> Iterator[Board]:
    models = sorted({model for each in contenders for model in each.models})
    yield _board(contenders, POOLED if len(models) > 1 else models[0], models)
    if len(models) > 1:
        sham = _against_sham(contenders, {model: [model] for model in models})
        for model in models:
            ran = [each for each in contenders if model in each.models]
            if _skills_in(ran):
                yield _board(ran, model, [model], sham)


def _against_sham(
    contenders: list[_Contender], models: dict[str, list[str] | None]
) -> tuple[Contrast, ...]:
    """Skills against the sham of their runs, with each of some models or pools by its name."""
    skills = [each for each in contenders if each.variant not in CONTROLS]
    return adjust(
        [
            contrast(pair, metric, name, "new ops")
            for each in skills
            if SHAM in each.samples.variants
            for name, chosen in models.items()
            if len((pair := pair_samples(each.samples, SHAM, each.variant, chosen)).models)
            for metric in _PRIMARY
        ]
    )


def _board(
    contenders: list[_Contender],
    model: str,
    models: list[str],
    sham_by_model: tuple[Contrast, ...] = (),
) -> Board:
    skills = [each for each in contenders if each.variant not in CONTROLS]
    ranks, methods = _ranks(skills, models)
    pooled = model == POOLED or not sham_by_model

    def entry(each: _Contender) -> Entry:
        sham = each.comparison.against_sham if pooled else sham_by_model
        return _entry(
            each,
            models,
            model,
            tuple(c for c in sham if _own(each, c) and (pooled or c.model == model)),
            {metric: ranks[metric].get(each.variant) for metric in PRIMARY},
        )

    first = contenders[0].comparison
    return Board(
        mode=first.mode,
        hardware=first.hardware,
        language=first.language,
        model=model,
        models=tuple(models),
        speed_baseline=next((b for c in contenders if (b := c.comparison.speed_baseline)), ""),
        skills=tuple(sorted(map(entry, skills), key=order)),
        controls=tuple(
            sorted((entry(each) for each in contenders if each.variant in CONTROLS), key=order)
        ),
        methods=methods,
        notice="; ".join(sorted({c.comparison.notice for c in contenders} - {""})),
    )


def _entry(
    each: _Contender,
    models: list[str],
    model: str,
    against_sham: tuple[Contrast, ...],
    ranks: dict[str, Rank | None],
) -> Entry:
    whole = each.models
    # With one model the pool is the model, and is there once.
    name = POOLED if model == POOLED or len(whole) == 1 else model
    rows = each.of([one for one in whole if one in models], each.variant)
    without = each.of([one for one in whole if one in models], BASELINE)
    cost = arm_cost(rows)
    before = arm_cost(without), len(without)
    return Entry(
        variant=each.variant,
        effects=tuple(c for c in each.comparison.shown if c.model == name),
        against_sham=against_sham,
        ranks=ranks,
        fingerprint=str(rows["skill_fingerprint"].iloc[0]),
        tokens=float(rows["skill_tokens"].iloc[0]),
        runs=len(set(rows["run"])),
        samples=len(rows),
        cost=cost,
        tax=tax(model, each.variant, before, (cost, len(rows))),
    )


def _ranks(
    skills: list[_Contender], models: list[str]
) -> tuple[dict[str, dict[str, Rank]], dict[str, str]]:
    ranks: dict[str, dict[str, Rank]] = {}
    methods: dict[str, str] = {}
    for metric in _PRIMARY:
        effects = [each.effects(metric, models) for each in skills]
        found, methods[metric.name] = rank_effects(effects, variance_floor=metric.unit == "points")
        ranks[metric.name] = {
            each.variant: rank for each, rank in zip(skills, found, strict=True) if rank is not None
        }
    return ranks, methods


def _skills(contenders: list[_Contender], sources: dict[str, tuple[str, ...]]) -> tuple[Skill, ...]:
    by_variant: dict[str, list[_Contender]] = defaultdict(list)
    for each in contenders:
        if each.variant not in CONTROLS:
            by_variant[each.variant].append(each)
    return tuple(
        _skill(variant, found, sources.get(variant, ()))
        for variant, found in sorted(by_variant.items())
    )


def _skill(variant: str, found: list[_Contender], sources: tuple[str, ...]) -> Skill:
    rows = pd.concat([each.of(each.models, variant) for each in found])
    return Skill(
        variant=variant,
        name=variant.partition("@")[0],
        fingerprint=str(rows["skill_fingerprint"].iloc[0]),
        tokens=float(rows["skill_tokens"].iloc[0]),
        sources=sources,
        comparisons=tuple(each.comparison for each in found),
        rows=tuple(each.rows for each in found),
    )
