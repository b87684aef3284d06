"""What has come in since the courier was told last, as the rows of its records."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.link.messages import LINE, STATE, TERMINAL

_NO_STATES = np.empty(0, dtype=STATE)
_NO_TERMINALS, _NO_LINES = np.empty(0, dtype=TERMINAL), np.empty(0, dtype=LINE)


class Inbox:
    """state_rows, terminal_rows, line_rows: tuples as of fleet_control.link.messages. echoing:
    units that have confirmed an order."""

    def __init__(self) -> None:
        self.state_rows: list[Any] = []
        self.terminal_rows: list[Any] = []
        self.line_rows: list[Any] = []
        self.echoing: list[int] = []

    @property
    def has_any(self) -> bool:
        return bool(self.state_rows or self.terminal_rows or self.line_rows)

    def clear(self) -> None:
        self.state_rows.clear()
        self.terminal_rows.clear()
        self.line_rows.clear()
        self.echoing.clear()

    def states(self) -> NDArray[np.void]:
        return np.array(self.state_rows, dtype=STATE) if self.state_rows else _NO_STATES

    def terminals(self) -> NDArray[np.void]:
        rows = self.terminal_rows
        return np.array(rows, dtype=TERMINAL) if rows else _NO_TERMINALS

    def lines(self) -> NDArray[np.void]:
        return np.array(self.line_rows, dtype=LINE) if self.line_rows else _NO_LINES
