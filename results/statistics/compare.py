"""The paired comparison of variants with their baseline."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pandas as pd

from ..errors import MissingArmError, MixedSelectionError
from .arm import ARM_COLUMNS, count_verdicts, summarise_arm
from .cells import Pair, Samples, number_samples, pair_samples
from .comparison import CONTROLS, SHAM, Comparison
from .contrast import POOLED, Contrast, contrast
from .holm import holm
from .metrics import METRICS, PRIMARY


def compare(rows: pd.DataFrame, baseline: str = "none") -> Comparison:
    """Compare every variant with a baseline, paired by op, to target ops like these.

    Per op, D_t is the mean over models of (mean over epochs with the variant - the same with the
    baseline); the estimate is the mean of D_t, tested by a paired t on ops - 1 degrees of
    freedom. A pool holds the ops that every model has in both arms; a conditional metric
    averages, per op, over the models that have a correct sample in both.

    Holm runs within each metric over two families: the pooled contrasts (one for each variant)
    and the single models' (models x variants). The two primary metrics are families of their own.

    Args:
        rows: Rows of `read_rows`, of one hardware profile and one language.
        baseline: The variant that the others are compared to.

    Returns:
        The comparison.

    Raises:
        MissingArmError: There is no baseline arm, no other variant, or no model with both.
        MixedSelectionError: The rows come from several machines or languages, or their speedups
            have different baselines.
    """
    _refuse_strata(rows)
    samples = number_samples(rows)
    variants = _other_variants(samples, baseline)
    contrasts = [
        each for variant in variants for each in _variant_contrasts(samples, baseline, variant)
    ]
    members = [
        np.flatnonzero((samples.model == model) & (samples.variant == samples.variants.index(name)))
        for model in range(len(samples.models))
        for name in (baseline, *variants)
    ]
    about = rows.loc[:, list(ARM_COLUMNS)]
    first = rows.iloc[0]
    return Comparison(
        baseline=baseline,
        models=samples.models,
        variants=tuple(variants),
        ops=samples.ops,
        hardware=str(first["hardware"]),
        language=str(first["language"]),
        speed_baseline=_speed_baseline(rows),
        samples=len(rows),
        verdicts=count_verdicts(rows),
        arms=tuple(summarise_arm(about.take(arm)) for arm in members if len(arm)),
        contrasts=_adjusted(contrasts),
        against_sham=_adjusted(_sham_contrasts(samples, baseline, variants)),
    )


def _variant_contrasts(samples: Samples, baseline: str, variant: str) -> list[Contrast]:
    pooled = pair_samples(samples, baseline, variant)
    if not len(pooled.models):
        raise MissingArmError(
            f"No model ran both {variant} and {baseline}: add a log of {baseline} for a model "
            f"that ran {variant}."
        )
    pairs: list[tuple[str, Pair]] = [(POOLED, pooled)]
    if len(pooled.models) > 1:
        models = [samples.models[index] for index in pooled.models]
        pairs += [(model, pair_samples(samples, baseline, variant, [model])) for model in models]
    return [contrast(pair, metric, name) for metric in METRICS for name, pair in pairs]


def _sham_contrasts(samples: Samples, baseline: str, variants: list[str]) -> list[Contrast]:
    if baseline == SHAM or SHAM not in variants:
        return []
    skills = [variant for variant in variants if variant not in CONTROLS]
    pairs = [pair_samples(samples, SHAM, variant) for variant in skills]
    primary = [metric for metric in METRICS if metric.name in PRIMARY]
    return [
        contrast(pair, metric, POOLED) for pair in pairs if len(pair.models) for metric in primary
    ]


def _adjusted(contrasts: list[Contrast]) -> tuple[Contrast, ...]:
    families: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for index, each in enumerate(contrasts):
        families[each.metric, each.model == POOLED].append(index)
    adjusted = list(contrasts)
    for members in families.values():
        pvalues = np.array([contrasts[index].p for index in members])
        family = int(np.sum(~np.isnan(pvalues)))
        for index, p_holm in zip(members, holm(pvalues), strict=True):
            adjusted[index] = replace(contrasts[index], p_holm=float(p_holm), family=family)
    return tuple(adjusted)


def _other_variants(samples: Samples, baseline: str) -> list[str]:
    held = samples.variants
    if baseline not in held:
        raise MissingArmError(
            f"The selection has no arm {baseline}, only {', '.join(held)}: add its log, or name "
            "one of these as the baseline."
        )
    others = [variant for variant in held if variant != baseline]
    if not others:
        raise MissingArmError(
            f"The selection has the arm {baseline} only: add the log of a variant to compare."
        )
    return sorted(others, key=lambda variant: (variant in CONTROLS, variant))


def _refuse_strata(rows: pd.DataFrame) -> None:
    pairs = rows[["hardware", "language"]].drop_duplicates()
    strata = sorted(pairs["hardware"] + "/" + pairs["language"])
    if len(strata) > 1:
        raise MixedSelectionError(
            f"The selection mixes {', '.join(strata)}: compare the logs of one hardware profile "
            "and one language at a time."
        )


def _speed_baseline(rows: pd.DataFrame) -> str:
    timed = sorted(rows.loc[rows["speedup"].notna(), "speed_baseline"].unique())
    if len(timed) > 1:
        raise MixedSelectionError(
            f"The speedups are over different baselines ({', '.join(timed)}): judge the logs "
            "again with one of them."
        )
    return timed[0] if timed else ""
