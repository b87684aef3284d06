"""The event log: what happened, when and to whom, in the order it was recorded.

One row per event. Ids that do not apply are -1. Times are simulated seconds since the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class EventKind(IntEnum):
    """What a row of the log says; the comment names the columns that it fills."""

    ORDER_PLACED = 0  # order, value = number of lines
    ORDER_ASSIGNED = 1  # order, station
    ORDER_DONE = 2  # order, station, value = cycle time in s
    LINE_DONE = 3  # order, station, pod, line, value = units picked
    RETURN_DONE = 4  # order, station, pod, line, value = units put in
    LINE_SHORT = 5  # order, station, line, value = units that stock could not cover
    TASK_OPENED = 6  # task, pod, station, cell = where the task begins
    TASK_ASSIGNED = 7  # task, unit, pod, station
    TASK_DONE = 8  # task, unit, pod, station, cell; value = seconds since it was assigned
    POD_LIFTED = 9  # unit, pod, cell
    POD_PRESENTED = 10  # task, unit, pod, station, cell
    POD_SERVED = 11  # task, unit, pod, station; value = lines handled
    POD_STORED = 12  # unit, pod, cell
    ERRAND_STARTED = 13  # unit, task, cell = goal, pod or order carried; value = cell of departure
    ERRAND_DONE = 14  # unit, task, cell = goal; value = cells driven since it started
    CONTACT = 15  # unit, cell; value = the other unit, -1 an obstacle or the edge, -2 a pod
    FAULT = 16  # unit, cell, value = FaultCode
    TASK_RETURNED = 17  # task, unit, pod, station, cell = goal of the errand that is given up
    CONDITION = 18  # unit, cell, value = Condition flags that hold now
    STOPPED = 19  # unit, cell: it is led around from now on; value = seconds without progress
    GOES_ON = 20  # unit, cell: it is not led around any more
    GAVE_UP = 21  # unit, cell, value = last step that it keeps
    CELL_BLOCKED = 22  # unit that saw it, cell
    CELLS_CLOSED = 23  # value = cells that nobody enters from now on
    ADMITTED = 24  # unit, cell
    NOT_ADMITTED = 25  # unit, cell, value = unit that holds it or -1
    REMOVED = 26  # unit, cell where it was last
    OPERATION = 27  # unit, value = number of the kind (fleet_control.operations)
    CUT_OFF = 28  # first cell that nobody enters; value = cells and stations out of reach, 0: none
    SCAN_REFUSED = 29  # station, line; value = StationEvent: wrong pod or SKU
    STATION_NOT_READY = 30  # station
    STATION_READY = 31  # station
    TASK_CANCELLED = 32  # task, pod, station, cell: given up before its pod was lifted
    ORDER_CANCELLED = 33  # order, station or -1; value = lines that are not handled
    TIPPED = 34  # unit, cell; value = degrees that it leans
    SLIPPED = 35  # unit, cell; value = m/s between a wheel and the floor
    OVERLOADED = 36  # unit, cell; value = share of the wheel motors' torque, or 0: its lift
    AWAITED = 37  # unit: nobody moves until it is known where it stands
    ALL_PLACED = 38  # unit that was awaited last: all may move


NAMES = ("time_s", "kind", "unit", "task", "pod", "station", "order", "line", "cell", "value")
_DTYPES = (np.float64, np.int8, *[np.int32] * 7, np.float64)
Columns = dict[str, NDArray[np.generic]]


class EventLog:
    """Append-only; `columns` turns it into arrays."""

    def __init__(self) -> None:
        self._before: list[Columns] = []
        self._n_before = 0
        self._rows: list[tuple[float, int, int, int, int, int, int, int, int, float]] = []

    def add(
        self,
        time_s: float,
        kind: EventKind,
        *,
        unit: int = -1,
        task: int = -1,
        pod: int = -1,
        station: int = -1,
        order: int = -1,
        line: int = -1,
        cell: int = -1,
        value: float = 0.0,
    ) -> None:
        self._rows.append((time_s, kind, unit, task, pod, station, order, line, cell, value))

    def __len__(self) -> int:
        return self._n_before + len(self._rows)

    def restore(self, pieces: Sequence[Columns]) -> None:
        """Become a log of these rows alone. pieces: as `columns` gave them, in order."""
        self._before = list(pieces)
        self._n_before = sum(len(piece["kind"]) for piece in pieces)
        self._rows = []

    def rows_since(self, first: int) -> list[tuple[float, ...]]:
        """Rows from number `first` on that have not been folded, in the order of NAMES."""
        return [*self._rows[max(first - self._n_before, 0) :]]

    def fold(self) -> None:
        """Put the rows so far away as columns, which take a quarter of the room."""
        if self._rows:
            self._before.append(self.columns(self._n_before))
            self._n_before += len(self._rows)
            self._rows = []

    def columns(self, first: int = 0) -> Columns:
        """The rows from number `first` on as named columns of equal length, in the order of
        recording. Rows that were restored or folded come as a whole: first is 0 or behind them."""
        start = max(first - self._n_before, 0)
        table: list[tuple[float, ...]] = list(zip(*self._rows[start:], strict=True)) or [()] * 10
        pieces = self._before if first < self._n_before else []
        return {
            name: np.concatenate([*(piece[name] for piece in pieces), np.array(values, dtype)])
            for name, values, dtype in zip(NAMES, table, _DTYPES, strict=True)
        }
