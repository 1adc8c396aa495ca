"""Paired statistics of Skill variants."""

from . import wording
from .adjust import benjamini_hochberg, holm
from .arm import Arm
from .at_k import OpAtK
from .compare import compare
from .comparison import CONTROLS, Comparison, Finding
from .contrast import ESTIMATES_ONLY_BELOW, POOLED, Contrast, Target
from .cost import Cost, Tax
from .curve import FastCurve, fast_curve
from .detectable import smallest_detectable
from .headroom import Headroom, room_for_speed
from .metrics import FAST_THRESHOLDS, METRICS, PRIMARY, Metric, fast
from .moments import Moments, moments_of_samples
from .paired import ConfidenceInterval, PairedResult, paired_t, within_cell_variance
from .rate import Rate, best_of_k, clustered_rate, pass_at_k, wilson
from .sign_flip import sign_flip
from .simultaneous import Simultaneous, rank_intervals, simultaneous_intervals
from .suite import StratifiedOdds, SuiteEffect, stratified_odds, suite_effect

__all__ = [
    "CONTROLS",
    "ESTIMATES_ONLY_BELOW",
    "FAST_THRESHOLDS",
    "METRICS",
    "POOLED",
    "PRIMARY",
    "Arm",
    "Comparison",
    "ConfidenceInterval",
    "Contrast",
    "Cost",
    "FastCurve",
    "Finding",
    "Headroom",
    "Metric",
    "Moments",
    "OpAtK",
    "PairedResult",
    "Rate",
    "Simultaneous",
    "StratifiedOdds",
    "SuiteEffect",
    "Target",
    "Tax",
    "benjamini_hochberg",
    "best_of_k",
    "clustered_rate",
    "compare",
    "fast",
    "fast_curve",
    "holm",
    "moments_of_samples",
    "paired_t",
    "pass_at_k",
    "rank_intervals",
    "room_for_speed",
    "sign_flip",
    "simultaneous_intervals",
    "smallest_detectable",
    "stratified_odds",
    "suite_effect",
    "wilson",
    "within_cell_variance",
    "wording",
]
