"""The dataset card: what was measured, in words and pictures, and what the columns mean."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from .statistics import wording
from .table import SCHEMA

_TITLE = "Kernel-writing Skills, measured"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))


def write_card(
    said: Sequence[str], rows: pd.DataFrame, *, name: str, logs: int, beside: Sequence[str]
) -> str:
    """Write the card of a dataset.

    Args:
        said: What was found, in Markdown, with pictures in the dataset.
        rows: The dataset's rows.
        name: What it is called on the Hub.
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
    parts = [f"---\n{data.to_yaml()}\n---", f"# {_TITLE}", *(text.strip() for text in said)]
    return "\n\n".join([*parts, _content(rows, name, logs, beside), _columns()]) + "\n"


def _content(rows: pd.DataFrame, name: str, logs: int, beside: Sequence[str]) -> str:
    judges = ", ".join(f"`{digest[:12]}`" for digest in sorted(set(rows["judge_digest"])))
    lines = [
        f"- `data/rows.parquet`: {wording.count(len(rows), 'row')}; one is one candidate, judged "
        f"by skilldyno (judge {judges}).",
        *(f"- [{path}]({path})" for path in sorted(beside)),
    ]
    if logs:
        lines.append(
            f"- `logs/`: {wording.count(logs, 'Inspect log')}, from which every figure can be "
            f"derived again: `skilldyno leaderboard pull {name}`, then `skilldyno leaderboard "
            "verify` on the folder."
        )
    listed = "\n".join(lines)
    load = f'```python\ndatasets.load_dataset("{name}", split="train")\n```'
    return f"## What is in it\n\n{listed}\n\n{load}"


def _columns() -> str:
    lines = "\n".join(f"| `{c.name}` | {_shown(c.dtype)} | {c.meaning} |" for c in SCHEMA)
    return f"## Columns\n\n| column | type | meaning |\n| --- | --- | --- |\n{lines}"


def _shown(dtype: str) -> str:
    return {"object": "JSON text", "str": "string"}.get(dtype, dtype)
