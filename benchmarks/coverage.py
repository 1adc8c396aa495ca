"""How often the shipped statistics are right, over studies drawn from a known truth.

    python benchmarks/coverage.py --replicates 4000 --write docs/statistics.md

An op has a logit of being solved, drawn with a spread of 1.5 around the study's level, to which
each model adds 0.5 of its own; a Skill moves it by an effect that differs between ops (0.5) and
models (0.3).  The log speedup of a correct kernel is drawn around a level of its op.  In the
studies "with losses" the harness loses one sample in ten, slow kernels more often than fast ones.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit
from tabulate import tabulate

from skilldyno.results.gate import DEFAULT_MARGINS, Margin, decide_moments
from skilldyno.results.gate.verdict import FINAL_ALPHA, INTERIM_ALPHA
from skilldyno.results.statistics import (
    Moments,
    moments_of_samples,
    paired_t,
    suite_effect,
    within_cell_variance,
)
from skilldyno.results.statistics.moments import moments_of_sums

SEED = 20_250_615
OP_SPREAD, MODEL_SPREAD, EFFECT_SPREAD, EFFECT_BY_MODEL = 1.5, 0.5, 0.5, 0.3

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Study:
    """What is drawn, again and again.

    Attributes:
        ops: T.
        models: M.
        epochs: E.
        level: Logit of the share that is correct without the Skill, in the median op.
        effect: Shift of the logit by the Skill.
        varies: The effect differs between ops and models; else the Skill changes nothing.
    """

    ops: int
    models: int
    epochs: int
    level: float
    effect: float
    varies: bool = True

    def rates(self, rng: np.random.Generator, replicates: int) -> tuple[FloatArray, FloatArray]:
        """Chances of a correct kernel in both arms, shape (replicates, M, T)."""
        each_op, each_model = (replicates, 1, self.ops), (replicates, self.models, self.ops)
        without = self.level + OP_SPREAD * rng.normal(size=each_op)
        without = without + MODEL_SPREAD * rng.normal(size=each_model)
        spread = EFFECT_SPREAD * rng.normal(size=each_op)
        spread = spread + EFFECT_BY_MODEL * rng.normal(size=each_model)
        return expit(without), expit(without + self.effect + self.varies * spread)

    def truth(self, rng: np.random.Generator) -> tuple[float, float]:
        """Mean rates over all ops of the population."""
        without, with_skill = replace(self, ops=300_000).rates(rng, 1)
        return float(without.mean()), float(with_skill.mean())


def correctness(rng: np.random.Generator, rates: FloatArray, epochs: int) -> Moments:
    """Cells of 0/1 samples."""
    draws = rng.random((*rates.shape, epochs)) < rates[..., None]
    return moments_of_samples(draws.astype(float))


def new_ops_coverage(
    rng: np.random.Generator, study: Study, replicates: int
) -> tuple[float, float]:
    """Share of paired t intervals that hold the population's effect, and that exclude zero."""
    before, after = study.truth(rng)
    arms = [correctness(rng, each, study.epochs) for each in study.rates(rng, replicates)]
    held = excluded = 0
    for index in range(replicates):
        means = [arm.means[index] for arm in arms]
        counts = [arm.samples[index] for arm in arms]
        floor = sum(within_cell_variance(m * n, n) for m, n in zip(means, counts, strict=True))
        low, high = paired_t((means[1] - means[0]).mean(axis=0), floor).confidence_interval()
        held += low <= after - before <= high
        excluded += low > 0 or high < 0
    return held / replicates, excluded / replicates


def suite_coverage(rng: np.random.Generator, study: Study, replicates: int) -> float:
    """Share of this suite's intervals that hold the effect on the ops that were drawn."""
    rates = study.rates(rng, replicates)
    truth = (rates[1] - rates[0]).mean(axis=(1, 2))
    arms = [correctness(rng, each, study.epochs) for each in rates]
    effect = suite_effect(arms[0], arms[1], proportion=True)
    low, high = effect.bound(0.975, "lower"), effect.bound(0.975, "upper")
    return float(np.mean((low <= truth) & (truth <= high)))


