"""Paired statistics of Skill variants."""

from . import wording
from .arm import Arm
from .compare import compare
from .comparison import CONTROLS, Comparison, Finding
from .contrast import ESTIMATES_ONLY_BELOW, POOLED, Contrast
from .detectable import smallest_detectable
from .holm import holm
from .metrics import FAST_THRESHOLDS, METRICS, PRIMARY, Metric, fast
from .paired import ConfidenceInterval, PairedResult, paired_t, within_cell_variance
from .rate import Rate, clustered_rate, wilson
from .sign_flip import sign_flip

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
    "Finding",
    "Metric",
    "PairedResult",
    "Rate",
    "clustered_rate",
    "compare",
    "fast",
    "holm",
    "paired_t",
    "sign_flip",
    "smallest_detectable",
    "wilson",
    "within_cell_variance",
    "wording",
]
