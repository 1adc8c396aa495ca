"""The best candidates of some logs."""

from typing import Any

import pandas as pd


def best_kernels(
    rows: pd.DataFrame,
    *,
    op: str | None = None,
    hardware: str | None = None,
    language: str | None = None,
) -> list[dict[str, Any]]:
    """Return the fastest candidate of each op and hardware among those whose verdict is `correct`.

    Fastest is the largest speedup over the baseline, a geometric mean over workloads. A candidate
    that is flagged has that verdict, and so is not among them.

    Args:
        rows: As `read_rows` gives them.
        op: Only this operation.
        hardware: Only this profile.
        language: Only candidates in this language.

    Returns:
        One of the rows, by column, for each op and hardware, sorted by them; none where nothing is
        correct.
    """
    right: Any = rows[(rows["status"] == "scored") & (rows["verdict"] == "correct")]
    for column, wanted in (("op", op), ("hardware", hardware), ("language", language)):
        if wanted is not None:
            right = right[right[column] == wanted]
    # A stable order, so that of two equals the same one is taken whatever the order of the logs.
    right = right.sort_values(
        ["op", "hardware", "speedup", "roofline_fraction", "candidate"],
        ascending=[True, True, False, False, True],
    )
    return right.drop_duplicates(["op", "hardware"]).to_dict("records")
