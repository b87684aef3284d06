"""The report of a run: one self-contained page for people who decide."""

from gridfleet.report.page import write_report

__all__ = ["write_report"]