def speed_coverage(
    rng: np.random.Generator, study: Study, replicates: int, *, losses: bool
) -> tuple[float, float]:
    """The same of log deployable speedups: new ops, this suite.

    Half of the ops gain nothing and the others a factor of about 1.2; a sample that is lost takes
    its epoch out of the other arm too.
    """
    shape = (replicates, study.models, study.ops)
    size = (*shape, study.epochs)
    gain = np.where(rng.random((replicates, 1, study.ops)) < 0.5, 0, 0.2)
    gain = gain + 0.05 * rng.normal(size=shape)
    level = rng.normal(0.7, 0.5, (replicates, 1, study.ops))
    arms = [
        level[..., None] + shift[..., None] + 0.15 * rng.standard_t(5, size)
        for shift in (np.zeros(shape), gain)
    ]
    kept = np.ones(size, dtype=bool)
    if losses:
        for arm in arms:
            kept &= rng.random(size) >= 0.1 * expit(-(arm - arm.mean())) * 2
    cells = [_masked(arm, kept) for arm in arms]
    # An op without a sample left in some cell is left out, as `compare` does.
    whole = np.asarray(np.all(cells[0].samples > 0, axis=1))
    truth = 0.1
    on_suite = np.where(whole[:, None, :], gain, np.nan)
    held = held_suite = 0
    for index in range(replicates):
        parts = [_cells_at(cell, index, whole[index]) for cell in cells]
        differences = (parts[1].means - parts[0].means).mean(axis=0)
        low, high = paired_t(differences).confidence_interval()
        held += low <= truth <= high
        low, high = suite_effect(parts[0], parts[1], proportion=False).confidence_interval()
        held_suite += low <= float(np.nanmean(on_suite[index])) <= high
    return held / replicates, held_suite / replicates


def _masked(values: FloatArray, kept: npt.NDArray[np.bool_]) -> Moments:
    there = np.where(kept, values, 0.0)
    return moments_of_sums(
        kept.sum(axis=-1).astype(float), *((there**power).sum(axis=-1) for power in (1, 2, 3))
    )


def _cells_at(cells: Moments, index: int, ops: npt.NDArray[np.bool_]) -> Moments:
    each = (cells.means, cells.variances, cells.thirds, cells.samples)
    return Moments(*(values[index][:, ops] for values in each))


@dataclass(frozen=True)
class Gate:
    """A suite whose ops are fixed, and how an edit of the Skill changes it.

    Attributes:
        name: What to call it.
        level: Logit of the median op.
        spread: Spread of the ops' logits.
        shape: How a loss of 10 points comes about: "all" ops lose alike on the logit scale,
            "some" ops break whole, "ceiling" (each op falls from 100 to 90 %).
    """

    name: str
    level: float
    spread: float
    shape: str

    def rates(self, ops: int, models: int, loss: float) -> tuple[FloatArray, FloatArray]:
        """Chances in both arms, shape (M, T)."""
        quantiles = np.linspace(-1.8, 1.8, ops)
        logits = self.level + self.spread * quantiles + np.zeros((models, 1))
        old = np.ones_like(logits) if self.shape == "ceiling" else expit(logits)
        if loss == 0:
            return old, old
        if self.shape == "ceiling":
            return old, old - loss
        if self.shape == "some":
            best_first = np.argsort(-old[0])
            new = old.copy()
            left = loss * ops
            for op in best_first:
                lost = min(left, old[0, op])
                new[:, op] -= lost
                left -= lost
            return old, new
        shift: Any = brentq(lambda x: (old - expit(logits - x)).mean() - loss, 0, 50)
        return old, expit(logits - shift)


