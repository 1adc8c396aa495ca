"""What the tables of a comparison say, before they are laid out as text or as Markdown."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .statistics import (
    ESTIMATES_ONLY_BELOW,
    POOLED,
    PRIMARY,
    Arm,
    Comparison,
    Contrast,
    room_for_speed,
    wording,
)

NAME_WIDTH = 28
_MOST_TRIES = 3
_MEASUREMENTS = (1, 2, 4, 8)


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes:
        title: One line.
        headers: Of the columns.
        rows: Cells; a row of one cell alone is a heading over those after it.
        notes: Sentences below it.
    """

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def tables(comparison: Comparison) -> list[Table]:
    """Every table of a comparison.

    Args:
        comparison: Result of `compare`.

    Returns:
        Tables of arms, of what they opened and measured, of what they cost and of what k tries
        give, as far as any of it is known, and one of contrasts for each variant. With several
        models the pool is shown in every metric, and each model in the primary ones.
    """
    found = [_arms(comparison), _work(comparison), _costs(comparison), _tries(comparison)]
    for variant in comparison.variants:
        found.append(_contrasts(comparison, variant))
        kinds = [
            each for each in comparison.by_kind if each.variant == variant and not each.saturated
        ]
        found += [_kinds(kinds)] if kinds else []
    return [table for table in found if table is not None]


def _arms(comparison: Comparison) -> Table:
    headers = [
        "arm",
        "correct",
        "[95 %]",
        "built",
        "fast_1",
        "speedup",
        "roofline",
        "lost",
    ]
    rows = _by_model(comparison, _arm_row)
    parts = [wording.count(len(comparison.ops), "op"), comparison.hardware, comparison.language]
    if comparison.mode != "single":
        parts.append(f"mode {comparison.mode}")
    if comparison.speed_baseline:
        parts.append(f"speedup over {comparison.speed_baseline}")
    title = ", ".join(parts)
    return Table(title, headers, rows)


def _arm_row(arm: Arm) -> list[str]:
    low, high = arm.correct.confidence_interval()
    return [
        wording.shorten(arm.variant, NAME_WIDTH),
        f"{arm.verdicts.get('correct', 0)}/{arm.samples - arm.infra_failures}",
        f"[{100 * low:.0f}, {100 * high:.0f}]" if arm.correct.ops >= ESTIMATES_ONLY_BELOW else "",
        wording.level("compiled", "points", 100 * arm.compiled.estimate),
        wording.level("fast_1", "points", 100 * arm.fast_1.estimate),
        wording.level("deployable_speedup", "ratio", arm.deployable_speedup),
        wording.level("roofline_share", "ratio", arm.roofline_share),
        str(arm.infra_failures),
    ]


def _by_model(comparison: Comparison, row: Callable[[Arm], list[str]]) -> list[list[str]]:
    rows: list[list[str]] = []
    for model in comparison.models:
        if len(comparison.models) > 1:
            rows.append([wording.shorten(model, NAME_WIDTH)])
        rows += [row(arm) for arm in comparison.arms if arm.model == model]
    return rows


def _costs(comparison: Comparison) -> Table | None:
    """Tokens and seconds of a sample, dollars of the arm; nothing where nothing was told."""
    if all(math.isnan(arm.cost.output_tokens) for arm in comparison.arms):
        return None
    headers = ["arm", "input", "cached", "output", "reasoning", "model", "judge"]
    headers += ["cost", "a correct", "a doubling"]
    title = "Tokens and time of a sample, cost of the arm"
    return Table(title, headers, _by_model(comparison, _cost_row))


def _cost_row(arm: Arm) -> list[str]:
    cost = arm.cost
    priced = not math.isnan(cost.dollars)
    each = (cost.dollars_per_correct, cost.dollars_per_doubling)
    return [
        wording.shorten(arm.variant, NAME_WIDTH),
        wording.tokens(cost.input_tokens),
        wording.tokens(cost.cached_tokens),
        wording.tokens(cost.output_tokens),
        wording.tokens(cost.reasoning_tokens),
        wording.seconds(cost.model_seconds),
        wording.seconds(cost.judge_seconds),
        wording.dollars(cost.dollars),
        *(wording.dollars(amount) if priced and not math.isnan(amount) else "–" for amount in each),
    ]


def _work(comparison: Comparison) -> Table | None:
    """What was opened and measured, where there was something to open or to measure."""
    works = [arm.work for arm in comparison.arms]
    if all(math.isnan(work.activated) and math.isnan(work.judge_calls) for work in works):
        return None
    most = max(len(work.best_after) for work in works)
    steps = [n for n in _MEASUREMENTS if n <= most]
    headers = ["arm", "opened the Skill", "judge calls", *(f"best after {n}" for n in steps)]

    def row(arm: Arm) -> list[str]:
        work = arm.work
        # An agent that stopped earlier keeps its best.
        best = [work.best_after[min(n, len(work.best_after)) - 1 :][:1] for n in steps]
        return [
            wording.shorten(arm.variant, NAME_WIDTH),
            wording.level("", "points", 100 * work.activated),
            "–" if math.isnan(work.judge_calls) else f"{work.judge_calls:.1f}",
            *(wording.level("", "ratio", each[0] if each else math.nan) for each in best),
        ]

    return Table("Opened and measured, by the models", headers, _by_model(comparison, row))


