"""From logs to a comparison, its text and its report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .dataset import write_dataset
from .payload import comparison_json
from .report import write_report
from .statistics import Comparison, compare
from .table import read_rows
from .terminal import render


@dataclass(frozen=True)
class ComparedLogs:
    """Result of `compare_logs`.

    Attributes:
        comparison: The comparison.
        report: The HTML file that was written.
    """

    comparison: Comparison
    report: Path

    @property
    def text(self) -> str:
        """The comparison for a terminal, and where its report is."""
        return f"{render(self.comparison)}\n\nReport: {self.report}"

    def to_json(self) -> dict[str, Any]:
        """The comparison as in `comparison_json`, and `report`: where its report is."""
        return comparison_json(self.comparison) | {"report": str(self.report)}


def compare_logs(
    paths: Sequence[str | Path],
    report: str | Path,
    baseline: str = "none",
    dataset: Path | None = None,
) -> ComparedLogs:
    """Read logs, compare their arms and write the report.

    Args:
        paths: Log files, or folders that hold some.
        report: The HTML file to write.
        baseline: The variant that the others are compared to.
        dataset: The folder to write the rows to as a dataset, if any.

    Returns:
        The comparison and the report's path.

    Raises:
        UsageError: The logs cannot be read, or not be compared: see `read_rows` and `compare`.
    """
    rows = read_rows(paths)
    comparison = compare(rows, baseline)
    if dataset is not None:
        write_dataset(comparison, rows, dataset)
    return ComparedLogs(comparison, write_report(comparison, rows, report))
