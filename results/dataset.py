"""Rows as a dataset: a folder that `datasets.load_dataset` reads and the Hub shows."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from .statistics import Comparison
from .table import SCHEMA

_ROWS = "data/rows.parquet"
_NESTED = tuple(column.name for column in SCHEMA if column.dtype == "object")


def write_dataset(comparisons: Sequence[Comparison], rows: pd.DataFrame, folder: Path) -> Path:
    """Write rows as Parquet with a dataset card that says what was measured.

    Args:
        comparisons: The comparisons of the rows, for the card's headline.
        rows: As `read_rows` gives them; nested columns are written as JSON text.
        folder: Where `data/rows.parquet` and `README.md` go.

    Returns:
        The folder.
    """
    # The import takes a second that nobody pays who does not export.
    import datasets

    flat = rows.assign(**{name: rows[name].map(_text) for name in _NESTED})
    (folder / _ROWS).parent.mkdir(parents=True, exist_ok=True)
    datasets.Dataset.from_pandas(flat, preserve_index=False).to_parquet(folder / _ROWS)
    (folder / "README.md").write_text(_card(comparisons), encoding="utf-8")
    return folder


def _text(value: Any) -> str:
    # A packed record is no dict.
    return json.dumps(value, default=dict)


def _card(comparisons: Sequence[Comparison]) -> str:
    import huggingface_hub

    configs: list[dict[str, Any]] = [{"config_name": "default", "data_files": _ROWS}]
    data = huggingface_hub.DatasetCardData(
        pretty_name="Kernel-writing Skills, measured",
        tags=["skilldyno", "kernels", "agent-skills"],
        configs=configs,
    )
    columns = "\n".join(f"| `{c.name}` | {c.meaning} |" for c in SCHEMA)
    said = "\n\n".join(f"{each.notice}\n\n{each.headline()}".strip() for each in comparisons)
    return (
        f"---\n{data.to_yaml()}\n---\n\n# Kernel-writing Skills, measured\n\n"
        f"{said}\n\nOne row is one candidate, judged by skilldyno.\n\n"
        f"| column | meaning |\n| --- | --- |\n{columns}\n"
    )
