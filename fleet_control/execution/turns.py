"""Which turns are under way that reach beyond their cell, and whose rims they hold.

A unit that turns on a cell holds the rims of the cells beside it: nobody turns there who could
touch it, and nobody's tail is still in them. A drive and the turn before it are released together
or not at all, and a released step needs nothing more; so a unit that waits holds no rims for what
it waits for, and turns can lock nobody up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Act
from fleet_control.execution.turn_kernels import (
    find_bad_turn,
    find_hindrance,
    free_turns,
    release_turning,
)
from fleet_control.footprint import Footprint

Ints = NDArray[np.int32]
NOBODY = -1


class Turns:
    """Turns of n_units units. Arrays of steps are rings as in the executor.

    rims: int32[n_cells], unit whose turn is under way on that cell or -1. is_turn: bool[n_units,
    ring], released drives that a turn comes before. is_laden: int8[n_units], load after the last
    released step. is_sure: bool[n_units], whether the unit faces as its steps say.
    """

    def __init__(
        self, footprint: Footprint, n_rows: int, n_cols: int, n_units: int, ring: int
    ) -> None:
        self.footprint, self._shape = footprint, (n_rows, n_cols)
        self._touch, self._sweeps = footprint.turns_touch(), footprint.sweeps()
        self.rims = np.full(n_rows * n_cols, NOBODY, dtype=np.int32)
        self._rim_loads = np.zeros(n_rows * n_cols, dtype=np.int8)
        self.is_turn = np.zeros((n_units, ring), dtype=bool)
        self.is_laden = np.zeros(n_units, dtype=np.int8)
        self.is_sure = np.zeros(n_units, dtype=bool)

    def admit(self, unit: int, is_laden: bool) -> None:
        """The unit stands on a cell, with a pod or without, and has no steps."""
        self.is_laden[unit], self.is_sure[unit] = is_laden, False
        self.is_turn[unit] = False

    def give_up(
        self, unit: int, first: int, last: int, cells: Ints, acts: NDArray[np.int8]
    ) -> None:
        """It is proved that the unit will not do these steps. cells, acts: its rings. Which way it
        faces now is not known: it may have turned for the first of them already."""
        ring = len(cells)
        for step in range(last, first - 1, -1):
            if self.is_turn[unit, step % ring]:
                self.is_turn[unit, step % ring] = False
                self.rims[cells[(step - 1) % ring]] = NOBODY
            if acts[step % ring] != Act.DRIVE:
                self.is_laden[unit] = acts[step % ring] == Act.LOWER
        self.is_sure[unit] = False

    def free(
        self, units: Ints, cleared: Ints, unit_cleared: Ints, released: Ints, cells: Ints
    ) -> None:
        """Reports prove that cells are left, and turns on them over; before that is noted."""
        free_turns(units, cleared, unit_cleared, released, cells, self.is_turn, self.rims)

    def release(
        self, now: tuple[Any, ...], out: tuple[Ints, ...], out_acts: NDArray[np.int8]
    ) -> int:
        """As `release_steps`. now: its arguments up to headings."""
        arguments: tuple[Any, ...] = (
            *now, *out, out_acts, self.is_turn, self.is_sure, self.is_laden, self.rims,
            self._rim_loads, self._touch, self._sweeps, *self._shape,
        )  # fmt: skip
        return int(release_turning(*arguments))

    def find_bad(
        self, cleared: Ints, released: Ints, cells: Ints, is_present: NDArray[np.bool_],
        owners: Ints,
    ) -> int:  # fmt: skip
        """A cell whose turn contradicts the steps, or -1."""
        return find_bad_turn(
            cleared, released, cells, is_present, self.is_turn, self.rims, self._rim_loads,
            self._touch, owners, *self._shape,
        )  # fmt: skip

    def hindrance(self, unit: int, cell: int, owners: Ints, cells: Ints, done: Ints) -> int:
        """The unit that keeps this one from turning on the cell now, or -1."""
        return find_hindrance(
            unit, cell, self.is_laden[unit], self.rims, self._rim_loads, self._touch,
             self._sweeps, owners, cells, done, *self._shape,
        )  # fmt: skip

    def beside(self, cells: Ints) -> Ints:
        """int32[k], ascending, these cells and those next to them: what turns here may reach."""
        n_rows, n_cols = self._shape
        near = np.zeros((n_rows + 2, n_cols + 2), dtype=bool)
        rows, cols = np.divmod(np.asarray(cells, dtype=np.int64), n_cols)
        for row, col in ((0, 0), (0, 1), (-1, 0), (0, -1), (1, 0)):
            near[rows + 1 + row, cols + 1 + col] = True
        return np.flatnonzero(near[1:-1, 1:-1]).astype(np.int32)

    def rims_of(self, unit: int) -> Ints:
        """int32[k], cells on which turns of the unit are under way."""
        return np.flatnonzero(self.rims == unit).astype(np.int32)
