"""Candidates as the report shows them."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..statistics import Comparison


@dataclass(frozen=True)
class CheckGrid:
    """The checks of one candidate.

    Attributes:
        distributions: Column names.
        rows: Workload, whether the model was shown it, and for each distribution (error in units
            of the tolerance, passed), or None where it was not checked.
        passed: Number of checks that passed.
        total: Number of checks.
        failures: Workload, distribution and detail of each that failed.
    """

    distributions: tuple[str, ...]
    rows: tuple[tuple[str, bool, tuple[tuple[str, bool] | None, ...]], ...]
    passed: int
    total: int
    failures: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Candidate:
    """One sample.

    Attributes:
        row: The sample's row: the columns of `read_rows` as attributes.
        evidence: The judge's record; empty if nothing was judged.
        checks: The checks; None if there were none.
    """

    row: Any
    evidence: dict[str, Any]
    checks: CheckGrid | None


def candidates_by_op(
    comparison: Comparison, rows: pd.DataFrame
) -> list[tuple[str, list[Candidate]]]:
    """Group the samples by op.

    Args:
        comparison: Result of `compare`.
        rows: The rows that were compared.

    Returns:
        Op, and its samples by model, variant (the baseline first) and epoch; ops by name.
    """
    place = {name: at for at, name in enumerate((comparison.baseline, *comparison.variants))}
    ordered = rows.assign(place=[place[name] for name in rows["variant"]])
    ordered = ordered.sort_values(["op", "model", "place", "epoch"])
    groups: dict[str, list[Candidate]] = {}
    samples: list[Any] = list(ordered.itertuples(index=False))
    for row in samples:
        evidence: dict[str, Any] = row.evidence or {}
        checks = evidence.get("checks") or []
        groups.setdefault(str(row.op), []).append(
            Candidate(row, evidence, _grid(checks) if checks else None)
        )
    return list(groups.items())


def _grid(checks: list[dict[str, Any]]) -> CheckGrid:
    distributions = tuple(sorted({check["distribution"] for check in checks}))
    workloads = tuple(dict.fromkeys(check["workload"] for check in checks))
    by_place = {(check["workload"], check["distribution"]): check for check in checks}
    visible = {check["workload"]: bool(check["visible"]) for check in checks}

    def cell(workload: str, distribution: str) -> tuple[str, bool] | None:
        check = by_place.get((workload, distribution))
        return None if check is None else (_error(check["error"]), check["status"] == "pass")

    failed = [check for check in checks if check["status"] != "pass"]
    return CheckGrid(
        distributions=distributions,
        rows=tuple(
            (
                workload,
                visible[workload],
                tuple(cell(workload, distribution) for distribution in distributions),
            )
            for workload in workloads
        ),
        passed=len(checks) - len(failed),
        total=len(checks),
        failures=tuple(
            (check["workload"], check["distribution"], check.get("detail") or "")
            for check in failed
        ),
    )


def _error(value: float | None) -> str:
    if value is None:
        return "–"
    if 0 < value < 0.005:
        return "<0.01"
    return f"{value:.2f}" if value < 100 else f"{value:.2g}"
