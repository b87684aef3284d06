"""Units that park for good, side by side in remote corners, and get there from anywhere.

Any of them may take any place. One that finds another at home in its way changes places with it on
paper: the one in front moves on, the one behind comes up into its place, as when a row of seats
fills. So none has to squeeze past another, which a dense corner has no room for.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


class Parking:
    """units: int32[k]. places: int32[k], the cell of each; they change as units change places.
    is_done: whether nobody is on the way any more."""

    def __init__(self, place_of: Mapping[int, int], n_cols: int) -> None:
        self.units = np.array(list(place_of), dtype=np.int32)
        self.places = np.array(list(place_of.values()), dtype=np.int32)
        self._n_cols = n_cols
        self._rows = {unit: row for row, unit in enumerate(place_of)}
        self.is_done = not self._rows

    def __contains__(self, unit: int) -> bool:
        return unit in self._rows

    def place_of(self, unit: int) -> int:
        """Cell where the unit parks."""
        return int(self.places[self._rows[unit]])

    def is_full(self, cells: NDArray[np.int32]) -> bool:
        """Whether all are home; once they are they stay. cells: int32[n_units], of all units."""
        self.is_done = bool((cells[self.units] == self.places).all())
        return self.is_done

    def change_places(self, cells: NDArray[np.int32]) -> list[tuple[int, int]]:
        """Let units under way take the places of those at home in front of them.

        Returns (unit, new place) of all whose place has changed. Each change brings the owner of
        the empty place one cell nearer to it, so they come to an end.
        """
        here = cells[self.units]
        at_home = {int(here[row]): row for row in np.flatnonzero(here == self.places).tolist()}
        changed: dict[int, int] = {}
        for row in np.flatnonzero(here != self.places).tolist():
            front = self._in_front(int(here[row]), int(self.places[row]), at_home)
            if front >= 0:
                del at_home[int(here[front])]
                self.places[[row, front]] = self.places[[front, row]]
                changed |= {index: int(self.places[index]) for index in (row, front)}
        return [(int(self.units[index]), place) for index, place in changed.items()]

    def _in_front(self, cell: int, place: int, at_home: Mapping[int, int]) -> int:
        """Row of the unit at home next to the cell on the way to the place, or -1."""
        (row, col), (to_row, to_col) = divmod(cell, self._n_cols), divmod(place, self._n_cols)
        ahead = []
        if to_row != row:
            ahead.append(cell + (self._n_cols if to_row > row else -self._n_cols))
        if to_col != col:
            ahead.append(cell + (1 if to_col > col else -1))
        return next((at_home[next_cell] for next_cell in ahead if next_cell in at_home), -1)
