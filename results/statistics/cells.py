"""Samples of two arms to paired cells: one number for each model, operation and arm."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from .metrics import METRICS, FloatArray, Metric
from .moments import Moments, moments_of_sums

IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Samples:
    """Rows as numbers: every label is an index into a sorted tuple of names.

    Attributes:
        models: Names of the models.
        variants: Names of the variants.
        ops: Names of the ops.
        families: The kind of operation of each op.
        model: Index of each sample's model, shape (n,).
        variant: Index of its variant.
        op: Index of its op.
        epoch: Index of its epoch.
        scored: The harness did not lose it.
        values: For each metric's name one value a sample; NaN where lost or not defined.
    """

    models: tuple[str, ...]
    variants: tuple[str, ...]
    ops: tuple[str, ...]
    families: tuple[str, ...]
    model: IntArray
    variant: IntArray
    op: IntArray
    epoch: IntArray
    scored: npt.NDArray[np.bool_]
    values: dict[str, FloatArray]


@dataclass(frozen=True)
class Pair:
    """The samples of one contrast that count, after symmetric dropping.

    Attributes:
        samples: All samples.
        arms: For the baseline and the variant, indices of the samples that count.
        names: Names of the baseline and the variant.
        models: Indices of the M models that ran both arms.
        ops: Indices of the T ops with a sample of each of these models in both arms.
        infra_failures: Samples of both arms that the harness lost.
        dropped_samples: Scored samples left out because their counterpart was lost.
        dropped_ops: Ops that some of these models ran in some arm, but not among `ops`.
    """

    samples: Samples
    arms: tuple[IntArray, IntArray]
    names: tuple[str, str]
    models: IntArray
    ops: IntArray
    infra_failures: int
    dropped_samples: int
    dropped_ops: tuple[str, ...]


@dataclass(frozen=True)
class PairedCells:
    """The cells of one metric in a baseline arm and a variant arm.

    Attributes:
        ops: Names of the T ops; each has a value in both arms.
        baseline: The cells of the baseline, shape (M, T); means are NaN and samples 0 only where
            a model has no value in one of the arms.
        variant: The same for the variant.
    """

    ops: tuple[str, ...]
    baseline: Moments
    variant: Moments

    @property
    def arms(self) -> tuple[Moments, Moments]:
        """Baseline and variant."""
        return self.baseline, self.variant

    @property
    def differences(self) -> FloatArray:
        """D_t, shape (T,): per op the mean over models of variant - baseline."""
        return np.nanmean(self.variant.means - self.baseline.means, axis=0)


def number_samples(rows: pd.DataFrame) -> Samples:
    """Turn rows into numbers, every metric computed.

    Args:
        rows: Rows of `read_rows`.

    Returns:
        The samples, in the order of the rows.
    """
    labels = [pd.factorize(rows[name], sort=True) for name in ("model", "variant", "op", "epoch")]
    scored = (rows["status"] == "scored").to_numpy(bool)
    family_of = dict(zip(rows["op"], rows["family"], strict=True))
    return Samples(
        models=tuple(map(str, labels[0][1])),
        variants=tuple(map(str, labels[1][1])),
        ops=tuple(map(str, labels[2][1])),
        families=tuple(str(family_of[op]) for op in labels[2][1]),
        model=labels[0][0],
        variant=labels[1][0],
        op=labels[2][0],
        epoch=labels[3][0],
        scored=scored,
        values={metric.name: np.where(scored, metric.values(rows), np.nan) for metric in METRICS},
    )


def pair_samples(
    samples: Samples,
    baseline: str,
    variant: str,
    models: Sequence[str] | None = None,
    family: str | None = None,
) -> Pair:
    """Take the samples of two arms, and drop harness failures from both.

    A sample that the harness lost takes the sample of the same model, op and epoch out of the
    other arm too, if there is one. Arms may have different numbers of epochs: what was never run
    drops nothing. An op counts if each model has a sample of it left in both arms.

    Args:
        samples: All samples.
        baseline: Name of the baseline variant.
        variant: Name of the other.
        models: Names of the models to take, all by default; those without both arms are left
            out.
        family: The kind of operation to take, all by default.

    Returns:
        The samples that count, and what was dropped.
    """
    arm_of = np.full(len(samples.variants), -1)
    arm_of[[samples.variants.index(baseline), samples.variants.index(variant)]] = (0, 1)
    arm = arm_of[samples.variant]
    wanted = np.array([family is None or each == family for each in samples.families], dtype=bool)
    arm = np.where(wanted[samples.op], arm, -1)
    shape = (2, len(samples.models), len(samples.ops))
    ran = np.zeros(shape, dtype=bool)
    ran[arm[arm >= 0], samples.model[arm >= 0], samples.op[arm >= 0]] = True
    taken = np.isin(samples.models, samples.models if models is None else models)
    kept_models = np.flatnonzero(ran.any(axis=2).all(axis=0) & taken)

    chosen = np.flatnonzero((arm >= 0) & np.isin(samples.model, kept_models))
    lost = ~samples.scored[chosen]
    slots = (samples.model[chosen], samples.op[chosen], samples.epoch[chosen])
    lost_slot = np.zeros((shape[1], shape[2], int(samples.epoch.max(initial=0)) + 1), dtype=bool)
    lost_slot[tuple(index[lost] for index in slots)] = True
    kept = chosen[~lost_slot[slots]]

    left = np.zeros(shape, dtype=bool)
    left[arm[kept], samples.model[kept], samples.op[kept]] = True
    complete = np.all(left[:, kept_models], axis=(0, 1)) & np.full(shape[2], len(kept_models) > 0)
    kept = kept[complete[samples.op[kept]]]
    incomplete = ran[:, kept_models].any(axis=(0, 1)) & ~complete
    return Pair(
        samples=samples,
        arms=(kept[arm[kept] == 0], kept[arm[kept] == 1]),
        names=(baseline, variant),
        models=kept_models,
        ops=np.flatnonzero(complete),
        infra_failures=int(lost.sum()),
        dropped_samples=int((lost_slot[slots] & ~lost).sum()),
        dropped_ops=tuple(samples.ops[index] for index in np.flatnonzero(incomplete)),
    )


def paired_cells(pair: Pair, metric: Metric) -> PairedCells:
    """Average the samples of each cell, and line the arms up.

    Args:
        pair: The samples of the contrast.
        metric: One of `METRICS`.

    Returns:
        The cells; for a conditional metric only the ops where some model has a value in both
        arms.
    """
    both = _cell_moments(pair, metric, 0), _cell_moments(pair, metric, 1)
    in_both = ~np.isnan(both[0].means) & ~np.isnan(both[1].means)
    used = in_both.any(axis=0)

    def paired(arm: Moments) -> Moments:
        def kept(cells: FloatArray, missing: float = np.nan) -> FloatArray:
            return np.where(in_both, cells, missing)[:, used]

        return Moments(kept(arm.means), kept(arm.variances), kept(arm.thirds), kept(arm.samples, 0))

    ops = tuple(pair.samples.ops[index] for index in pair.ops[used])
    return PairedCells(ops, paired(both[0]), paired(both[1]))


def _cell_moments(pair: Pair, metric: Metric, arm: int) -> Moments:
    samples, index = pair.samples, pair.arms[arm]
    values = samples.values[metric.name][index]
    there = ~np.isnan(values)
    index, values = index[there], values[there]
    cell = samples.model[index] * len(samples.ops) + samples.op[index]
    shape = (len(samples.models), len(samples.ops))
    wanted = np.ix_(pair.models, pair.ops)

    def sums(weights: FloatArray | None) -> FloatArray:
        total = np.bincount(cell, weights, minlength=shape[0] * shape[1]).astype(float)
        return total.reshape(shape)[wanted]

    squares = values * values
    return moments_of_sums(sums(None), sums(values), sums(squares), sums(squares * values))
