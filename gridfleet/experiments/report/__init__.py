"""Pages of experiments, and the data behind every figure on them."""

from gridfleet.experiments.report.comparison_page import write_comparison

__all__ = ["write_comparison"]
