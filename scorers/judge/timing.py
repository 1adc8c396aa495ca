"""Timing one workload: candidate and baseline in turn, every call new, cold and verified."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .bench import Bench
from .clock import StoppingCriterion, bootstrap_medians, median_interval
from .contents import Contents
from .evidence import Timing
from .job import Workload
from .process import Reply

WARM = 0
OUTSIDE_SLACK = 1.3
BOUND_SLACK = 1.6
BOUND_SECONDS = 1e-6
ROOFLINE_SLACK = 0.5
QUIET_SHARE = 0.05
QUIET_SECONDS = 20e-6
MIN_PAIRS = 3
PROBED_SHARE = 0.35
CALM_SHARE = 0.7
CROWDED_SLACK = 3.0
SECOND_LOOK_PAIRS = 12
_BATCH_SECONDS = 300e-6
_LEAST_BATCH = 4
_WARM_SECONDS = 1e-3
_LEAST_WARM, _MOST_WARM = 2, 16


class Implausible(Exception):
    """A claimed time that the judge's own clock, or the hardware, contradicts."""


class BusyMachine(Exception):
    """Other work on the machine left too few quiet pairs to measure by."""


@dataclass(frozen=True)
class Pair:
    """One timed call of each side, in seconds.

    A side was quiet if no thread of it had to wait for a core, by the kernel's account.  The bound
    is the judge's own time of the candidate's call, in those pairs in which it was asked for.
    """

    candidate: float
    baseline: float
    bound: float | None
    candidate_quiet: bool
    baseline_quiet: bool


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


@dataclass
class Side:
    """One side of the pairs: its bench, and how often it is called untimed to be awake and warm.

    The trusted side makes its warm calls in the message of the timed ones, with nothing between
    them.  An untrusted one would see the timed contents while it is called on old ones, so it gets
    them after its warm calls have ended; the baseline's best is thus held against it.
    """

    bench: Bench
    trusted: bool = False
    warm_calls: int = _MOST_WARM
    quiet: bool = True

    def timed_call(self, indices: list[int], contents: list[Contents]) -> Reply:
        """Timed calls in one message: awake threads and warm code, cold data."""
        bench = self.bench
        warm = [WARM] * self.warm_calls
        bench.worker.resume()
        if not self.trusted:
            bench.call([], warm)
            warm = []
        bench.worker.spread_threads()
        for index, item in zip(indices, contents, strict=True):
            bench.stage(index, item)
        waited = bench.worker.waited()
        reply = bench.call(indices, warm)
        waited = bench.worker.waited() - waited
        bench.worker.stop()
        self.quiet = waited <= QUIET_SHARE * reply.outside + QUIET_SECONDS
        typical = max(min(reply.claims), 1e-9)
        self.warm_calls = max(_LEAST_WARM, min(_MOST_WARM, int(_WARM_SECONDS / typical)))
        return reply


@dataclass
class Race:
    """Candidate and baseline in turn on one workload; every candidate output is verified."""

    candidate: Bench
    baseline: Bench
    next_contents: Callable[[], Contents]
    random: np.random.Generator
    series: Series = field(default_factory=Series)

    def __post_init__(self) -> None:
        self._ours = Side(self.candidate)
        self._theirs = Side(self.baseline, trusted=True)

    def run(self, criterion: StoppingCriterion) -> float:
        """Add pairs until the criterion is met and the claims are plausible.

        Returns:
            The outside bound of the candidate's call, in seconds.

        Raises:
            Implausible: the judge's own clock contradicts the claims.
            BusyMachine: other work on the machine left too few quiet pairs to tell.
        """
        series, begin = self.series, time.monotonic()
        while not criterion.done(log_ratios(series.kept()), len(series.pairs), begin):
            # At random, so that no candidate can behave for just the pairs that are looked at.
            few = len(series.pairs) < MIN_PAIRS
            self.add_pair(probe=few or self.random.random() < PROBED_SHARE)
        try:
            bound = require_plausible(series)
        except Implausible:
            # A few slow answers of the operating system must not condemn a candidate.
            for _ in range(SECOND_LOOK_PAIRS):
                self.add_pair(probe=True)
            bound = require_plausible(series)
        self.candidate.check_all_unchanged()
        return bound

    def add_pair(self, *, probe: bool) -> None:
        """Time each side once, in the order ABBA over pairs; `probe` asks for an outside bound."""
        contents = self.next_contents()
        index = 1 + int(self.random.integers(0, 2))
        baseline_first = len(self.series.pairs) % 2 == 1
        other = 0.0
        if baseline_first:
            other = self._theirs.timed_call([index], [contents]).claims[0]
        reply = self._ours.timed_call([index], [contents])
        self.candidate.take(index, contents)
        claim = max(reply.claims[0], 1e-9)
        quiet = self._ours.quiet
        bound = None
        if probe:
            bound = outside_bound(self._ours, claim, reply.outside, self.next_contents)
            quiet = quiet and self._ours.quiet
        if not baseline_first:
            other = self._theirs.timed_call([index], [contents]).claims[0]
        self.series.pairs.append(Pair(claim, other, bound, quiet, self._theirs.quiet))


