"""What can be wrong with the lines of an order file, each with its place and its cure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridfleet.demand.errors import MAX_LISTED, DemandError
from gridfleet.demand.presets import Preset
from gridfleet.demand.stock_files import Stock
from gridfleet.demand.table import OrderTable

MAX_QUANTITY = 100_000
"""More units than this in one line is taken for a slip of the keyboard."""
_DATE = "write it as 2011-11-14 08:10:00"

Bools = NDArray[np.bool_]


class FaultList:
    """Faults of a table by row; only as many are put into words as are shown."""

    def __init__(self, table: OrderTable) -> None:
        self._table = table
        self._found: list[tuple[int, str, str, str]] = []
        self.n_faults = 0

    def note(self, at_fault: Bools, name: str, what: str, cure: str) -> None:
        """`what` follows the text of the field in the message."""
        rows = np.flatnonzero(at_fault)
        self.n_faults += len(rows)
        self._found += [(int(row), name, what, cure) for row in rows[:MAX_LISTED]]

    def raise_if_any(self) -> None:
        """DemandError with the faults in the order of the file."""
        if self.n_faults:
            found = sorted(self._found)[:MAX_LISTED]
            raise DemandError([self._say(*fault) for fault in found], self.n_faults)

    def _say(self, row: int, name: str, what: str, cure: str) -> str:
        text = self._table.texts[name][row]
        return f'{self._table.place(row, name)}: "{text}" {what}; {cure}'


def check_lines(table: OrderTable, preset: Preset, is_return_order: Bools) -> None:
    """Raise DemandError with every fault of the lines.

    is_return_order: bool[k], lines of orders that take goods back.
    """
    faults = FaultList(table)
    for name in ("order_id", "sku"):
        faults.note(table.texts[name] == "", name, "is missing", "fill it in or remove the line")
    _check_quantities(faults, table, preset, is_return_order)
    _check_times(faults, table)
    if "unit_price" in table.values:
        wrong = ~np.isfinite(table.values["unit_price"])
        faults.note(wrong, "unit_price", "is not a number", "write a price such as 2.95")
    faults.raise_if_any()


def check_known(table: OrderTable, is_work: Bools, stock: Stock) -> None:
    """Raise DemandError with every line for goods that the stock file does not know.

    is_work: bool[k], lines to pick or stow.
    """
    known = set(stock.sku_names)
    unknown = np.array([sku not in known for sku in table.texts["sku"]], dtype=bool) & is_work
    faults = FaultList(table)
    cure = "add it there, with 0 units if there are none, or remove the line"
    faults.note(unknown, "sku", f"is not in the stock file {stock.source}", cure)
    faults.raise_if_any()


def _check_quantities(
    faults: FaultList, table: OrderTable, preset: Preset, is_return_order: Bools
) -> None:
    quantities = table.values["quantity"]
    whole = np.isfinite(quantities) & (quantities == np.rint(quantities))
    faults.note(~whole, "quantity", "is not a whole number", "write whole units")
    faults.note(whole & (quantities == 0), "quantity", "orders nothing", "remove the line")
    absurd = whole & (np.abs(quantities) > MAX_QUANTITY)
    faults.note(absurd, "quantity", f"is beyond {MAX_QUANTITY:,} units", "check it or split it")
    if not preset.allows_returns:
        cure = 'remove the line, or read the file with preset "with-returns" to stow such lines'
        faults.note(whole & (quantities < 0), "quantity", "is negative", cure)
    cure = f'in an order whose id begins with "{preset.return_prefix}" make it negative'
    faults.note(is_return_order & (quantities > 0), "quantity", "is no return", cure)


def _check_times(faults: FaultList, table: OrderTable) -> None:
    placed_s = table.values["placed_at"]
    faults.note(np.isnan(placed_s), "placed_at", "is not a date and time", _DATE)
    if "due_at" not in table.values:
        return
    due_s = table.values["due_at"]
    unreadable = np.isnan(due_s) & (table.texts["due_at"] != "")
    faults.note(unreadable, "due_at", "is not a date and time", _DATE)
    early = due_s < placed_s
    faults.note(early, "due_at", "is before the order was placed", "correct one of the two")
