"""The self-contained HTML report of a comparison."""

from .write import render_report, write_report

__all__ = ["render_report", "write_report"]
