"""Rows as `read_rows` gives them, without logs: fast enough for properties."""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from skilldyno.results.table import SCHEMA

Sample = tuple[float, float]
"""Whether correct, and the speedup."""

NAMES = tuple(f"op_{index:02}" for index in range(60))


def make_rows(
    sample: Callable[[str, str, str, int], Sample | None],
    *,
    ops: Iterable[str] = NAMES[:8],
    variants: Iterable[str] = ("none", "skill@123456"),
    models: Iterable[str] = ("lab/model",),
    epochs: int = 3,
) -> pd.DataFrame:
    """One row for each model, variant, op and epoch; None means that the harness lost it."""
    records = [
        _record(model, variant, op, epoch, sample(model, variant, op, epoch))
        for model in models
        for variant in variants
        for op in ops
        for epoch in range(1, epochs + 1)
    ]
    rows = pd.DataFrame(records, columns=[column.name for column in SCHEMA])
    return rows.astype({column.name: column.dtype for column in SCHEMA})


def _record(
    model: str, variant: str, op: str, epoch: int, sample: Sample | None
) -> dict[str, object]:
    correct, speedup = (np.nan, np.nan) if sample is None else sample
    text = {column.name: "" for column in SCHEMA if column.dtype == "str"}
    numbers = {column.name: np.nan for column in SCHEMA if column.dtype == "float"}
    verdict = "infra_error" if sample is None else "correct" if correct else "incorrect"
    return {
        **text,
        **numbers,
        "ambiguous": False,
        "evidence": {},
        "packages": {},
        "environment": {},
        "flags": [],
        "best_after": [],
        "mode": "single",
        "model": model,
        "variant": variant,
        "eval_task": f"{op}/cpu/cpp",
        "op": op,
        "epoch": epoch,
        "hardware": "cpu",
        "language": "cpp",
        "status": "unscored" if sample is None else "scored",
        "verdict": verdict,
        "compiled": np.nan if sample is None else 1.0,
        "correct": correct,
        "speedup": speedup if correct == 1 else np.nan,
        "roofline_fraction": speedup / 20 if correct == 1 else np.nan,
        "speed_baseline": "eager",
    }
