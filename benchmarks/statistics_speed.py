"""How long the statistics take on 100,000 samples, against plain pandas and scipy loops.

    python benchmarks/statistics_speed.py

Both sides compute the same quantities from the same rows in the same run: every metric of every
contrast, with losses dropped from both arms, the paired t, the variance floor and the sign-flip
test.  The largest difference between their estimates, bounds and p-values is printed.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import scipy.stats

from skilldyno.results.gate import DEFAULT_MARGINS, count_false_alarms, gate_rows
from skilldyno.results.gate.text import render_gate
from skilldyno.results.report.curve import curve_plot, fast_curves
from skilldyno.results.report.forest import forest_plots
from skilldyno.results.report.operations import heatmap, slopes
from skilldyno.results.report.slope import slope_plot
from skilldyno.results.statistics import METRICS, POOLED, Contrast, Metric, compare, sign_flip
from skilldyno.results.table import SCHEMA
from skilldyno.results.terminal import render

SEED = 7
MODELS, VARIANTS = ("lab/a", "lab/b", "lab/c"), ("none", "one@111111", "two@222222", "sham")
OPS = tuple(f"op_{index:02}" for index in range(40))

Result = TypeVar("Result")


def synthetic_rows(samples: int) -> pd.DataFrame:
    """Rows as `read_rows` gives them: 3 models, 4 variants, 40 ops, and the epochs that fit."""
    rng = np.random.default_rng(SEED)
    cells = len(MODELS) * len(VARIANTS) * len(OPS)
    epochs = -(-samples // cells)
    index: Any = pd.MultiIndex.from_product(
        [MODELS, VARIANTS, OPS, range(1, epochs + 1)], names=["model", "variant", "op", "epoch"]
    )
    rows: Any = index.to_frame(index=False)
    size = len(rows)
    rate = rng.uniform(0.2, 1, len(OPS))[np.tile(np.repeat(np.arange(len(OPS)), epochs), 12)]
    correct = rng.random(size) < rate
    scored = rng.random(size) > 0.01
    speedup = np.exp(rng.normal(0.4, 0.5, size))
    numbers = {
        "compiled": np.where(scored, 1.0, np.nan),
        "correct": np.where(scored, correct, np.nan),
        "speedup": np.where(scored & correct, speedup, np.nan),
        "roofline_fraction": np.where(scored & correct, speedup / 20, np.nan),
        "input_tokens": rng.uniform(300, 500, size),
        "output_tokens": rng.uniform(900, 2_000, size),
    }
    texts = {
        "hardware": "cpu-x86_64",
        "language": "cpp",
        "speed_baseline": "eager",
        "status": np.where(scored, "scored", "unscored"),
        "verdict": np.where(scored, np.where(correct, "correct", "incorrect"), "infra_error"),
        "eval_task": rows["op"] + "/cpu-x86_64/cpp",
        "family": np.where(rows["op"] < "op_20", "norm", "matmul"),
    }
    rows = rows.assign(**numbers, **texts, best_after=[[] for _ in range(size)])
    for column in SCHEMA:
        if column.name not in rows:
            rows[column.name] = {"str": "", "float": np.nan, "bool": False}.get(column.dtype)
    return rows.astype({column.name: column.dtype for column in SCHEMA})


def plain_contrasts(rows: pd.DataFrame) -> dict[tuple[str, str, str], tuple[float, ...]]:
    """Estimate, bounds, p and sign-flip p of every contrast, by loops over pandas groups."""
    found: dict[tuple[str, str, str], tuple[float, ...]] = {}
    for variant in VARIANTS[1:]:
        for name, models in [(POOLED, MODELS), *((model, (model,)) for model in MODELS)]:
            arms = [_arm(rows, each, models) for each in ("none", variant)]
            lost = [set(arm[arm["status"] != "scored"]["slot"]) for arm in arms]
            kept: list[Any] = [arm[~arm["slot"].isin(lost[0] | lost[1])] for arm in arms]
            for metric in METRICS:
                found[metric.name, variant, name] = _plain_contrast(kept, metric, models)
    return found


def _arm(rows: Any, variant: str, models: tuple[str, ...]) -> Any:
    arm = rows[(rows["variant"] == variant) & rows["model"].isin(models)].copy()
    arm["slot"] = [
        f"{model}/{op}/{epoch}"
        for model, op, epoch in zip(arm["model"], arm["op"], arm["epoch"], strict=True)
    ]
    return arm


def _plain_contrast(arms: list[Any], metric: Metric, models: tuple[str, ...]) -> tuple[float, ...]:
    differences: list[float] = []
    floor = 0.0
    cells: list[list[tuple[float, int]]] = [[], []]
    for op in OPS:
        by_model: list[float] = []
        for model in models:
            means: list[float] = []
            for arm, held in zip(arms, cells, strict=True):
                cell = arm[(arm["model"] == model) & (arm["op"] == op)]
                values = pd.Series(metric.values(cell)).dropna()
                means.append(values.mean())
                held.append((values.sum(), len(values)))
            by_model.append(means[1] - means[0])
        differences.append(float(np.nanmean(by_model)))
    test: Any = scipy.stats.ttest_1samp(differences, 0)
    low, high = test.confidence_interval()
    p, estimate = test.pvalue, float(np.mean(differences))
    if metric.unit == "points":
        for held in cells:
            for model in range(len(models)):
                mine = held[model :: len(models)]
                total = (sum(x for x, _ in mine) + 0.5) / (sum(n for _, n in mine) + 1)
                for x, n in mine:
                    rate = (x + total) / (n + 1)
                    floor += rate * (1 - rate) / n / len(held) ** 2
        half = scipy.stats.norm.ppf(0.975) * floor**0.5
        low, high = min(low, estimate - half), max(high, estimate + half)
        p = np.nanmax([p, 2 * scipy.stats.norm.sf(abs(estimate) / floor**0.5)])
    flipped: Any = scipy.stats.permutation_test(
        (np.array(differences),),
        np.mean,
        permutation_type="samples",
        n_resamples=9_999,
        rng=np.random.default_rng(SEED),
    )
    return estimate, low, high, float(p), flipped.pvalue


def largest_difference(
    contrasts: tuple[Contrast, ...], plain: dict[tuple[str, str, str], tuple[float, ...]]
) -> float:
    """Between estimates, bounds and p-values of both; the sign-flips draw other signs."""
    worst = 0.0
    for each in contrasts:
        estimate, low, high, p, _ = plain[each.metric, each.variant, each.model]
        theirs = np.array([estimate, low, high])
        shown = 100 * theirs if each.unit == "points" else np.exp(theirs)
        mine = np.array([each.estimate, each.ci_low, each.ci_high])
        pair = np.append(mine - shown, each.p - p)
        worst = max(worst, float(np.nanmax(np.abs(pair))))
    return worst


def timed(label: str, action: Callable[[], Result]) -> tuple[float, Result]:
    """Run something once, and print how long it took."""
    begin = time.perf_counter()
    result = action()
    seconds = time.perf_counter() - begin
    print(f"{label:<52}{seconds:8.3f} s", flush=True)
    return seconds, result


def main() -> None:
    """Time both sides, and everything that a user waits for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", type=int, default=100_000)
    options = parser.parse_args()
    rows = synthetic_rows(options.samples)
    print(f"{len(rows):,} samples")
    timed("compare, first call", lambda: compare(rows))
    ours, comparison = timed("compare", lambda: compare(rows))
    waited = ours
    waited += timed("tables as text", lambda: render(comparison))[0]
    with TemporaryDirectory() as folder:
        plots = Path(folder)

        def draw() -> None:
            drawn = [*forest_plots(comparison)]
            drawn.extend(
                slope_plot(each, f"slope-{variant}", variant, "none")
                for variant, each in slopes(comparison, rows).items()
            )
            drawn.extend(
                curve_plot(curve, f"fast-p-{curve.variant}", "none", "eager")
                for curve in fast_curves(comparison, rows)
            )
            for plot in drawn:
                (plots / f"{plot.name}.svg").write_text(plot.svg, encoding="utf-8")
            heatmap(comparison, rows)

        waited += timed("plots and heatmap", draw)[0]
    old, new = (rows.take(np.flatnonzero(rows["variant"] == name)) for name in VARIANTS[:2])
    waited += timed("gate", lambda: render_gate(gate_rows(old, new, DEFAULT_MARGINS)))[0]
    print(f"{'compare, tables, plots and gate':<52}{waited:8.3f} s")
    timed("A/A of one arm, 1,000 draws", lambda: count_false_alarms(old, DEFAULT_MARGINS))
    many = np.random.default_rng(SEED).normal(size=(100, 40))
    timed("sign-flip, 100 contrasts of 40 ops", lambda: [sign_flip(each) for each in many])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'memory at its highest so far':<52}{memory:8.0f} MB")
    plain, contrasts = timed("the contrasts, plain loops", lambda: plain_contrasts(rows))
    print(f"{'ratio':<52}{plain / ours:8.0f}")
    print(f"{'largest difference':<52}{largest_difference(comparison.contrasts, contrasts):8.1e}")


if __name__ == "__main__":
    main()
