"""The gate: did a new arm do worse than an old one on this suite?"""

from .decide import Criterion, GateResult, gate_rows
from .false_alarms import FalseAlarms, count_false_alarms, decide_moments
from .margin import DEFAULT_MARGINS, Margin, MarginError, parse_margins
from .verdict import Verdict, verdicts

__all__ = [
    "DEFAULT_MARGINS",
    "Criterion",
    "FalseAlarms",
    "GateResult",
    "Margin",
    "MarginError",
    "Verdict",
    "count_false_alarms",
    "decide_moments",
    "gate_rows",
    "parse_margins",
    "verdicts",
]
