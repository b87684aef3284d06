"""The same scenario in two engines, and how far what comes out of it differs."""

from gridfleet.crosscheck.compare import Comparison, Row, compare
from gridfleet.crosscheck.pair import Pair, run_pair
from gridfleet.crosscheck.side import CrosscheckError, Side, Span, run_side

__all__ = [
    "Comparison", "CrosscheckError", "Pair", "Row", "Side", "Span", "compare", "run_pair",
    "run_side",
]  # fmt: skip