def outside_bound(
    side: Side, claim: float, single: float, next_contents: Callable[[], Contents]
) -> float:
    """The time of one call by the judge's own clock, in seconds.

    Where a call is long, that is the time from asking to answer.  Where a call is short beside the
    messages, many calls are made in one message, each on new contents: their typical claim, and
    whatever each added to the judge's clock beyond its claim.
    """
    if single <= OUTSIDE_SLACK * claim:
        return single
    spare = len(side.bench.slots) - 1
    calls = min(spare, max(_LEAST_BATCH, int(np.ceil(_BATCH_SECONDS / claim))))
    contents = [next_contents() for _ in range(calls)]
    indices = list(range(1, calls + 1))
    reply = side.timed_call(indices, contents)
    for index, item in zip(indices, contents, strict=True):
        side.bench.take(index, item)
    unclaimed = (reply.outside - sum(reply.claims)) - (single - claim)
    return float(np.median(reply.claims)) + max(0.0, unclaimed / (calls - 1))


def require_plausible(series: Series) -> float:
    """The outside bound of a series, in seconds, for its evidence.

    Each bound is held against the claim of its own pair, since both drift with the machine.  The
    lower quartile counts, since whatever else the machine does only adds to a bound.

    Raises:
        Implausible: the claims are shorter than the bound by more than the slack.
        BusyMachine: other work on the machine left too few quiet pairs to tell.
    """
    kept, quiet = series.kept(), series.quiet()
    probed = [(p.bound, p.candidate) for p in kept if p.bound is not None]
    if len(kept) < MIN_PAIRS or not probed:
        raise BusyMachine("the machine was too busy with other work to time it")
    slack, share = BOUND_SLACK, 25
    if len(quiet) < MIN_PAIRS:
        # Threads that wait for cores delay answers too, but hardly every one of them so much.
        slack, share = CROWDED_SLACK, 0
    excess = np.percentile([(bound - BOUND_SECONDS) / claim for bound, claim in probed], share)
    claim = float(np.median([p.candidate for p in kept]))
    bound = float(np.median([bound for bound, _ in probed]))
    if excess > slack:
        raise Implausible(
            f"it claims {claim * 1e6:.3g} us a call, and the judge's own clock says "
            f"{bound * 1e6:.3g} us: work was done outside the timed call"
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
) -> Timing:
    """The record of one timed workload."""
    pairs = series.kept()
    ratios = log_ratios(pairs)
    interval = median_interval(bootstrap_medians(ratios), ratios)
    candidate = float(np.median([p.candidate for p in pairs]))
    return Timing(
        workload=workload.name,
        candidate_seconds=candidate,
        baseline_seconds=float(np.median([p.baseline for p in pairs])),
        speedup=float(np.exp(interval.estimate)),
        speedup_low=float(np.exp(interval.low)),
        speedup_high=float(np.exp(interval.high)),
        pairs=len(pairs),
        ambiguous=not criterion.narrow(interval),
        roofline_seconds=roofline,
        roofline_fraction=roofline / candidate,
        bound_seconds=bound,
        samples=tuple((p.candidate, p.baseline) for p in pairs),
    )
