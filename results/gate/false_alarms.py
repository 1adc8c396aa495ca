"""The A/A run: how often the gate would cry wolf over an arm that did not change."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..statistics import Moments, moments_of_samples, suite_effect, wilson
from ..statistics.cells import Pair, Samples
from ..statistics.metrics import FloatArray
from .arms import join_arms, pair_arms
from .margin import Margin
from .verdict import FINAL_ALPHA, VERDICTS, Verdict, verdicts

DRAWS = 1_000
SEED = 20_250_611
_VALUES_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class FalseAlarms:
    """Result of `count_false_alarms`.

    Attributes:
        variant: The arm's variant.
        ops: Number of ops.
        epochs: Epochs of each drawn arm.
        draws: Number of gates.
        counts: Gates of each verdict.
    """

    variant: str
    ops: int
    epochs: int
    draws: int
    counts: dict[Verdict, int]

    def share(self, verdict: Verdict) -> float:
        """Share of the gates with a verdict."""
        return self.counts[verdict] / self.draws

    @property
    def verdict(self) -> Verdict:
        """FAIL if false alarms are more frequent than 5 %, beyond what the draws leave open."""
        alarms = wilson(self.share("FAIL"), self.draws)
        return "FAIL" if alarms.low > FINAL_ALPHA else "PASS"

    def summary(self) -> str:
        """The shares in one sentence."""
        shares = {verdict: f"{100 * self.share(verdict):.1f} %" for verdict in VERDICTS}
        return (
            f"{self.variant} against itself, {self.ops} ops x {self.epochs} epochs: false alarms "
            f"in {shares['FAIL']} of {self.draws} draws; PASS in {shares['PASS']}, "
            f"INCONCLUSIVE in {shares['INCONCLUSIVE']}"
        )


def count_false_alarms(
    rows: pd.DataFrame, margins: Sequence[Margin], epochs: int | None = None
) -> FalseAlarms:
    """Gate an arm against itself many times: both arms are drawn from its samples.

    Each draw takes, for both arms and from every cell, `epochs` samples with replacement, and
    decides as a gate without interim looks does.

    Args:
        rows: Rows of one arm, at least two epochs.
        margins: Of each metric.
        epochs: Of each drawn arm; by default the most samples in a cell.

    Returns:
        How often each verdict came, over 1,000 draws of a fixed seed.
    """
    samples, pairs = pair_arms(join_arms(rows, rows, mix=False))
    pool = pairs[0][1]
    cells = _Cells(samples, pool)
    drawn = int(epochs or cells.counts.max())
    rng = np.random.default_rng(SEED)
    at_once = max(1, _VALUES_AT_ONCE // (2 * len(cells.counts) * drawn))
    found = np.zeros(len(VERDICTS), dtype=int)
    for begin in range(0, DRAWS, at_once):
        old, new = (cells.draw(rng, min(at_once, DRAWS - begin), drawn, margins) for _ in range(2))
        codes = decide_moments(old, new, margins, FINAL_ALPHA)
        found += np.bincount(codes, minlength=len(VERDICTS))
    return FalseAlarms(
        variant=str(rows["variant"].iloc[0]),
        ops=len(pool.ops),
        epochs=drawn,
        draws=DRAWS,
        counts={verdict: int(count) for verdict, count in zip(VERDICTS, found, strict=True)},
    )


def decide_moments(
    old: Sequence[Moments], new: Sequence[Moments], margins: Sequence[Margin], alpha: float
) -> npt.NDArray[np.intp]:
    """The verdicts of many gates at once.

    Args:
        old: For each margin the cells of the old arm, shape (..., M, T).
        new: The same of the new arm.
        margins: Of each metric.
        alpha: One-sided error.

    Returns:
        Indices into `VERDICTS`, shape (...).
    """
    p_inferior: list[FloatArray] = []
    p_worse: list[FloatArray] = []
    for margin, *arms in zip(margins, old, new, strict=True):
        models = arms[0].means.shape[-2]
        losses = [(slice(None), margin.pooled)]
        if models > 1:
            losses += [(slice(model, model + 1), margin.single) for model in range(models)]
        for part, loss in losses:
            parts = [arm.of_models(part) for arm in arms]
            effect = suite_effect(*parts, proportion=margin.metric.unit == "points")
            p_inferior.append(effect.pvalue(-loss, "greater"))
            p_worse.append(effect.pvalue(0, "less"))
    return verdicts(np.stack(p_inferior, axis=-1), np.stack(p_worse, axis=-1), alpha)[1]


class _Cells:
    """The samples of one arm, cell after cell."""

    def __init__(self, samples: Samples, pool: Pair) -> None:
        index = pool.arms[0]
        self.shape = (len(pool.models), len(pool.ops))
        cell = np.searchsorted(pool.models, samples.model[index]) * self.shape[1]
        cell += np.searchsorted(pool.ops, samples.op[index])
        self.counts = np.bincount(cell, minlength=self.shape[0] * self.shape[1])
        self.starts = np.cumsum(self.counts) - self.counts
        self.samples = samples
        self.order = index[np.argsort(cell, kind="stable")]

    def draw(
        self, rng: np.random.Generator, arms: int, epochs: int, margins: Sequence[Margin]
    ) -> list[Moments]:
        """For each margin's metric the cells of arms drawn with replacement, shape (arms, M, T)."""
        place = rng.random((arms, len(self.counts), epochs)) * self.counts[:, None]
        chosen = self.order[self.starts[:, None] + place.astype(np.intp)]
        shape = (arms, *self.shape, epochs)
        return [
            moments_of_samples(self.samples.values[margin.metric.name][chosen].reshape(shape))
            for margin in margins
        ]
