"""From logs to comparisons, their text and their reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from .dataset import Part, write_dataset
from .payload import comparison_json
from .prices import Prices
from .report import write_report
from .statistics import Comparison, Target, compare
from .table import read_rows
from .terminal import render


@dataclass(frozen=True)
class ComparedLogs:
    """Result of `compare_logs`.

    Attributes:
        comparisons: One for each mode, hardware profile and language: they are never averaged.
        reports: The HTML file of each.
    """

    comparisons: tuple[Comparison, ...]
    reports: tuple[Path, ...]

    @property
    def text(self) -> str:
        """The comparisons for a terminal, and where their reports are."""
        return "\n\n".join(
            f"{render(comparison)}\n\nReport: {report}"
            for comparison, report in zip(self.comparisons, self.reports, strict=True)
        )

    def to_json(self) -> dict[str, Any]:
        """The comparison as in `comparison_json`, with its `report`; several as `strata`."""
        each = [
            comparison_json(comparison) | {"report": str(report)}
            for comparison, report in zip(self.comparisons, self.reports, strict=True)
        ]
        return each[0] if len(each) == 1 else {"strata": each}


def compare_logs(
    paths: Sequence[str | Path],
    report: str | Path,
    baseline: str = "none",
    *,
    target: Target = "new ops",
    dataset: Path | None = None,
    mix: bool = False,
    prices: Prices | None = None,
) -> ComparedLogs:
    """Read logs, compare their arms and write the reports.

    Args:
        paths: Log files, or folders that hold some.
        report: The HTML file to write; with several modes, hardware profiles or languages, theirs
            are appended to its name.
        baseline: The variant that the others are compared to.
        target: What the contrasts speak of.
        dataset: The folder to write the rows to as a dataset, if any.
        mix: Accept verdicts of several versions of the judge.
        prices: What tokens cost; by default the shipped list.

    Returns:
        The comparisons and their reports' paths.

    Raises:
        UsageError: The logs cannot be read, or not be compared: see `read_rows` and `compare`.
    """
    rows = read_rows(paths, mix=mix, prices=prices)
    groups: Any = rows.groupby(["mode", "hardware", "language"])
    strata: list[tuple[tuple[str, str, str], pd.DataFrame]] = list(groups)
    comparisons = tuple(compare(part, baseline, target) for _, part in strata)
    if dataset is not None:
        parts = zip(comparisons, (part for _, part in strata), strict=True)
        write_dataset([Part(*part) for part in parts], rows, dataset)
    file = Path(report)
    one_mode = len({names[0] for names, _ in strata}) == 1
    named = [_named(file, *(names[1:] if one_mode else names)) for names, _ in strata]
    names = [file] if len(strata) == 1 else named
    reports = tuple(
        write_report(comparison, part, name)
        for comparison, (_, part), name in zip(comparisons, strata, names, strict=True)
    )
    return ComparedLogs(comparisons, reports)


def _named(report: Path, *stratum: str) -> Path:
    return report.with_stem("-".join([report.stem, *stratum]))
