"""Which part of a Skill earns its tokens."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from .errors import MissingArmError
from .logs import read_header, select_logs
from .statistics import ESTIMATES_ONLY_BELOW, PRIMARY, Contrast, compare, holm, wording
from .table import read_rows

Mode = Literal["without", "only"]


@dataclass(frozen=True)
class PartEffect:
    """What one part of a Skill does, by one metric.

    Attributes:
        part: name of the section, or path of the reference.
        mode: "without": the whole Skill less the Skill without this part, which is what the part
            adds to all the others. "only": the part alone less no Skill, which is what it does by
            itself.
        tokens: estimated tokens of the part.
        contrast: the effect, positive (or above 1x) where the part helps; its `p_holm` is over all
            parts in both modes.
    """

    part: str
    mode: Mode
    tokens: int
    contrast: Contrast

    @property
    def per_1000_tokens(self) -> tuple[float, float, float]:
        """The effect for each 1,000 tokens and its interval, in the unit of the contrast.

        Points are divided by the tokens, and so is the logarithm of a ratio.
        """
        scale = 1000 / self.tokens if self.tokens else math.nan
        estimate, low, high = self.contrast.estimate, self.contrast.ci_low, self.contrast.ci_high
        if self.contrast.unit == "points":
            return scale * estimate, scale * low, scale * high
        return estimate**scale, low**scale, high**scale


@dataclass(frozen=True)
class Ablation:
    """Result of `ablate_logs` for one Skill.

    Attributes:
        skill: the Skill's variant.
        effects: each part in each mode that was run, by the primary metrics.
        untested: parts and modes whose arms are missing.
    """

    skill: str
    effects: tuple[PartEffect, ...]
    untested: tuple[str, ...]

    @property
    def told(self) -> tuple[PartEffect, ...]:
        """The effects that hold after Holm."""
        return tuple(each for each in self.effects if each.contrast.detected)

    def findings(self) -> list[str]:
        """What the run says of the parts, in sentences without their full stops."""
        sentences = [_told(each) for each in self.told]
        rest = [each for each in self.effects if each not in self.told]
        for metric in PRIMARY:
            unclear = [each.contrast for each in rest if each.contrast.metric == metric]
            if unclear:
                sentences.append(_too_small(unclear, len(unclear) < len(self._of(metric))))
        if self.untested:
            sentences.append(f"Not tested, for their arms are missing: {', '.join(self.untested)}")
        return sentences

    def _of(self, metric: str) -> list[PartEffect]:
        return [each for each in self.effects if each.contrast.metric == metric]


def ablate_logs(paths: Iterable[str | Path]) -> tuple[Ablation, ...]:
    """Attribute the effect of each Skill in some logs to its parts.

    The arms are those of `skilldyno eval --ablate`. Every contrast is the paired t of `compare`;
    Holm runs within each metric over all parts of a Skill in both modes.

    Args:
        paths: Log files, or folders that hold some.

    Returns:
        One for each Skill that was taken apart, by name.

    Raises:
        UsageError: the logs cannot be read or compared, or hold no ablation.
    """
    files = select_logs(paths)
    arms = _ablation_arms(files)
    if not arms:
        raise MissingArmError(
            "The selection has no ablation: run `skilldyno eval SKILL --ablate` first."
        )
    rows = read_rows(files)
    return tuple(_ablation(rows, skill, arms[skill]) for skill in sorted(arms))


def _ablation_arms(files: Sequence[Path]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return, by Skill and by variant, what the logs say of the ablation."""
    arms: dict[str, dict[str, dict[str, Any]]] = {}
    for file in files:
        metadata = read_header(file).metadata
        if (about := metadata.get("ablation")) is not None:
            # Inline and tool delivery of one Skill are two experiments.
            by = "" if metadata.get("delivery") == "inline" else f" by {metadata.get('delivery')}"
            arms.setdefault(f"{about['of']}{by}", {})[metadata["variant"]] = about
    return arms


def _ablation(rows: pd.DataFrame, skill: str, arms: dict[str, dict[str, Any]]) -> Ablation:
    there = set(rows["variant"])
    effects: list[PartEffect] = []
    untested: list[str] = []
    for variant, about in sorted(arms.items(), key=lambda arm: (arm[1]["mode"], -arm[1]["tokens"])):
        pair = (variant, skill) if about["mode"] == "without" else ("none", variant)
        if not there.issuperset(pair):
            untested.append(f"{about['mode']} {about['part']}")
            continue
        comparison = compare(rows_of(rows, pair), baseline=pair[0])
        effects += [
            PartEffect(
                about["part"], about["mode"], about["tokens"], comparison.contrast(metric, pair[1])
            )
            for metric in PRIMARY
        ]
    return Ablation(skill, _adjusted(effects), tuple(untested))


def rows_of(rows: pd.DataFrame, variants: Iterable[str]) -> pd.DataFrame:
    """The rows of some variants."""
    return rows.take(np.flatnonzero(rows["variant"].isin(list(variants))))


def _adjusted(effects: list[PartEffect]) -> tuple[PartEffect, ...]:
    adjusted = list(effects)
    for metric in PRIMARY:
        members = [i for i, each in enumerate(effects) if each.contrast.metric == metric]
        values = holm(np.array([effects[i].contrast.p for i in members], dtype=float))
        family = int(np.sum(~np.isnan(values)))
        for index, p_holm in zip(members, values, strict=True):
            contrast = replace(effects[index].contrast, p_holm=float(p_holm), family=family)
            adjusted[index] = replace(effects[index], contrast=contrast)
    return tuple(adjusted)


def _told(each: PartEffect) -> str:
    contrast = each.contrast
    helps = "helps" if contrast.estimate > contrast.neutral else "harms"
    where = "beside the other parts" if each.mode == "without" else "by itself"
    rate, low, high = each.per_1000_tokens
    unit = contrast.unit
    amount = wording.amount(rate, unit) + (" points" if unit == "points" else "")
    return (
        f"{each.part} {helps} {where}: {contrast.title.lower()} {contrast.summary()}; "
        f"{amount} {wording.interval(low, high, unit)} for each 1,000 of its tokens"
    )


def _too_small(contrasts: list[Contrast], is_rest: bool) -> str:
    title = contrasts[0].title
    which = "the other parts" if is_rest else "any part"
    if all(each.ops < ESTIMATES_ONLY_BELOW for each in contrasts):
        ops = wording.count(max(each.ops for each in contrasts), "op")
        return (
            f"{title}: too small to tell, with {ops}; {ESTIMATES_ONLY_BELOW} are the least to test"
        )
    able = [each.smallest_detectable for each in contrasts if each.smallest_detectable > 0]
    if not able:
        return f"{title}: too small to tell {which}, for there is no spread between ops"
    needed = wording.detectable(max(able), contrasts[0].unit)
    return (
        f"{title}: too small to tell {which}; a part must make a difference of {needed} before"
        " this run could see it, and more for Holm"
    )
