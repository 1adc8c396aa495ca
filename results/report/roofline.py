"""The roofline: ceilings, and where each correct candidate is below them."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pandas as pd

from ...tasks.hardware import Rate, load_profile, profile_names
from ..statistics import Comparison, wording

BANDWIDTH = "memory"
_MEASURED = "measured by the judge on its machine"


@dataclass(frozen=True)
class Dot:
    """One correct candidate, geometric means over its workloads.

    Attributes:
        sample: Index of its row.
        op: The op.
        variant: The variant.
        intensity: Operations a byte.
        rate: Operations a second.
    """

    sample: int
    op: str
    variant: str
    intensity: float
    rate: float


@dataclass(frozen=True)
class Roofline:
    """What the plot shows.

    Attributes:
        bandwidth: Bytes a second; NaN where it is not known.
        rates: Name and operations a second of each ceiling of arithmetic, the lowest first.
        source: Where the ceilings come from, in words.
        dots: The candidates.
        left_out: Correct candidates without a dot: they count no operations.
    """

    bandwidth: float
    rates: tuple[tuple[str, float], ...]
    source: str
    dots: tuple[Dot, ...]
    left_out: int

    @property
    def ceilings(self) -> tuple[tuple[str, str], ...]:
        """Name and figure of each ceiling."""
        known = [] if math.isnan(self.bandwidth) else [(BANDWIDTH, self.bandwidth, "B/s")]
        known += [(name, rate, "op/s") for name, rate in self.rates]
        return tuple((name, wording.quantity(value, unit)) for name, value, unit in known)

    def by_op(self, variants: Sequence[str]) -> list[tuple[str, float, list[str]]]:
        """The same as a table: op, operations a byte, and for each variant its rates in words."""
        groups: dict[str, list[Dot]] = {}
        for dot in self.dots:
            groups.setdefault(dot.op, []).append(dot)

        def said(dots: list[Dot], variant: str) -> str:
            rates = [dot.rate for dot in dots if dot.variant == variant]
            if not rates:
                return "–"
            median = wording.quantity(statistics.median(rates), "op/s")
            return f"{median}, fastest {wording.quantity(max(rates), 'op/s')}"

        return [
            (
                op,
                statistics.median(dot.intensity for dot in dots),
                [said(dots, variant) for variant in variants],
            )
            for op, dots in sorted(groups.items())
        ]


def roofline(comparison: Comparison, rows: pd.DataFrame) -> Roofline:
    """Gather the ceilings and the correct candidates that were timed.

    Args:
        comparison: Result of `compare`.
        rows: The rows that were compared.

    Returns:
        The roofline; ceilings are medians of what the judge measured, or else the profile's.
    """
    correct = (rows["verdict"] == "correct").tolist()
    columns = ("op", "variant", "intensity", "achieved_rate")
    values = zip(*(rows[name].tolist() for name in columns), strict=True)
    dots = tuple(
        Dot(sample, *each)
        for sample, each in enumerate(values)
        if correct[sample] and not math.isnan(each[2])
    )
    bandwidth, rates, source = _ceilings(list(rows["environment"]), comparison.hardware)
    return Roofline(bandwidth, rates, source, dots, sum(correct) - len(dots))


def _ceilings(
    machines: Sequence[dict[str, Any]], hardware: str
) -> tuple[float, tuple[tuple[str, float], ...], str]:
    def median(name: str) -> float:
        values = [machine[name] for machine in machines if machine.get(name)]
        return float(np.median(values)) if values else math.nan

    found = {name: median(name) for name in ("bandwidth", *get_args(Rate))}
    source = _MEASURED
    if math.isnan(found["bandwidth"]) and hardware in profile_names():
        profile = load_profile(hardware)
        ceilings = {name: profile.ceiling(name) for name in get_args(Rate)}
        memory = profile.ceiling("memory_bandwidth")
        found = {name: each.value for name, each in ceilings.items() if each is not None}
        found["bandwidth"] = math.nan if memory is None else memory.value
        measured = memory is not None and memory.measured
        source = f"the profile’s, {'measured by a probe' if measured else 'nominal'}"
    bandwidth = found.pop("bandwidth")
    rates = [(name, value) for name, value in found.items() if not math.isnan(value)]
    return bandwidth, tuple(sorted(rates, key=lambda each: each[1])), source
