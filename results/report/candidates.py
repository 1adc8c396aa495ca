"""Candidates as the report's table shows them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..statistics import Comparison
from .details import rounded
from .visible import visible

_MOST_WORDS = 200
_COLUMNS = (
    *("op", "model", "variant", "epoch", "verdict", "reason"),
    *("speedup", "speedup_low", "speedup_high", "ambiguous", "roofline_fraction"),
    *("output_tokens", "judge_seconds", "candidate", "isolation", "log", "eval_task"),
    *("opened", "judge_calls", "stopped_by", "answer", "evidence"),
)


@dataclass(frozen=True)
class Candidates:
    """The samples by op, model, variant (the baseline first) and epoch.

    Attributes:
        samples: Their rows; those columns of `read_rows` that are shown, as attributes.
        order: For each of them the index of its row.
        table: What the page's script makes its table of.
    """

    samples: list[Any]
    order: tuple[int, ...]
    table: dict[str, Any]


def gather_candidates(comparison: Comparison, rows: pd.DataFrame) -> Candidates:
    """Gather the candidates of a comparison.

    Args:
        comparison: Result of `compare`.
        rows: The rows that were compared.

    Returns:
        The candidates.
    """
    variants = (comparison.baseline, *comparison.variants)
    place = {name: index for index, name in enumerate(variants)}
    places = [place[name] for name in rows["variant"]]
    ordered = rows[list(_COLUMNS)].assign(place=places, at=np.arange(len(rows)))
    ordered = ordered.sort_values(["op", "model", "place", "epoch"], kind="stable")
    samples: list[Any] = list(ordered.itertuples(index=False))
    names = {
        "ops": _Names(),
        "models": _Names(),
        "variants": _Names(variants),
        "verdicts": _Names(),
        "reasons": _Names(),
    }
    return Candidates(
        samples=samples,
        order=tuple(int(sample.at) for sample in samples),
        table={
            "rows": [_row(sample, names) for sample in samples],
            **{name: [visible(text) for text in each.places] for name, each in names.items()},
        },
    )


class _Names:
    """Numbers for names, in the order in which they are first met."""

    def __init__(self, known: tuple[str, ...] = ()):
        self.places = {name: index for index, name in enumerate(known)}

    def __getitem__(self, name: str) -> int:
        return self.places.setdefault(name, len(self.places))


def _row(sample: Any, names: dict[str, _Names]) -> list[float | int | None]:
    """One line of the table; the page's script knows the columns by their places."""
    correct = sample.verdict == "correct"
    return [
        names["ops"][sample.op],
        names["models"][sample.model],
        names["variants"][sample.variant],
        int(sample.epoch),
        names["verdicts"][sample.verdict],
        # Of what is correct, the numbers say it all.
        -1 if correct else names["reasons"][sample.reason[:_MOST_WORDS]],
        rounded(sample.speedup),
        rounded(sample.speedup_low),
        rounded(sample.speedup_high),
        int(sample.ambiguous),
        rounded(sample.roofline_fraction),
        rounded(sample.output_tokens),
        rounded(sample.judge_seconds),
    ]
