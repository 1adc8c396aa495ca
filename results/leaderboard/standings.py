"""The standings: Skills ranked by their effect, with what is not known of the order."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from ..statistics import PRIMARY, Comparison, Contrast, Cost, Tax
from ..statistics.comparison import beats_sham
from .ranks import Rank

LEADING = "deployable_speedup"
"""The metric that boards are ordered by: it holds correctness, since what is wrong counts as 1x."""

Beside = Literal["beats sham", "placebo", "estimates only", "no sham"]


@dataclass(frozen=True)
class Entry:
    """One variant on one board.

    Attributes:
        variant: The variant.
        effects: Each metric against `none`; no points of the fast_p curve.
        against_sham: The primary metrics against `sham`; empty without such an arm.
        ranks: For each primary metric; None for a control, and under 8 ops.
        fingerprint: Of the Skill; empty for a control.
        tokens: That the Skill adds to a prompt; NaN for a control.
        runs: Number of runs with it.
        samples: Number of its samples.
        cost: What its samples used.
        tax: What it costs more than `none`, a sample.
    """

    variant: str
    effects: tuple[Contrast, ...]
    against_sham: tuple[Contrast, ...]
    ranks: dict[str, Rank | None]
    fingerprint: str
    tokens: float
    runs: int
    samples: int
    cost: Cost
    tax: Tax

    def effect(self, metric: str) -> Contrast:
        """The effect on one metric, by its name."""
        return next(each for each in self.effects if each.metric == metric)

    @property
    def beside_sham(self) -> Beside:
        """Whether it beats inert text of the same length, in either primary metric."""
        if not self.against_sham:
            return "no sham"
        beats = beats_sham(self.against_sham)
        if beats is None:
            return "estimates only"
        return "beats sham" if beats else "placebo"


@dataclass(frozen=True)
class Board:
    """The variants of one mode, hardware profile and language, with one model or all.

    Attributes:
        mode: single or agent.
        hardware: The hardware profile.
        language: The language.
        model: A model, or "pooled" where there are several.
        models: The models.
        speed_baseline: What speedups are over; empty if nothing was timed.
        skills: Skills by `LEADING`, the best first.
        controls: The variants that are no Skill, in the same order.
        methods: How the rank intervals of each primary metric were found; empty if there are none.
        notice: What the data are, where that limits what they can say; else empty.
    """

    mode: str
    hardware: str
    language: str
    model: str
    models: tuple[str, ...]
    speed_baseline: str
    skills: tuple[Entry, ...]
    controls: tuple[Entry, ...]
    methods: dict[str, str]
    notice: str

    @property
    def name(self) -> str:
        """Hardware and language, and the mode if it is agents'."""
        name = f"{self.hardware} · {self.language}"
        return f"{name} · agents" if self.mode == "agent" else name

    @property
    def who(self) -> str:
        """The model, or how many are pooled."""
        return self.models[0] if len(self.models) == 1 else f"{len(self.models)} models pooled"

    @property
    def ops(self) -> int:
        """The largest number of ops that an entry is tested over."""
        return max(each.effect(PRIMARY[0]).ops for each in self.entries)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Skills and controls in one order."""
        return tuple(sorted((*self.skills, *self.controls), key=order))

    @property
    def sham(self) -> Entry | None:
        """The placebo line."""
        return next((each for each in self.controls if each.variant == "sham"), None)

    def headline(self) -> str:
        """What the board says, in a sentence or two."""
        first = self.skills[0]
        effect = first.effect(LEADING)
        rank = first.ranks[LEADING]
        if len(self.skills) == 1:
            said = f"{first.variant}: {effect.title.lower()} {effect.summary()}."
        elif rank is None:
            said = f"{first.variant} has the largest estimate, {effect.summary()}."
        else:
            alone = rank.high == 1
            tied = sum(1 for each in self.skills if (r := each.ranks[LEADING]) and r.low == 1)
            lead = "leads" if alone else f"is one of {tied} that may lead"
            said = f"{first.variant} {lead} in {effect.title.lower()}: {effect.summary()}."
        counts = Counter(each.beside_sham for each in self.skills)
        if counts["placebo"]:
            number, whole = counts["placebo"], len(self.skills)
            verb = "does" if number == 1 else "do"
            said += f" {number} of {whole} {verb} not beat sham, inert text of the same length."
        return said


@dataclass(frozen=True)
class Skill:
    """A Skill at one revision, with what it did in each stratum.

    Attributes:
        variant: Its name at its content, as in the logs.
        name: The Skill's name.
        fingerprint: Digest of its content.
        tokens: That it adds to a prompt.
        sources: Where it was read from, without the folders of the machine that ran it.
        comparisons: It alone against `none`, one for each mode, hardware profile and language.
        rows: The rows of each.
    """

    variant: str
    name: str
    fingerprint: str
    tokens: float
    sources: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    rows: tuple[pd.DataFrame, ...]


@dataclass(frozen=True)
class Leaderboard:
    """Result of `rank_skills`.

    Attributes:
        boards: For each stratum the pooled one, and then one for each model if there are several.
        skills: Every Skill that is ranked, by name and revision.
        samples: Number of samples.
        runs: Number of runs.
        judges: Digests of the judges.
    """

    boards: tuple[Board, ...]
    skills: tuple[Skill, ...]
    samples: int
    runs: int
    judges: tuple[str, ...]


def order(entry: Entry) -> tuple[float, str]:
    """Sorts entries by `LEADING`, the largest first, and what is not known last."""
    estimate = entry.effect(LEADING).estimate
    return (np.inf if np.isnan(estimate) else -estimate, entry.variant)
