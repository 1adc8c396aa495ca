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
BOUND_SLACK = 1.3
BOUND_SECONDS = 1e-6
ROOFLINE_SLACK = 0.5
QUIET_SHARE = 0.05
QUIET_SECONDS = 20e-6
MIN_PAIRS = 3
PROBED_SHARE = 0.35
CALM_SHARE = 0.7
CROWDED_SLACK = 3.0
CROWDED_SECONDS = 10e-6
_BATCH_SECONDS = 300e-6
_MAX_WARM_CALLS = 16


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
    warm_calls: int = _MAX_WARM_CALLS
    quiet: bool = True

    def timed_call(self, indices: list[int], contents: list[Contents]) -> Reply:
        """Timed calls in one message: awake threads and warm code, cold data."""
        bench = self.bench
        warm = [WARM] * self.warm_calls
        bench.worker.resume()
        if not self.trusted:
            bench.call(warm)
            warm = []
        bench.worker.spread_threads()
        for index, item in zip(indices, contents, strict=True):
            bench.stage(index, item)
        waited = bench.worker.waited()
        reply = bench.call([*warm, *indices])
        waited = bench.worker.waited() - waited
        bench.worker.stop()
        reply = Reply(reply.claims[len(warm) :], reply.outside)
        self.quiet = waited <= QUIET_SHARE * reply.outside + QUIET_SECONDS
        typical = max(min(reply.claims), 1e-9)
        self.warm_calls = max(1, min(_MAX_WARM_CALLS, int(_BATCH_SECONDS / typical)))
        return reply


def time_pairs(
    candidate: Bench,
    baseline: Bench,
    next_contents: Callable[[], Contents],
    criterion: StoppingCriterion,
    random: np.random.Generator,
) -> Series:
    """Pairs in the order ABBA, until the criterion is met; every candidate output is verified."""
    series = Series()
    ours, theirs = Side(candidate), Side(baseline, trusted=True)
    begin = time.monotonic()
    while not criterion.done(log_ratios(series.kept()), len(series.pairs), begin):
        contents = next_contents()
        index = 1 + int(random.integers(0, 2))
        baseline_first = len(series.pairs) % 2 == 1
        if baseline_first:
            other = theirs.timed_call([index], [contents])
        reply = ours.timed_call([index], [contents])
        candidate.take(index, contents)
        claim = max(reply.claims[0], 1e-9)
        quiet = ours.quiet
        bound = None
        # At random, so that no candidate can behave for just the pairs that are looked at.
        if len(series.pairs) < MIN_PAIRS or random.random() < PROBED_SHARE:
            bound = outside_bound(ours, claim, reply.outside, next_contents)
            quiet = quiet and ours.quiet
        if not baseline_first:
            other = theirs.timed_call([index], [contents])
        series.pairs.append(Pair(claim, other.claims[0], bound, quiet, theirs.quiet))
    candidate.check_all_unchanged()
    return series


def outside_bound(
    side: Side, claim: float, single: float, next_contents: Callable[[], Contents]
) -> float:
    """The time of one call by the judge's own clock, in seconds.

    Where a call is long, that is the time from asking to answer.  Where a call is short beside the
    messages, it is the slope between one call and many in one message, each on new contents.
    """
    if single <= BOUND_SLACK * claim:
        return single
    spare = len(side.bench.slots) - 1
    calls = max(2, min(spare, int(np.ceil(_BATCH_SECONDS / claim))))
    contents = [next_contents() for _ in range(calls)]
    indices = list(range(1, calls + 1))
    reply = side.timed_call(indices, contents)
    for index, item in zip(indices, contents, strict=True):
        side.bench.take(index, item)
    return max(0.0, reply.outside - (single - claim)) / calls


def require_plausible(series: Series) -> float:
    """The outside bound of a series, in seconds, for its evidence.

    Raises:
        Implausible: the claims are shorter than the bound by more than the slack.
        BusyMachine: other work on the machine left too few quiet pairs to tell.
    """
    kept, quiet = series.kept(), series.quiet()
    bounds = [p.bound for p in kept if p.bound is not None]
    if len(kept) < MIN_PAIRS or not bounds:
        raise BusyMachine("the machine was too busy with other work to time it")
    claim = float(np.median([p.candidate for p in kept]))
    # The lower quartile, since whatever else the machine does only adds to the bounds.
    bound = float(np.percentile(bounds, 25))
    limit = BOUND_SLACK * claim + BOUND_SECONDS
    if len(quiet) < MIN_PAIRS:
        # Threads that wait for cores delay answers too, but hardly every one of them so much.
        bound = min(bounds)
        limit = CROWDED_SLACK * claim + CROWDED_SECONDS
    if bound > limit:
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
