"""The two arms of a gate as paired samples."""

import numpy as np
import pandas as pd

from ..errors import MissingArmError
from ..statistics import POOLED
from ..statistics.cells import Pair, Samples, number_samples, pair_samples
from ..statistics.wording import count
from ..table import refuse_definitions, refuse_judges

OLD, NEW = "old", "new"

ADVISED_OPS = 20


def join_arms(old: pd.DataFrame, new: pd.DataFrame, *, mix: bool) -> pd.DataFrame:
    """Put the rows of two arms under the variants `old` and `new`.

    A model that ran on several machines or in several languages counts as one model on each, since
    hardware is a stratum: its samples are never averaged.

    Raises:
        MixedSelectionError: The arms were judged by different judges, or asked different ops.
    """
    rows = pd.concat([old.assign(variant=OLD), new.assign(variant=NEW)], ignore_index=True)
    refuse_definitions(rows)
    if not mix:
        refuse_judges(rows)
    if len(rows[["hardware", "language"]].drop_duplicates()) > 1:
        rows["model"] = rows["model"] + " on " + rows["hardware"] + "/" + rows["language"]
    return rows


def pair_arms(rows: pd.DataFrame) -> tuple[Samples, list[tuple[str, Pair]]]:
    """Pair the arms: for the pool of models first, then for each model if there are several.

    Raises:
        MissingArmError: No model ran an op in both arms.
    """
    samples = number_samples(rows)
    pool = pair_samples(samples, OLD, NEW)
    if not len(pool.ops):
        raise MissingArmError(
            f"No operation has a scored sample of each model in both arms "
            f"({count(pool.infra_failures, 'sample')} lost to the harness): gate logs of the same "
            "models and suite, and judge lost samples again by `skilldyno score`."
        )
    pairs = [(POOLED, pool)]
    if len(pool.models) > 1:
        names = [samples.models[index] for index in pool.models]
        pairs += [(name, pair_samples(samples, OLD, NEW, [name])) for name in names]
    return samples, pairs


def remarks_on(rows: pd.DataFrame, samples: Samples, pool: Pair) -> tuple[str, ...]:
    """What a reader of a gate must know of its data, each a sentence."""
    found: list[str] = []
    if len(pool.ops) < ADVISED_OPS:
        found.append(f"{count(len(pool.ops), 'op')}: a gate should have at least {ADVISED_OPS}.")
    if pool.infra_failures:
        errored, unscored = (
            int(np.sum(rows["status"] == status)) for status in ("errored", "unscored")
        )
        found.append(
            f"Lost to the harness: {count(pool.infra_failures, 'sample')} ({errored} errored, "
            f"{unscored} unscored); dropped with them from the "
            f"other arm: {count(pool.dropped_samples, 'sample')}."
        )
    if pool.dropped_ops:
        found.append(f"Left out, not scored in both arms: {', '.join(pool.dropped_ops)}.")
    gone = set(samples.models) - {samples.models[index] for index in pool.models}
    if gone:
        found.append(f"Left out, in one arm only: {', '.join(sorted(gone))}.")
    judges = len(set(rows["judge_digest"]))
    if judges > 1:
        found.append(f"Judged by {judges} versions of the judge, mixed by request.")
    return tuple(found)
