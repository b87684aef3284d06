"""One unit at a time is escorted to its goal: the others clear its way, in plain sight of it.

In a corridor priority alone does not help. Whom an urgent unit pushes flees ahead of it for good
and passes every bay, and one that stands in a dead end cannot come out past the unit that wants to
go in. So of the units that are stuck, that which has been longest on its way is escorted until it
is there, and whom it pushes goes to the nearest empty cell off its way.

Where those ahead have no such cell but past it, the first of them is let out: it is escorted
instead until it is off the way of the other, which goes on then. In a queue that one may be shut in
itself, by the next. Two that let each other out may do so for good; so after some times who is let
out is escorted to its own goal.

Who is escorted in vain gives way, and then somebody drawn by lot is; so no order of units is tried
again and again. Compare the swap of PIBT2 and LaCAM (Okumura), which looks at two units and a
junction; here a queue of units may have to make room.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.epibt_escort_kernels import FAR, measure_flight, trace_way
from fleet_control.mapf.scene import Scene

PATIENCE = 30
"""Steps without progress after which a unit is stuck."""
IN_VAIN = 60
"""Steps without progress of the escorted unit after which another is."""
MOST_RETURNS = 10
"""How often the escort goes back to one unit on one way once others are let out. With 2 or 20
somebody starves on 6 or 4 of 20 mazes with a third of the cells taken, with 10 on 2
(benchmarks/dead_ends.py)."""


class Escort:
    """unit: who is escorted in this step, or -1. flight: int32[n_cells], steps that a unit there
    needs out of the way."""

    def __init__(self, n_cells: int, turn_cost: int) -> None:
        self.unit = -1
        self.flight = np.zeros(n_cells, dtype=np.int32)
        self._turn_cost = turn_cost
        self._aim = self._since = -1
        self._led, self._led_aim, self._n_returns = -1, -1, 0  # for whom others are let out
        self._is_by_lot = False
        self._way = np.zeros(n_cells, dtype=np.int32)
        self._queue = np.zeros(n_cells, dtype=np.int32)
        self._is_on_way = np.zeros(n_cells, dtype=bool)
        self._at_now = np.full(n_cells, -1, dtype=np.int32)

    def choose(
        self, step: int, scene: Scene, since: NDArray[np.int64], last_progress: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        """Who is escorted in this step. since, last_progress: int64[n_units], steps in which each
        unit got its goal and in which it last came nearer to it."""
        cells, aims = scene.cells, scene.aims
        is_under_way = (aims >= 0) & (cells >= 0) & (cells != aims)
        self._end_where_due(step, scene, last_progress)
        if self.unit < 0:
            stuck = np.flatnonzero(is_under_way & (step - last_progress >= PATIENCE))
            if not len(stuck):
                return
            pick = rng.integers(len(stuck)) if self._is_by_lot else since[stuck].argmin()
            self._lead(int(stuck[pick]), step, aims)
            self._is_by_lot = False
        self._at_now[:] = -1
        self._at_now[cells[cells >= 0]] = np.flatnonzero(cells >= 0)
        if self.unit != self._led:
            self._go_back_where_let_out(step, scene, is_under_way)
        self._let_out(step, scene, is_under_way)

    def _lead(self, unit: int, step: int, aims: NDArray[np.int32]) -> None:
        """Escort it for its own sake."""
        if (unit, int(aims[unit])) != (self._led, self._led_aim):
            self._led, self._led_aim, self._n_returns = unit, int(aims[unit]), 0
        self._begin(unit, step, aims)

    def _begin(self, unit: int, step: int, aims: NDArray[np.int32]) -> None:
        self.unit, self._since, self._aim = unit, step, int(aims[unit])

    def _end_where_due(self, step: int, scene: Scene, last_progress: NDArray[np.int64]) -> None:
        unit = self.unit
        if unit < 0:
            return
        cell = scene.cells[unit]
        if scene.aims[unit] != self._aim or cell == self._aim or cell < 0:
            self.unit = -1
        elif step - max(self._since, int(last_progress[unit])) >= IN_VAIN:
            self.unit, self._is_by_lot = -1, True

    def _go_back_where_let_out(
        self, step: int, scene: Scene, is_under_way: NDArray[np.bool_]
    ) -> None:
        """From who was let out and is off the way to whom it was let out for."""
        led = self._led
        if not is_under_way[led] or scene.aims[led] != self._led_aim:
            self._lead(self.unit, step, scene.aims)
        elif self._n_returns < MOST_RETURNS:
            self._trace(led, scene)
            if not self._is_on_way[scene.cells[self.unit]]:
                self._n_returns += 1
                self._begin(led, step, scene.aims)

    def _let_out(self, step: int, scene: Scene, is_under_way: NDArray[np.bool_]) -> None:
        """Escort who is shut in ahead instead, or nobody where that leads round in a ring or to one
        that has nowhere to go. Fills the flight."""
        asked = {self.unit}
        while True:
            shut_in = self._shut_in(scene)
            if shut_in < 0:
                return
            if shut_in in asked or not is_under_way[shut_in]:
                break
            asked.add(shut_in)
            self._begin(shut_in, step, scene.aims)
        self.unit, self._is_by_lot = -1, True

    def _shut_in(self, scene: Scene) -> int:
        """The first unit ahead if it could get off the way only past the escorted unit, else -1.
        Fills the way and the flight."""
        length = self._trace(self.unit, scene)
        measure_flight(
            int(scene.cells[self.unit]), self._at_now, scene.grid.previous, scene.grid.compact,
            self._is_on_way, self.flight, self._queue,
        )  # fmt: skip
        ahead = self._at_now[self._way[1:length]]
        taken = np.flatnonzero(ahead >= 0)
        if not len(taken) or self.flight[self._way[1 + taken[0]]] < FAR:
            return -1
        return int(ahead[taken[0]])

    def _trace(self, unit: int, scene: Scene) -> int:
        """Fill the way of the unit; the number of its cells."""
        one, grid = slice(unit, unit + 1), scene.grid
        return trace_way(
            scene.cells[one].copy(), scene.headings[one].copy(), scene.aims[one].copy(),
            scene.slots[one].copy(), scene.loads[one].copy(), grid.neighbours, grid.surcharges,
            grid.through, grid.zones, grid.compact, scene.fields, self._turn_cost,
            np.empty(1, dtype=np.int32), self._way, self._is_on_way,
        )  # fmt: skip
