"""From logs to comparisons, their text and their reports."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from .dataset import Part, write_dataset
from .markdown import render_markdown
from .payload import comparison_json
from .prices import Prices
from .report import write_plots, write_report
from .report.operations import heatmap
from .statistics import Comparison, Target, compare
from .table import read_rows
from .terminal import render


@dataclass(frozen=True)
class Places:
    """Where a comparison is written to; with several modes, hardware profiles or languages, theirs
    are appended to the names of reports and pictures.

    Attributes:
        report: The HTML file.
        markdown: The Markdown file, if any, for all of them.
        png: A .png file for the forest plot, or a folder for every plot, if any.
        dataset: A folder for the rows as a dataset, if any.
    """

    report: Path
    markdown: Path | None = None
    png: Path | None = None
    dataset: Path | None = None


@dataclass(frozen=True)
class ComparedLogs:
    """Result of `compare_logs`.

    Attributes:
        comparisons: One for each mode, hardware profile and language: they are never averaged.
        reports: The HTML file of each.
        pictures: The PNG files of each.
        markdown: The Markdown file, if one was asked for.
    """

    comparisons: tuple[Comparison, ...]
    reports: tuple[Path, ...]
    pictures: tuple[tuple[Path, ...], ...]
    markdown: Path | None

    @property
    def text(self) -> str:
        """The comparisons for a terminal, and where their reports are."""
        parts = [
            f"{render(comparison)}\n\nReport: {report}"
            for comparison, report in zip(self.comparisons, self.reports, strict=True)
        ]
        if self.markdown is not None:
            parts.append(f"Markdown: {self.markdown}")
        files = [str(file) for each in self.pictures for file in each]
        if files:
            parts.append(f"Pictures: {', '.join(files)}")
        return "\n\n".join(parts)

    def to_json(self) -> dict[str, Any]:
        """The comparison as in `comparison_json`, with its `report` and, where they were asked for,
        `markdown` and `pictures`; several as `strata`.
        """
        each = [
            comparison_json(comparison)
            | {"report": str(report)}
            | ({"markdown": str(self.markdown)} if self.markdown is not None else {})
            | ({"pictures": list(map(str, pictures))} if pictures else {})
            for comparison, report, pictures in zip(
                self.comparisons, self.reports, self.pictures, strict=True
            )
        ]
        return each[0] if len(each) == 1 else {"strata": each}


def compare_logs(
    paths: Sequence[str | Path],
    places: Places,
    baseline: str = "none",
    *,
    target: Target = "new ops",
    mix: bool = False,
    prices: Prices | None = None,
) -> ComparedLogs:
    """Read logs, compare their arms and write the reports.

    Args:
        paths: Log files, or folders that hold some.
        places: Where to write.
        baseline: The variant that the others are compared to.
        target: What the contrasts speak of.
        mix: Accept verdicts of several versions of the judge.
        prices: What tokens cost; by default the shipped list.

    Returns:
        The comparisons and their files.

    Raises:
        UsageError: The logs cannot be read, or not be compared: see `read_rows` and `compare`.
    """
    rows = read_rows(paths, mix=mix, prices=prices)
    groups: Any = rows.groupby(["mode", "hardware", "language"])
    strata: list[tuple[tuple[str, str, str], pd.DataFrame]] = list(groups)
    comparisons = tuple(compare(part, baseline, target) for _, part in strata)
    one_mode = len({names[0] for names, _ in strata}) == 1
    suffixes = [names[1:] if one_mode else names for names, _ in strata]
    suffixes = [()] if len(strata) == 1 else suffixes
    parts = [part for _, part in strata]
    if places.dataset is not None:
        compared = [Part(*each) for each in zip(comparisons, parts, strict=True)]
        write_dataset(compared, rows, places.dataset)
    reports = tuple(
        write_report(comparison, part, _named(places.report, *suffix))
        for comparison, part, suffix in zip(comparisons, parts, suffixes, strict=True)
    )
    pictures = tuple(
        () if places.png is None else write_plots(comparison, part, _named(places.png, *suffix))
        for comparison, part, suffix in zip(comparisons, parts, suffixes, strict=True)
    )
    if places.markdown is not None:
        _write_markdown(places.markdown, comparisons, parts, pictures)
    return ComparedLogs(comparisons, reports, pictures, places.markdown)


def _named(file: Path, *stratum: str) -> Path:
    return file.with_name("-".join([file.stem, *stratum]) + file.suffix)


def _write_markdown(
    file: Path,
    comparisons: Sequence[Comparison],
    parts: Sequence[pd.DataFrame],
    pictures: Sequence[Sequence[Path]],
) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    texts = [
        render_markdown(
            comparison,
            heatmap(comparison, part),
            [
                (quote(Path(os.path.relpath(each, file.parent)).as_posix()), each.stem)
                for each in own
            ],
        )
        for comparison, part, own in zip(comparisons, parts, pictures, strict=True)
    ]
    file.write_text("\n".join(texts), encoding="utf-8")