GATES = (
    Gate("easy, 91 % correct", 3.0, 1.5, "all"),
    Gate("easy, a few ops break", 3.0, 1.5, "some"),
    Gate("mixed, 78 % correct", 2.0, 2.0, "all"),
    Gate("mixed, 67 % correct", 1.0, 1.5, "all"),
    Gate("hardest to tell, 50 % correct", 0.0, 1.5, "all"),
    Gate("at the ceiling", 0.0, 0.0, "ceiling"),
)


def gate_shares(
    rng: np.random.Generator,
    rates: tuple[FloatArray, FloatArray],
    looks: tuple[int, ...],
    replicates: int,
    margins: tuple[Margin, ...] = DEFAULT_MARGINS[:1],
) -> tuple[float, float, float]:
    """Shares of PASS and FAIL, and the mean number of epochs, of a sequential gate."""
    last = looks[-1]
    draws = [
        (rng.random((replicates, *each.shape, last)) < each[..., None]).astype(float)
        for each in rates
    ]
    decided = np.full(replicates, 2)
    epochs = np.full(replicates, last)
    for look in looks:
        old, new = ([moments_of_samples(arm[..., :look])] for arm in draws)
        alpha = FINAL_ALPHA if look == last else INTERIM_ALPHA
        found = decide_moments(old, new, margins, alpha)
        open_still = decided == 2
        epochs = np.where(open_still & (found != 2) & (look < last), look, epochs)
        decided = np.where(open_still, found, decided)
    return float(np.mean(decided == 0)), float(np.mean(decided == 1)), float(epochs.mean())


LEVELS = (
    ("middle", 0.0, 0.8),
    ("high", 2.0, 0.8),
    ("near the ceiling", 3.0, 0.5),
    ("at the ceiling", 5.0, 0.5),
)


def interval_table(rng: np.random.Generator, replicates: int) -> str:
    """Coverage of both targets for correctness."""
    rows: list[list[object]] = []
    for name, level, effect in LEVELS:
        for ops in (20, 40):
            for epochs in (1, 3, 10):
                row: list[object] = []
                for models in (1, 3):
                    study = Study(ops, models, epochs, level, effect)
                    before, after = study.truth(rng)
                    covered, _ = new_ops_coverage(rng, study, replicates)
                    row += [covered, suite_coverage(rng, study, replicates)]
                rates = f"{name}, {100 * before:.0f} → {100 * after:.0f} %"
                rows.append([rates, ops, epochs, *(f"{share:.3f}" for share in row)])
    headers = ["correct", "T", "E", "new ops, M=1", "suite, M=1", "new ops, M=3", "suite, M=3"]
    return _markdown(headers, rows)


def error_table(rng: np.random.Generator, replicates: int) -> str:
    """Type I error and power of the paired t, and coverage for speeds."""
    rows: list[list[object]] = []
    for ops in (20, 40):
        for epochs in (1, 3, 10):
            null = Study(ops, 3, epochs, 0.0, 0.0, varies=False)
            row = [new_ops_coverage(rng, null, replicates)[1]]
            row.append(new_ops_coverage(rng, replace(null, effect=0.8, varies=True), replicates)[1])
            row += speed_coverage(rng, null, replicates, losses=False)
            row += speed_coverage(rng, null, replicates, losses=True)
            rows.append([ops, epochs, *(f"{share:.3f}" for share in row)])
    headers = [
        "T",
        "E",
        "type I error",
        "power at +13 points",
        "speed, new ops",
        "speed, suite",
        "with losses, new ops",
        "with losses, suite",
    ]
    return _markdown(headers, rows)


def gate_table(rng: np.random.Generator, replicates: int) -> str:
    """Error rates of the gate with 20 ops, 5 epochs and a margin of 10 points."""
    rows: list[list[object]] = []
    for models in (1, 3):
        for gate in GATES:
            worse, same = (gate.rates(20, models, loss) for loss in (0.1, 0.0))
            row: list[object] = [models, gate.name]
            for looks in ((5,), (2, 4, 5)):
                passed_worse, failed_worse, _ = gate_shares(rng, worse, looks, replicates)
                passed_same, failed_same, epochs = gate_shares(rng, same, looks, replicates)
                shares = (passed_worse, failed_worse, passed_same, failed_same)
                row += [f"{share:.3f}" for share in shares]
            rows.append([*row, f"{epochs:.1f}"])
    headers = [
        "M",
        "suite",
        *("PASS, -10", "FAIL, -10", "PASS, same", "FAIL, same") * 2,
        "epochs, same",
    ]
    return _markdown(headers, rows)


