"""Timing one workload: candidate and baseline in turn, every call new, cold and verified."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .clock import StoppingCriterion, bootstrap_medians, median_at_least, median_interval
from .contents import Contents
from .evidence import Timing
from .job import Workload
from .side import Side, Turn

ROOFLINE_SLACK = 0.5
MIN_PAIRS = 3
CALM_SHARE = 0.7
CROWDED_SLACK = 3.0
SECOND_LOOK_PAIRS = 12
FALSE_ALARMS = 1e-3
MOST_APART = 0.03


class Implausible(Exception):
    """A claimed time that the judge's own clock, or the hardware, contradicts."""


class BusyMachine(Exception):
    """Other work on the machine left too few quiet pairs to measure by."""


@dataclass(frozen=True)
class Pair:
    """One timed call of each side, in seconds.

    A side was quiet if no thread of it had to wait for a core, by the kernel's account.  The bound
    is the judge's own time of the candidate's call, in those pairs in which it was asked for.
    `unclaimed` is by how much more the candidate's outputs came after its claim than the
    baseline's after that one's, where the judge looked for both.
    """

    candidate: float
    baseline: float
    bound: float | None
    candidate_quiet: bool
    baseline_quiet: bool
    unclaimed: float | None = None


@dataclass
class Series:
    """The pairs of one workload."""

    pairs: list[Pair] = field(default_factory=list)

    def quiet(self) -> list[Pair]:
        """The pairs that other work on the machine did not disturb."""
        return [p for p in self.pairs if p.candidate_quiet and p.baseline_quiet]

    def kept(self) -> list[Pair]:
        """The pairs that count: the quiet ones.

        Where the baseline was mostly quiet and the candidate never, the candidate itself starts
        more threads than there are cores: then the baseline's quiet is enough.
        """
        quiet = self.quiet()
        calm = [p for p in self.pairs if p.baseline_quiet]
        if len(quiet) < MIN_PAIRS and len(calm) >= max(MIN_PAIRS, CALM_SHARE * len(self.pairs)):
            return calm
        return quiet


def log_ratios(pairs: list[Pair]) -> list[float]:
    """Logarithms of baseline time over candidate time."""
    return [float(np.log(p.baseline / p.candidate)) for p in pairs]


def same_clock(ours: Turn, theirs: Turn) -> bool:
    """Whether the device ran both turns of a pair at nearly the same clock rate."""
    if not ours.clock or not theirs.clock:
        return True
    return abs(float(np.log(ours.clock / theirs.clock))) <= MOST_APART


@dataclass
class Race:
    """Candidate and baseline in turn on one workload; every candidate output is verified."""

    candidate: Side
    baseline: Side
    next_contents: Callable[[], Contents]
    random: np.random.Generator
    series: Series = field(default_factory=Series)

    def collect(self, criterion: StoppingCriterion) -> None:
        """Add pairs until the criterion is met."""
        series, begin = self.series, time.monotonic()
        while not criterion.done(log_ratios(series.kept()), len(series.pairs), begin):
            # At random, so that no candidate can behave for just the pairs that are looked at.
            few = len(series.pairs) < MIN_PAIRS
            self.add_pair(probe=few or self.random.random() < self.candidate.bounded_share)

    def run(self, criterion: StoppingCriterion) -> float:
        """Add pairs until the criterion is met and the claims are plausible.

        Returns:
            The outside bound of the candidate's call, in seconds.

        Raises:
            Implausible: the judge's own clock contradicts the claims.
            BusyMachine: other work on the machine left too few quiet pairs to tell.
        """
        series = self.series
        self.collect(criterion)
        for _ in range(self.candidate.most_looks):
            if not is_suspicious(series, self.candidate):
                break
            # A few slow answers of the operating system must not condemn a candidate, nor a few
            # quick ones clear it.
            for _ in range(SECOND_LOOK_PAIRS):
                self.add_pair(probe=True)
        bound = require_plausible(series, self.candidate)
        self.candidate.bench.check_all_unchanged()
        return bound

    def add_pair(self, *, probe: bool) -> None:
        """Time each side once, in the order ABBA over pairs; `probe` asks for an outside bound."""
        contents = self.next_contents()
        index = 1 + int(self.random.integers(0, 2))
        theirs = None
        if len(self.series.pairs) % 2 == 1:
            theirs = self.baseline.turn(index, contents)
        ours = self.candidate.turn(index, contents)
        theirs = theirs or self.baseline.turn(index, contents)
        quiet, bound = ours.quiet, None
        if not self.candidate.trusted:
            self.candidate.bench.take(index, contents)
        if probe and not self.candidate.trusted:
            bounded = self.candidate.bound(ours, theirs, self.next_contents)
            quiet, bound = quiet and bounded.quiet, bounded.outside
        steady = same_clock(ours, theirs)
        self.series.pairs.append(
            Pair(
                candidate=ours.claim,
                baseline=theirs.claim,
                bound=bound,
                candidate_quiet=quiet and steady,
                baseline_quiet=theirs.quiet and steady,
                unclaimed=_unclaimed(ours, theirs),
            )
        )


