"""One unit at a time is escorted to its goal: the others clear its way, in plain sight of it.

In a corridor priority alone does not help. Whom an urgent unit pushes flees ahead of it for good
and passes every bay, and one that stands in a dead end cannot come out past the unit that wants to
go in. So of the units that are stuck, that which has been longest on its way is escorted until it
is there, and whom it pushes goes to the nearest empty cell off its way. Where those ahead have no
such cell but past it, the first of them is escorted instead, and gets out before the other goes on.

Who is escorted in vain gives way, and then somebody drawn by lot is; so no order of units is tried
again and again. Compare the swap of PIBT2 and LaCAM (Okumura), which looks at two units and a
junction; here a queue of units may have to make room.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.epibt_escort_kernels import FAR, measure_flight, trace_way
from fleet_control.mapf.grid import Grid

PATIENCE = 30
"""Steps without progress after which a unit is stuck."""
IN_VAIN = 60
"""Steps without progress of the escorted unit after which another is."""


class Escort:
    """unit: who is escorted in this step, or -1. flight: int32[n_cells], steps that a unit there
    needs out of the way."""

    def __init__(self, n_cells: int, turn_cost: int) -> None:
        self.unit = -1
        self.flight = np.zeros(n_cells, dtype=np.int32)
        self._turn_cost = turn_cost
        self._aim = self._since = -1
        self._is_by_lot = False
        self._way = np.zeros(n_cells, dtype=np.int32)
        self._queue = np.zeros(n_cells, dtype=np.int32)
        self._is_on_way = np.zeros(n_cells, dtype=bool)
        self._at_now = np.full(n_cells, -1, dtype=np.int32)

    def choose(
        self, step: int, cells: NDArray[np.int32], headings: NDArray[np.int8],
        aims: NDArray[np.int32], slots: NDArray[np.int32], loads: NDArray[np.int8], grid: Grid,
        fields: NDArray[np.uint16], since: NDArray[np.int64], last_progress: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        """Who is escorted in this step. since, last_progress: int64[n_units], steps in which each
        unit got its goal and in which it last came nearer to it."""
        units = np.flatnonzero((aims >= 0) & (cells >= 0) & (cells != aims))
        self._end_where_due(step, cells, aims, last_progress)
        if self.unit < 0:
            stuck = units[step - last_progress[units] >= PATIENCE]
            if not len(stuck):
                return
            pick = rng.integers(len(stuck)) if self._is_by_lot else since[stuck].argmin()
            self._begin(int(stuck[pick]), step, aims)
            self._is_by_lot = False
        self._at_now[:] = -1
        self._at_now[cells[cells >= 0]] = np.flatnonzero(cells >= 0)
        asked = {self.unit}
        while True:
            shut_in = self._shut_in(cells, headings, aims, slots, loads, grid, fields)
            if shut_in < 0:
                return
            if shut_in in asked or shut_in not in units:
                break
            asked.add(shut_in)
            self._begin(shut_in, step, aims)
        self.unit, self._is_by_lot = -1, True

    def _begin(self, unit: int, step: int, aims: NDArray[np.int32]) -> None:
        self.unit, self._since, self._aim = unit, step, int(aims[unit])

    def _end_where_due(
        self, step: int, cells: NDArray[np.int32], aims: NDArray[np.int32],
        last_progress: NDArray[np.int64],
    ) -> None:  # fmt: skip
        unit = self.unit
        if unit < 0:
            return
        if aims[unit] != self._aim or cells[unit] == self._aim or cells[unit] < 0:
            self.unit = -1
        elif step - max(self._since, int(last_progress[unit])) >= IN_VAIN:
            self.unit, self._is_by_lot = -1, True

    def _shut_in(
        self, cells: NDArray[np.int32], headings: NDArray[np.int8], aims: NDArray[np.int32],
        slots: NDArray[np.int32], loads: NDArray[np.int8], grid: Grid, fields: NDArray[np.uint16],
    ) -> int:  # fmt: skip
        """The first unit ahead if it could get off the way only past the escorted unit, else -1.
        Fills the way and the flight."""
        one = slice(self.unit, self.unit + 1)
        length = trace_way(
            cells[one].copy(), headings[one].copy(), aims[one].copy(), slots[one].copy(),
            loads[one].copy(), grid.neighbours, grid.surcharges, grid.through, grid.zones,
            grid.compact, fields, self._turn_cost, np.empty(1, dtype=np.int32), self._way,
            self._is_on_way,
        )  # fmt: skip
        measure_flight(
            int(cells[self.unit]), self._at_now, grid.previous, grid.compact, self._is_on_way,
            self.flight, self._queue,
        )  # fmt: skip
        ahead = self._at_now[self._way[1:length]]
        taken = np.flatnonzero(ahead >= 0)
        if not len(taken) or self.flight[self._way[1 + taken[0]]] < FAR:
            return -1
        return int(ahead[taken[0]])
