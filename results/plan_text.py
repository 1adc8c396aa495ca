"""A plan as a table and as a plot."""

import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from tabulate import tabulate

from .plan import Plan
from .statistics import smallest_detectable, wording

_PLOTTED_OPS = (8, 20, 40, 80)


def render_plan(plan: Plan) -> str:
    """A plan for a terminal: a row for each number of epochs, and what follows from them.

    Args:
        plan: Result of `make_plan`.
    """
    optional = {
        "tokens": [_large(row.tokens) for row in plan.rows],
        "cost": ["–" if math.isnan(row.cost) else f"${row.cost:,.2f}" for row in plan.rows],
        f"{plan.ops} ops show": [
            wording.detectable(row.detectable, plan.unit) for row in plan.rows
        ],
    }
    columns = {
        "epochs": [str(row.epochs) for row in plan.rows],
        "ops": [_large(row.ops) for row in plan.rows],
        "samples": [_large(row.samples) for row in plan.rows],
        **{name: cells for name, cells in optional.items() if set(cells) != {"–"}},
    }
    table = tabulate(
        columns, headers="keys", tablefmt="simple", stralign="right", disable_numparse=True
    )
    effect = wording.detectable(plan.effect, plan.unit)
    title = (
        f"To see {effect} of {wording.metric_label(plan.metric)} in {100 * plan.power:g} % of "
        f"runs, {wording.count(plan.models, 'model')}:"
    )
    return "\n".join([title, "", table, "", *_advice(plan)])


def _advice(plan: Plan) -> list[str]:
    variances = plan.variances
    lines = [
        f"Variances ({variances.source}): {variances.within:.3g} within cells, "
        f"{variances.between(plan.models):.3g} between ops."
    ]
    helpful = plan.epochs_that_help
    if math.isinf(helpful):
        lines.append("No spread between ops: epochs help as much as ops.")
    else:
        lines.append(
            f"Beyond {max(1, round(helpful))} epochs add ops: epochs hardly help any more."
        )
    if plan.ops is None:
        return lines
    fewest = plan.fewest_epochs
    said = (
        f"{plan.ops} ops suffice with {fewest} epochs."
        if fewest
        else (f"{plan.ops} ops do not suffice with {plan.rows[-1].epochs} epochs: add ops.")
    )
    return [*lines, said]


def _large(value: float) -> str:
    if math.isnan(value):
        return "–"
    return "over 100,000" if math.isinf(value) else f"{value:,.0f}"


def plot_plan(plan: Plan, file: Path) -> None:
    """Plot the smallest detectable effect over epochs, a line for each number of ops.

    Args:
        plan: Result of `make_plan`.
        file: Where to; its ending says the format (.svg, .png, .pdf).
    """
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    epochs = np.arange(1, max(row.epochs for row in plan.rows) + 1)
    wanted = {plan.ops} if plan.ops is not None and plan.ops > 1 else set[int]()
    for ops in sorted(wanted.union(_PLOTTED_OPS)):
        able = [
            smallest_detectable(
                math.sqrt(plan.variances.of_op(plan.models, int(each))), ops, plan.power
            )
            for each in epochs
        ]
        shown = 100 * np.array(able) if plan.unit == "points" else np.exp(able)
        axes.plot(epochs, shown, label=f"{ops} ops", linewidth=2.5 if ops == plan.ops else 1.5)
    axes.axhline(plan.effect, color="black", linestyle="--", linewidth=1, label="wanted")
    if plan.epochs_that_help < epochs[-1]:
        axes.axvline(plan.epochs_that_help, color="grey", linestyle=":", label="add ops from here")
    unit = "points" if plan.unit == "points" else "ratio"
    axes.set_xlabel("epochs")
    axes.set_ylabel(f"smallest detectable effect, {unit}")
    axes.set_title(
        f"{wording.metric_label(plan.metric)}, {wording.count(plan.models, 'model')}, "
        f"power {100 * plan.power:g} %"
    )
    axes.legend(frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(file)
