"""The dataset card: what was measured, in words and pictures, and what the columns mean."""

import html
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from .statistics import Comparison, wording
from .table import SCHEMA

_TITLE = "Kernel-writing Skills, measured"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))


def write_card(
    comparisons: Sequence[Comparison],
    plots: Sequence[Sequence[Path]],
    rows: pd.DataFrame,
    *,
    logs: int,
    beside: Mapping[str, str],
) -> str:
    """Write the card of a dataset.

    Args:
        comparisons: What it says.
        plots: The pictures of each comparison, relative to the card.
        rows: The dataset's rows.
        logs: Number of logs in it.
        beside: Files beside the rows, which the card names.
    """
    import huggingface_hub

    configs: list[dict[str, Any]] = [
        {"config_name": "default", "data_files": "data/rows.parquet"}
    ]
    size = next((name for most, name in _SIZES if len(rows) < most), "n>1M")
    data = huggingface_hub.DatasetCardData(
        pretty_name=_TITLE,
        size_categories=[size],
        tags=["skilldyno", "kernels", "agent-skills", "benchmark"],
        configs=configs,
    )
    said = [
        text
        for comparison, pictures in zip(comparisons, plots, strict=True)
        for text in _said(comparison, pictures)
    ]
    parts = [f"---\n{data.to_yaml()}\n---", f"# {_TITLE}", *said, _content(rows, logs, beside)]
    return "\n\n".join([*parts, _columns()]) + "\n"


def _said(comparison: Comparison, pictures: Sequence[Path]) -> Iterator[str]:
    if comparison.notice:
        yield f"Note: {_plain(comparison.notice)}."
    place = ", ".join((comparison.hardware, comparison.language))
    for finding in comparison.findings():
        sentences = "\n".join(f"- {_plain(each)}." for each in finding.sentences)
        yield f"## {_plain(finding.title)}: {_plain(place)}\n\n{sentences}"
    for picture in pictures:
        words = picture.stem.replace("-", " ")
        yield f"![{words}]({picture.as_posix()})"


def _plain(text: str) -> str:
    """Text in which nothing is markup; names in it come from logs."""
    return html.escape(text, quote=False).replace("`", "'").replace("[", r"\[")


def _content(rows: pd.DataFrame, logs: int, beside: Mapping[str, str]) -> str:
    judges = ", ".join(f"`{digest[:12]}`" for digest in sorted(set(rows["judge_digest"])))
    lines = [
        "## What is in it\n",
        f"- `data/rows.parquet`: {wording.count(len(rows), 'row')}; one is one candidate, judged "
        f"by [skilldyno](https://pypi.org/project/skilldyno) (judge {judges}).",
        *(f"- `{path}`" for path in sorted(beside)),
    ]
    if logs:
        lines.append(
            f"- `logs/`: {wording.count(logs, 'Inspect log')}, from which every figure can be "
            "derived again: `skilldyno leaderboard pull OWNER/NAME`, then `skilldyno leaderboard "
            "verify` on the folder."
        )
    return "\n".join(lines) + '\n\n```python\ndatasets.load_dataset("OWNER/NAME", split="train")\n```'


def _columns() -> str:
    lines = "\n".join(f"| `{c.name}` | {_shown(c.dtype)} | {c.meaning} |" for c in SCHEMA)
    return f"## Columns\n\n| column | type | meaning |\n| --- | --- | --- |\n{lines}"


def _shown(dtype: str) -> str:
    return {"object": "JSON text", "str": "string"}.get(dtype, dtype)
