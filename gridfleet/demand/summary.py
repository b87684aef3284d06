"""What became of every line of an order file: picked, stowed, or set aside and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ADJUSTMENT = "stock adjustment"
SERVICE = "service, not goods"
OUTSIDE = "outside the window"


@dataclass(frozen=True, slots=True)
class DemandSummary:
    """Counts of one demand; n_read = n_picks + n_returns + the sum of `set_aside`.

    source: where the orders came from. n_read: lines read. n_orders: orders to fill, those of
    returns only included. n_picks, n_returns: lines to pick and to stow; n_units_picked,
    n_units_returned: their units. n_skus: different goods. hours: from time 0 to the last order, or
    to the end of made-up orders.
    set_aside: lines by reason. service_codes: lines by code, of those set aside as services.
    """

    source: str
    n_read: int
    n_orders: int
    n_picks: int
    n_returns: int
    n_units_picked: int
    n_units_returned: int
    n_skus: int
    hours: float
    set_aside: Mapping[str, int] = field(default_factory=dict)
    service_codes: Mapping[str, int] = field(default_factory=dict)

    def sentences(self) -> list[str]:
        """The summary for a terminal or a report, one sentence each."""
        told = [
            f"{self.source}: {_count(self.n_read, 'line')} read, {_count(self.n_orders, 'order')} "
            f"for {_count(self.n_skus, 'SKU')} over {self.hours:.1f} h.",
            f"To pick: {_count(self.n_picks, 'line')}, {_count(self.n_units_picked, 'unit')}.",
        ]
        if self.n_returns:
            returned = _count(self.n_units_returned, "unit")
            told.append(f"Returns to stow: {_count(self.n_returns, 'line')}, {returned}.")
        for reason, n_lines in self.set_aside.items():
            codes = f" ({_list_codes(self.service_codes)})" if reason == SERVICE else ""
            told.append(f"Set aside as {reason}: {_count(n_lines, 'line')}{codes}.")
        return told


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _list_codes(codes: Mapping[str, int], n_named: int = 12) -> str:
    named = [f"{code} {n}" for code, n in list(codes.items())[:n_named]]
    rest = len(codes) - len(named)
    return ", ".join(named) + (f" and {rest} more codes" if rest > 0 else "")
