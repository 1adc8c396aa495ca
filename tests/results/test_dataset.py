"""The dataset folder gives the same rows back."""

import json

import datasets
import numpy as np
import pandas as pd
from synthetic_rows import make_rows

from skilldyno.results.dataset import Part, write_dataset
from skilldyno.results.statistics import compare
from skilldyno.results.table import SCHEMA


def test_dataset_gives_the_same_rows_back(tmp_path):
    rows = make_rows(lambda model, variant, op, epoch: (float(epoch != 2), 1.5))
    comparison = compare(rows)
    rows = rows.assign(run="/home/me/runs/eval", log="/home/me/runs/eval/x.eval")
    folder = write_dataset([Part(comparison, rows)], rows, tmp_path / "dataset")
    loaded = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    back = loaded.to_pandas()
    assert isinstance(back, pd.DataFrame)
    rows = rows.assign(run="logs/eval", log="logs/eval/x.eval")
    for column in SCHEMA:
        if column.dtype == "object":
            given = rows[column.name].tolist()
            assert [json.loads(text) for text in back[column.name]] == given
        elif column.dtype == "float":
            np.testing.assert_array_equal(back[column.name], rows[column.name])
        else:
            assert back[column.name].tolist() == rows[column.name].tolist()
    card = (folder / "README.md").read_text()
    assert card.startswith("---\n")
    assert comparison.findings()[0].title in card
    assert "| `roofline_fraction` | float |" in card
