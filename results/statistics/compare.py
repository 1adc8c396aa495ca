"""The paired comparison of variants with their baseline."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ..errors import MissingArmError, MixedSelectionError
from .adjust import benjamini_hochberg, holm
from .arm import ARM_COLUMNS, Arm, count_verdicts, summarise_arm
from .cells import Pair, Samples, number_samples, pair_samples
from .comparison import CONTROLS, SHAM, Comparison
from .contrast import POOLED, Contrast, Target
from .cost import Tax, tax
from .estimate import contrast
from .headroom import headroom
from .metrics import METRICS, PRIMARY


def compare(rows: pd.DataFrame, baseline: str = "none", target: Target = "new ops") -> Comparison:
    """Compare every variant with a baseline, paired by op.

    Per op, D_t is the mean over models of (mean over epochs with the variant - the same with the
    baseline); the estimate is the mean of D_t. For new ops it is tested by a paired t on ops - 1
    degrees of freedom; for this suite only the epochs within cells are chance. A pool holds the
    ops that every model has in both arms; a conditional metric averages, per op, over the models
    that have a correct sample in both.

    Holm runs within each metric over two families: the pooled contrasts (one for each variant)
    and the single models' (models x variants). The two primary metrics are families of their own.

    Args:
        rows: Rows of `read_rows`, of one mode, one hardware profile and one language.
        baseline: The variant that the others are compared to.
        target: What the contrasts speak of; those of one kind of operation always speak of this
            suite, since a kind has few ops, and are exploratory.

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
        each
        for variant in variants
        for each in _variant_contrasts(samples, baseline, variant, target)
    ]
    members = [
        np.flatnonzero((samples.model == model) & (samples.variant == samples.variants.index(name)))
        for model in range(len(samples.models))
        for name in (baseline, *variants)
    ]
    about = rows.loc[:, list(ARM_COLUMNS)]
    arms = tuple(summarise_arm(about.take(arm)) for arm in members if len(arm))
    first = rows.iloc[0]
    return Comparison(
        baseline=baseline,
        models=samples.models,
        variants=tuple(variants),
        ops=samples.ops,
        mode=str(first["mode"]),
        hardware=str(first["hardware"]),
        language=str(first["language"]),
        speed_baseline=_speed_baseline(rows),
        samples=len(rows),
        verdicts=count_verdicts(rows),
        errored=int(np.sum(rows["status"] == "errored")),
        unscored=int(np.sum(rows["status"] == "unscored")),
        missing_cells=_missing_cells(samples, baseline, variants),
        judges=tuple(sorted(map(str, rows["judge_digest"].unique()))),
        arms=arms,
        contrasts=adjust(contrasts),
        by_kind=_explored(_kind_contrasts(samples, baseline, variants)),
        against_sham=adjust(_sham_contrasts(samples, baseline, variants, target)),
        headroom=headroom(rows),
        taxes=_taxes(arms, baseline),
    )


def _taxes(arms: tuple[Arm, ...], baseline: str) -> tuple[Tax, ...]:
    without = {arm.model: arm for arm in arms if arm.variant == baseline}
    return tuple(
        tax(
            arm.model,
            arm.variant,
            (without[arm.model].cost, without[arm.model].samples),
            (arm.cost, arm.samples),
        )
        for arm in arms
        if arm.variant != baseline and arm.model in without
    )


def _variant_contrasts(
    samples: Samples, baseline: str, variant: str, target: Target
) -> list[Contrast]:
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
    return [contrast(pair, metric, name, target) for metric in METRICS for name, pair in pairs]


def _kind_contrasts(samples: Samples, baseline: str, variants: list[str]) -> list[Contrast]:
    kinds = sorted(set(samples.families) - {""})
    if len(kinds) < 2:
        return []
    pairs = [
        (kind, pair_samples(samples, baseline, variant, family=kind))
        for variant in variants
        for kind in kinds
    ]
    primary = [metric for metric in METRICS if metric.name in PRIMARY]
    return [
        contrast(pair, metric, POOLED, "this suite", kind)
        for metric in primary
        for kind, pair in pairs
        if len(pair.ops)
    ]


def _missing_cells(samples: Samples, baseline: str, variants: list[str]) -> tuple[str, ...]:
    shape = (len(samples.models), len(samples.variants), len(samples.ops))
    ran = np.zeros(shape, dtype=bool)
    ran[samples.model, samples.variant, samples.op] = True
    compared = np.isin(samples.variants, [baseline, *variants])
    partly = ran.any(axis=2, keepdims=True) & compared[None, :, None] & ~ran
    return tuple(
        f"{samples.ops[op]} of {samples.models[model]} with {samples.variants[variant]}"
        for model, variant, op in zip(*np.nonzero(partly), strict=True)
    )


def _sham_contrasts(
    samples: Samples, baseline: str, variants: list[str], target: Target
) -> list[Contrast]:
    if baseline == SHAM or SHAM not in variants:
        return []
    skills = [variant for variant in variants if variant not in CONTROLS]
    pairs = [pair_samples(samples, SHAM, variant) for variant in skills]
    primary = [metric for metric in METRICS if metric.name in PRIMARY]
    return [
        contrast(pair, metric, POOLED, target)
        for pair in pairs
        if len(pair.models)
        for metric in primary
    ]


def adjust(contrasts: Sequence[Contrast]) -> tuple[Contrast, ...]:
    """Adjust the p-values of contrasts by Holm, as one selection of variants.

    Args:
        contrasts: Not yet adjusted; the families are the pooled and the single models' contrasts
            of each metric.
    """
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


def _explored(contrasts: list[Contrast]) -> tuple[Contrast, ...]:
    adjusted = adjust(contrasts)
    rates = benjamini_hochberg(np.array([each.p for each in adjusted]))
    return tuple(replace(each, p_fdr=float(q)) for each, q in zip(adjusted, rates, strict=True))


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
    parts = rows[["hardware", "language", "mode"]].drop_duplicates()
    named = parts["hardware"] + "/" + parts["language"]
    if len(set(parts["mode"])) > 1:
        named += "/" + parts["mode"]
    strata = sorted(named)
    if len(strata) > 1:
        raise MixedSelectionError(
            f"The selection mixes {', '.join(strata)}: compare the logs of one hardware "
            "profile, one language and one mode at a time."
        )


def _speed_baseline(rows: pd.DataFrame) -> str:
    timed = sorted(rows.loc[rows["speedup"].notna(), "speed_baseline"].unique())
    if len(timed) > 1:
        raise MixedSelectionError(
            f"The speedups are over different baselines ({', '.join(timed)}): judge the logs "
            "again with one of them."
        )
    return timed[0] if timed else ""
