"""Runs that were made: listed, compared with earlier ones, and deleted."""

from .changes import ArmChange, Rejudged, RunChanges, VerdictChange, compare_runs, earlier_run
from .removal import Removal, RemovalError, plan_removal, remove
from .runs import UNREADABLE, ArmLog, Run, RunFilter, find_run, find_runs
from .trend import TrendPoint, plot_trend, read_trend

__all__ = [
    "UNREADABLE",
    "ArmChange",
    "ArmLog",
    "Rejudged",
    "Removal",
    "RemovalError",
    "Run",
    "RunChanges",
    "RunFilter",
    "TrendPoint",
    "VerdictChange",
    "compare_runs",
    "earlier_run",
    "find_run",
    "find_runs",
    "plan_removal",
    "plot_trend",
    "read_trend",
    "remove",
]