def correction_table(rng: np.random.Generator, replicates: int) -> str:
    """What plain normal intervals of this suite would do, beside the shipped ones."""
    rows: list[list[object]] = []
    for models in (1, 3):
        for epochs in (2, 3, 5):
            old, new = (
                correctness(rng, np.broadcast_to(rate, (replicates, models, 20)), epochs)
                for rate in (1.0, 0.9)
            )
            effect = suite_effect(old, new, proportion=True)
            plain = effect.estimate - 1.6448536 * _plain_error(old, new)
            row = [float(np.mean(bound > -0.1)) for bound in (plain, effect.bound(0.95, "lower"))]
            level = 0.15 * rng.standard_t(5, (2, replicates, models, 20, epochs))
            arms = [moments_of_samples(arm) for arm in level]
            effect = suite_effect(arms[0], arms[1], proportion=False)
            within = np.abs(effect.estimate)
            row.append(float(np.mean(within <= 1.959964 * _plain_error(arms[0], arms[1]))))
            row.append(
                float(np.mean(effect.bound(0.975, "lower") * effect.bound(0.975, "upper") <= 0))
            )
            rows.append([models, epochs, *(f"{share:.3f}" for share in row)])
    headers = ["M", "E", "PASS at -10, plain", "shipped", "speed covered, plain", "shipped"]
    return _markdown(headers, rows)


def _plain_error(old: Moments, new: Moments) -> FloatArray:
    cells = old.variances / old.samples + new.variances / new.samples
    return np.sqrt(cells.sum(axis=(-2, -1))) / (cells.shape[-2] * cells.shape[-1])


def patience_table(rng: np.random.Generator, replicates: int) -> str:
    """A single model with more epochs, in looks after 5 and 10."""
    rows: list[list[object]] = []
    for gate in GATES:
        row: list[object] = [gate.name]
        for looks in ((5, 10), (5, 10, 15)):
            passed_worse, _, _ = gate_shares(rng, gate.rates(20, 1, 0.1), looks, replicates)
            passed_same, _, epochs = gate_shares(rng, gate.rates(20, 1, 0), looks, replicates)
            row += [f"{passed_worse:.3f}", f"{passed_same:.3f}", f"{epochs:.1f}"]
        rows.append(row)
    headers = ["M = 1", *("PASS, -10", "PASS, same", "epochs, same") * 2]
    return _markdown(headers, rows)


TABLES: dict[str, Callable[[np.random.Generator, int], str]] = {
    "intervals": interval_table,
    "errors": error_table,
    "gate": gate_table,
    "patience": patience_table,
    "corrections": correction_table,
}


def _markdown(headers: list[str], rows: list[list[object]]) -> str:
    return tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True)


def main() -> None:
    """Print the tables, or put them between their marks in a file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--replicates", type=int, default=4000, help="studies for each figure")
    parser.add_argument("--write", type=Path, help="a Markdown file with marks for the tables")
    options = parser.parse_args()
    page = options.write.read_text(encoding="utf-8") if options.write else ""
    for name, table in TABLES.items():
        begin = time.monotonic()
        text = table(np.random.default_rng(SEED), options.replicates)
        print(f"{name}, {time.monotonic() - begin:.0f} s\n\n{text}\n", flush=True)
        marks = f"<!-- {name} -->", f"<!-- /{name} -->"
        page = re.sub(
            f"{marks[0]}.*?{marks[1]}", f"{marks[0]}\n{text}\n{marks[1]}", page, flags=re.DOTALL
        )
    if options.write:
        options.write.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