def _tries(comparison: Comparison) -> Table | None:
    """What k tries give, where there are two or more of each op."""
    tries = sorted({k for arm in comparison.arms for k in arm.pass_at})
    if tries[-1:] < [2]:
        return None
    # What has room in a line.
    tries = [k for k in tries if len(tries) <= _MOST_TRIES or k != _MOST_TRIES]
    headers = ["arm", *(f"pass@{k}" for k in tries), *(f"best of {k}" for k in tries[1:])]

    def row(arm: Arm) -> list[str]:
        return [
            wording.shorten(arm.variant, NAME_WIDTH),
            *(wording.level("", "points", 100 * arm.pass_at.get(k, math.nan)) for k in tries),
            *(wording.level("", "ratio", arm.best_of.get(k, math.nan)) for k in tries[1:]),
        ]

    return Table("The best of k tries, deployable speedup", headers, _by_model(comparison, row))


def _contrasts(comparison: Comparison, variant: str) -> Table:
    of_variant = [each for each in comparison.shown if each.variant == variant]
    pooled = [each for each in of_variant if each.model == POOLED]
    models = pooled[0].models if len(pooled[0].models) > 1 else ()
    rows = [_contrast_row(each) for each in pooled]
    for model in models:
        primary = [each for each in of_variant if each.model == model and each.metric in PRIMARY]
        rows += [[wording.shorten(model, NAME_WIDTH)], *map(_contrast_row, primary)]
    headers = ["metric", "without", "with", "effect", "[95 %]", "p", "Holm p", "ops", "detectable"]
    title = f"{variant} against {comparison.baseline}"
    title += f", {len(models)} models pooled and each by itself" if models else ""
    return Table(title, headers, rows, _notes(comparison, pooled))


def _contrast_row(each: Contrast) -> list[str]:
    return [
        wording.metric_label(each.metric),
        wording.level(each.metric, each.unit, each.baseline_level),
        wording.level(each.metric, each.unit, each.variant_level),
        wording.amount(each.estimate, each.unit),
        wording.interval(each.ci_low, each.ci_high, each.unit) + ("*" if each.floor_binds else ""),
        wording.pvalue_cell(each.p),
        wording.pvalue_cell(each.p_holm),
        str(each.ops),
        wording.detectable(each.smallest_detectable, each.unit),
    ]


def _kinds(contrasts: list[Contrast]) -> Table:
    rows = [
        [
            each.kind,
            wording.metric_label(each.metric),
            wording.level(each.metric, each.unit, each.baseline_level),
            wording.level(each.metric, each.unit, each.variant_level),
            wording.amount(each.estimate, each.unit),
            wording.interval(each.ci_low, each.ci_high, each.unit),
            wording.pvalue_cell(each.p),
            wording.pvalue_cell(each.p_fdr),
            str(each.ops),
        ]
        for each in sorted(contrasts, key=lambda each: each.kind)
    ]
    headers = ["kind", "metric", "without", "with", "effect", "[95 %]", "p", "BH p", "ops"]
    title = "By kind of operation, exploratory, this suite alone"
    return Table(title, headers, rows)


def _notes(comparison: Comparison, contrasts: list[Contrast]) -> list[str]:
    correct = next(each for each in contrasts if each.metric == "correct")
    both = next(each for each in contrasts if each.metric == "conditional_speedup")
    epochs, cells = wording.count(correct.epochs, "epoch"), wording.count(both.cells, "cell")
    reach = "this suite alone" if correct.target == "this suite" else "ops like these"
    notes = [f"Intervals are for {reach}. Up to {epochs}; {cells} correct in both arms."]
    if both.cells:
        notes.append("Roofline: by ceilings that the judge measured on its machine.")
    if correct.saturated_ops:
        of_all = f"{len(correct.saturated_ops)} of {wording.count(correct.ops, 'op')}"
        named = "" if correct.saturated else f" ({', '.join(correct.saturated_ops)})"
        notes.append(f"Saturated, all correct in both arms: {of_all}{named}.")
    if room := room_for_speed(comparison.headroom):
        notes.append(f"{room}.")
    if correct.infra_failures:
        notes.append(
            f"Lost to the harness: {wording.count(correct.infra_failures, 'sample')} "
            f"({comparison.errored} errored, {comparison.unscored} unscored in all); dropped with "
            f"them from the other arm: {wording.count(correct.dropped_samples, 'sample')}."
        )
    notes += _tax_notes(comparison, correct.variant)
    if comparison.missing_cells:
        notes.append(f"Never run: {'; '.join(comparison.missing_cells)}.")
    if correct.dropped_ops:
        notes.append(f"Left out, not scored in every arm: {', '.join(correct.dropped_ops)}.")
    if correct.label:
        notes.append(f"{correct.label.capitalize()}: {wording.count(correct.ops, 'op')}.")
    if any(each.floor_binds for each in contrasts):
        notes.append(
            "* Set by the variance floor: chance within ops alone allows more than the spread "
            "between ops."
        )
    return notes


def _tax_notes(comparison: Comparison, variant: str) -> list[str]:
    taxes = [each for each in comparison.taxes if each.variant == variant]
    return [
        f"{wording.tax(each)}{f', {each.model}' if len(taxes) > 1 else ''}."
        for each in taxes
        if not math.isnan(each.output_tokens)
    ]
