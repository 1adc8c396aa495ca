"""`skilldyno plan`: how many operations and epochs it takes, before anything is paid."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import click
import numpy as np
import pandas as pd

from ..results.payload import plain
from ..results.plan import (
    ASSUMED,
    Plan,
    PlanError,
    Variances,
    make_plan,
    pilot_variances,
    plannable,
)
from ..results.plan_text import plot_plan, render_plan
from ..results.statistics.metrics import column
from ..results.table import read_rows

_DEFAULT_EFFECT = {"points": 10.0, "ratio": 1.10}


def plan_command(
    logs: list[Path],
    *,
    metric: str,
    effect: float | None,
    power: float,
    models: int,
    ops: int | None,
    variances: tuple[float, float] | None,
    tokens: tuple[float, float] | None,
    price: tuple[float, float] | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Print a plan from a pilot's logs, from given variances, or from assumed ones.

    Raises:
        UsageError: The logs, the metric or a number is not usable.
    """
    chosen = plannable(metric)
    pilot = read_rows(logs) if logs else None
    if variances is not None:
        known = Variances(variances[0], variances[1], 0.0, "given")
    elif pilot is not None:
        known = pilot_variances(pilot, chosen)
    elif metric in ASSUMED:
        known = ASSUMED[metric]
    else:
        raise PlanError(
            f"nothing is assumed of {metric}: give a pilot's logs, or --variances WITHIN BETWEEN, "
            f"or plan for {' or '.join(ASSUMED)}."
        )
    each, cost = _of_sample(pilot, tokens, price)
    plan = make_plan(
        known,
        chosen,
        effect if effect is not None else _DEFAULT_EFFECT[chosen.unit],
        power=power,
        models=models,
        ops=ops,
        tokens=each,
        cost=cost,
    )
    if plot is not None:
        plot_plan(plan, plot)
    click.echo(json.dumps(_payload(plan)) if as_json else render_plan(plan))


def _of_sample(
    pilot: pd.DataFrame | None,
    tokens: tuple[float, float] | None,
    price: tuple[float, float] | None,
) -> tuple[float, float]:
    if tokens is None and pilot is not None:
        names = ("input_tokens", "output_tokens")
        known = [values[~np.isnan(values)] for values in (column(pilot, name) for name in names)]
        if all(len(values) for values in known):
            tokens = (float(known[0].mean()), float(known[1].mean()))
    each = sum(tokens) if tokens is not None else math.nan
    if tokens is not None and price is not None:
        return each, (tokens[0] * price[0] + tokens[1] * price[1]) / 1e6
    costs = column(pilot, "cost") if pilot is not None else np.array([])
    costs = costs[~np.isnan(costs)]
    return each, float(costs.mean()) if len(costs) else math.nan


def _payload(plan: Plan) -> dict[str, object]:
    return plain(
        dataclasses.asdict(plan)
        | {
            "unit": plan.unit,
            "epochs_that_help": plan.epochs_that_help,
            "fewest_epochs": plan.fewest_epochs,
        }
    )
