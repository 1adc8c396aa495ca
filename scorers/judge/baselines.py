"""The baselines of an operation: trusted once they pass its oracle, and compared with eager."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .bench import Bench, WrongOutput
from .contents import Contents, ContentsCache
from .job import BASELINES, Operation, Workload
from .side import WARM, Side
from .timing import Race, log_ratios


class OracleDisagrees(Exception):
    """A baseline fails the operation's own oracle: the operation is wrong, not the candidate."""


class Baselines:
    """What a session knows of the baselines of its operations, workload by workload."""

    def __init__(self, contents: ContentsCache, side_of: Callable[..., Side]) -> None:
        self.contents = contents
        self.side_of = side_of
        self._trusted: set[tuple[str, str, int]] = set()
        self._ratios: dict[tuple[str, str, str], float] = {}

    def trust(self, operation: Operation, workload: Workload, bench: Bench) -> None:
        """Have a baseline's outputs verified, the first time; its slot holds contents afterwards.

        Raises:
            OracleDisagrees: they are wrong.
        """
        key = (operation.digest, workload.name, bench.function)
        contents = self.contents.get(operation, workload, "normal", 0)
        if key in self._trusted:
            bench.stage(WARM, contents)
            return
        try:
            bench.checked_call(WARM, contents, keep=True)
        except WrongOutput as wrong:
            raise OracleDisagrees(
                f"the baseline {BASELINES[bench.function]} of {operation.name} fails "
                f"the operation's own oracle: {wrong}"
            ) from wrong
        self._trusted.add(key)

    def faster_than_eager(
        self, operation: Operation, workload: Workload, eager: Bench, names: tuple[str, ...]
    ) -> dict[str, float]:
        """How much faster than eager other baselines are, measured once, as a candidate is.

        Args:
            operation: the operation; a baseline that it does not have is left out.
            workload: the workload.
            eager: eager's bench, laid out for the workload.
            names: names of other baselines.

        Raises:
            OracleDisagrees: one of them is wrong.
        """
        offered = [name for name in names if self._has(operation, name)]
        ratios = {}
        for name in offered:
            key = (operation.digest, workload.name, name)
            if key not in self._ratios:
                self._ratios[key] = self._compare(operation, workload, eager, name)
            ratios[name] = self._ratios[key]
        return ratios

    def _has(self, operation: Operation, name: str) -> bool:
        if name == "compile":
            return operation.compiles
        return name != "best" or self.contents.reference(operation).best is not None

    def _compare(self, operation: Operation, workload: Workload, eager: Bench, name: str) -> float:
        other = replace(eager, function=BASELINES.index(name))
        self.trust(operation, workload, other)
        index = 0

        def next_contents() -> Contents:
            nonlocal index
            index += 1
            return self.contents.get(operation, workload, "normal", index)

        old = self.contents.get(operation, workload, "normal", 0)
        race = Race(
            self.side_of(other, old, trusted=True),
            self.side_of(eager, old, trusted=True),
            next_contents,
            eager.random,
        )
        race.collect(eager.device.criterion)
        return float(np.exp(np.median(log_ratios(race.series.kept()))))