def _unclaimed(ours: Turn, theirs: Turn) -> float | None:
    if ours.settled is None or theirs.settled is None:
        return None
    return (ours.settled - ours.claim) - (theirs.settled - theirs.claim)


def bounds(series: Series, candidate: Side) -> list[tuple[float, float]]:
    """The bounds of the pairs that have one, each with the claim that it is held against.

    Raises:
        BusyMachine: other work on the machine left too few quiet pairs to tell.
    """
    kept = series.kept()
    bounded = [(p.bound, p.candidate) for p in kept if p.bound is not None]
    if len(kept) < MIN_PAIRS or not bounded:
        raise BusyMachine("the machine was too busy with other work to time it")
    overhead = candidate.overhead()
    typical = float(np.median([p.candidate for p in kept]))
    return [(b - overhead, claim if candidate.drifts else typical) for b, claim in bounded]


def excess(series: Series, candidate: Side, percentile: float) -> float:
    """By which factor the bounds of a series exceed its claims, at a percentile of the bounds.

    Raises:
        BusyMachine: other work on the machine left too few quiet pairs to tell.
    """
    found = bounds(series, candidate)
    factors = [(bound - candidate.bound_seconds) / claim for bound, claim in found]
    return float(np.percentile(factors, percentile))


def is_suspicious(series: Series, candidate: Side) -> bool:
    """Whether half of the bounds, or of the outputs, come later than the slack allows.

    Raises:
        BusyMachine: other work on the machine left too few quiet pairs to tell.
    """
    if excess(series, candidate, 50) > candidate.bound_slack:
        return True
    late = unclaimed(series)
    return bool(late) and float(np.median(late)) > _tolerated(series, candidate)


def unclaimed(series: Series) -> list[float]:
    """By how much more the candidate's outputs came late, in the pairs that count."""
    return [p.unclaimed for p in series.kept() if p.unclaimed is not None]


def _tolerated(series: Series, candidate: Side) -> float:
    claim = float(np.median([p.candidate for p in series.kept()]))
    return (candidate.bound_slack - 1) * claim + candidate.settled_seconds


def require_plausible(series: Series, candidate: Side) -> float:
    """The outside bound of a series, in seconds, for its evidence; no less than its claim.

    Looking at what a call left takes a GPU longer than most calls, and never the same time, so it
    condemns by what the median is at the least; but no word of the candidate's process is in it.

    Raises:
        Implausible: the claims are shorter than the bound by more than the slack.
        BusyMachine: other work on the machine left too few quiet pairs to tell.
    """
    slack, percentile = candidate.bound_slack, candidate.bound_percentile
    if len(series.quiet()) < MIN_PAIRS:
        # Threads that wait for cores delay answers too, but hardly every one of them so much.
        slack, percentile = CROWDED_SLACK, 0
    claim = float(np.median([p.candidate for p in series.kept()]))
    found = [bound for bound, _ in bounds(series, candidate)]
    bound = max(claim, float(np.percentile(found, percentile)))
    if excess(series, candidate, percentile) > slack:
        raise Implausible(
            f"it claims {claim * 1e6:.3g} us a call, and the judge's own clock says "
            f"{bound * 1e6:.3g} us: work was done outside the timed call"
        )
    late = median_at_least(unclaimed(series), FALSE_ALARMS)
    if late > _tolerated(series, candidate):
        raise Implausible(
            f"it claims {claim * 1e6:.3g} us a call, and its outputs come at least "
            f"{late * 1e6:.3g} us later than that: work was done outside the timed call"
        )
    return bound


def roofline_seconds(workload: Workload, ceilings: dict[str, float], rate: str) -> float:
    """The least time the hardware could need: the larger of bytes and operations over ceilings.

    Source: Williams, Waterman and Patterson, Communications of the ACM 52(4), 2009.
    """
    operations = workload.operations / ceilings[rate]
    return max(workload.bytes / ceilings["bandwidth"], operations)


def summarise(
    workload: Workload,
    series: Series,
    bound: float,
    roofline: float,
    criterion: StoppingCriterion,
    others: dict[str, float],
) -> Timing:
    """The record of one timed workload; `others` says how much faster other baselines are."""
    pairs = series.kept()
    ratios = log_ratios(pairs)
    interval = median_interval(bootstrap_medians(ratios), ratios)
    candidate = float(np.median([p.candidate for p in pairs]))
    speedup = float(np.exp(interval.estimate))
    return Timing(
        workload=workload.name,
        candidate_seconds=candidate,
        baseline_seconds=float(np.median([p.baseline for p in pairs])),
        speedup=speedup,
        speedup_low=float(np.exp(interval.low)),
        speedup_high=float(np.exp(interval.high)),
        pairs=len(pairs),
        ambiguous=not criterion.narrow(interval),
        roofline_seconds=roofline,
        roofline_fraction=roofline / candidate,
        bound_seconds=bound,
        achieved_bandwidth=workload.bytes / candidate,
        achieved_rate=workload.operations / candidate,
        baselines={
            "eager": speedup,
            **{name: speedup / faster for name, faster in others.items()},
        },
        samples=tuple((p.candidate, p.baseline) for p in pairs),
    )
