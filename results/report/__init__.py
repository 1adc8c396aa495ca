"""The HTML report of a comparison, and its plots as pictures."""

from .plots import write_plots
from .write import Report, make_report, write_report

__all__ = ["Report", "make_report", "write_plots", "write_report"]
