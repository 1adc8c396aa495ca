"""The dataset card: what was measured, in words and pictures, and what the columns mean."""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from .statistics import Comparison, wording
from .table import SCHEMA

_TITLE = "Kernel-writing Skills, measured"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))


@dataclass(frozen=True)
class Shown:
    """A comparison, and its pictures: paths relative to the card."""

    comparison: Comparison
    plots: Sequence[Path]


def write_card(
    lead: str,
    comparisons: Sequence[Shown],
    rows: pd.DataFrame,
    *,
    logs: int,
    beside: Sequence[str],
) -> str:
    """Write the card of a dataset.

    Args:
        lead: What it says first, in Markdown.
        comparisons: What it says and shows then.
        rows: The dataset's rows.
        logs: Number of logs in it.
        beside: Files beside the rows.
    """
    import huggingface_hub

    configs: list[dict[str, Any]] = [{"config_name": "default", "data_files": "data/rows.parquet"}]
    data = huggingface_hub.DatasetCardData(
        pretty_name=_TITLE,
        size_categories=[next((name for most, name in _SIZES if len(rows) < most), "n>1M")],
        tags=["skilldyno", "kernels", "agent-skills", "benchmark"],
        configs=configs,
    )
    notices = dict.fromkeys(each.comparison.notice for each in comparisons)
    first = [lead] if lead else [f"Note: {_plain(notice)}." for notice in notices if notice]
    said = [text for each in comparisons for text in _said(each)]
    parts = [f"---\n{data.to_yaml()}\n---", f"# {_TITLE}", *first, *said]
    return "\n\n".join([*parts, _content(rows, logs, beside), _columns()]) + "\n"


def _said(shown: Shown) -> Iterator[str]:
    comparison = shown.comparison
    place = ", ".join((comparison.hardware, comparison.language))
    for finding in comparison.findings():
        sentences = "\n".join(f"- {_plain(each)}." for each in finding.sentences)
        yield f"## {_plain(finding.title)}: {_plain(place)}\n\n{sentences}"
    for plot in shown.plots:
        yield f"![{plot.stem.replace('-', ' ')}]({quote(plot.as_posix())})"


def _plain(text: str) -> str:
    """Text in which nothing is markup; names in it come from logs."""
    return html.escape(text, quote=False).replace("`", "'").replace("[", r"\[")


def _content(rows: pd.DataFrame, logs: int, beside: Sequence[str]) -> str:
    judges = ", ".join(f"`{digest[:12]}`" for digest in sorted(set(rows["judge_digest"])))
    lines = [
        f"- `data/rows.parquet`: {wording.count(len(rows), 'row')}; one is one candidate, judged "
        f"by skilldyno (judge {judges}).",
        *(f"- [{path}]({path})" for path in sorted(beside)),
    ]
    if logs:
        lines.append(
            f"- `logs/`: {wording.count(logs, 'Inspect log')}, from which every figure can be "
            "derived again: `skilldyno leaderboard pull OWNER/NAME`, then `skilldyno leaderboard "
            "verify` on the folder."
        )
    listed = "\n".join(lines)
    return f"## What is in it\n\n{listed}\n\n{_LOAD}"


_LOAD = """```python
datasets.load_dataset("OWNER/NAME", split="train")
```"""


def _columns() -> str:
    lines = "\n".join(f"| `{c.name}` | {_shown(c.dtype)} | {c.meaning} |" for c in SCHEMA)
    return f"## Columns\n\n| column | type | meaning |\n| --- | --- | --- |\n{lines}"


def _shown(dtype: str) -> str:
    return {"object": "JSON text", "str": "string"}.get(dtype, dtype)
