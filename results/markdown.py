"""The comparison as Markdown for GitHub: an issue, a pull request or a README."""

from collections.abc import Sequence

from .report.operations import Heatmap
from .statistics import Comparison, wording
from .tables import Table, tables


def render_markdown(
    comparison: Comparison, counts: Heatmap, pictures: Sequence[tuple[str, str]] = ()
) -> str:
    """Write a comparison as Markdown.

    Args:
        comparison: Result of `compare`.
        counts: Correct samples of each op.
        pictures: Address and description of each plot, the forest plot first.

    Returns:
        The headline, the plots, the tables, and the counts op by op.
    """
    title = (
        f"{', '.join(comparison.variants)} against {comparison.baseline} "
        f"({comparison.hardware}, {comparison.language})"
    )
    parts = [f"### {wording.markdown_cell(title)}"]
    if comparison.notice:
        parts.append(f"> **Note:** {wording.markdown_cell(comparison.notice)}.")
    for finding in comparison.findings():
        said = [f"- {wording.markdown_cell(sentence)}." for sentence in finding.sentences]
        parts.append("\n".join([f"**{wording.markdown_cell(finding.title)}**", "", *said]))
    parts += [f"![{wording.markdown_cell(text)}]({address})" for address, text in pictures]
    # Contrasts are what is asked first.
    found = sorted(tables(comparison), key=lambda table: table.headers[0] != "metric")
    parts += [_table(table) for table in found]
    parts.append(f"<details><summary>Op by op</summary>\n\n{_table(_counts(counts))}\n\n</details>")
    return "\n\n".join(parts) + "\n"


def _counts(counts: Heatmap) -> Table:
    models = {model for model, _ in counts.columns}
    headers = [
        variant if len(models) == 1 else f"{variant}, {model}" for model, variant in counts.columns
    ]
    rows = [[op, *(cell.text for cell in cells)] for op, cells in counts.rows]
    return Table("Correct samples, without → with", ["op", *headers], rows)


def _table(table: Table) -> str:
    width = len(table.headers)
    lines = [_line(table.headers), "|" + " --- |" + " ---: |" * (width - 1)]
    for row in table.rows:
        cells = [*row, *[""] * (width - len(row))]
        lines.append(
            f"| **{wording.markdown_cell(row[0])}** |" + " |" * (width - 1)
            if len(row) == 1
            else _line(cells)
        )
    notes = "\n".join(f"- {wording.markdown_cell(note)}" for note in table.notes)
    parts = [f"**{wording.markdown_cell(table.title)}**", "\n".join(lines), notes]
    return "\n\n".join(part for part in parts if part)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(wording.markdown_cell, cells)) + " |"
