"""Checks of logs that somebody else made: what agrees, what does not, and what nobody can check."""

from .finding import Finding, Report
from .verify import Wanted, verify_logs

__all__ = ["Finding", "Report", "Wanted", "verify_logs"]
