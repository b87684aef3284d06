"""Which ground a unit may touch: standing in a cell, driving along an edge, turning, laden or not.

Bodies are rectangles about the centre of the unit: the chassis, and the pod where one is carried.
A turn sweeps the circle through their corners; that reaches beyond the cell where the diagonal of
a body is longer than the cell is wide. What a turn needs beyond its cell is not the whole of the
neighbours: only their *rims*, the strips along the common borders, where no body is that stands or
drives along there (docs/decisions/0008). Sizes with which it would be more do not fit.

Cells are offsets (rows, columns) from the cell that the unit is in, row - 1 being north.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EMPTY, LADEN = 0, 1
Offset = tuple[int, int]
_ROUNDING_M = 1e-9
STEPS: tuple[Offset, ...] = ((0, 1), (-1, 0), (0, -1), (1, 0))
"""Offset of the next cell along each heading."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Sizes in metres. length_m: of the chassis, along its heading. pod_side_m: of the square pods,
    0 on floors without. pod_turns: a carried pod turns with its unit; else it keeps its
    orientation."""

    length_m: float
    width_m: float
    pod_side_m: float
    pod_turns: bool
    cell_m: float

    def half_m(self, load: int) -> float:
        """From the centre to the furthest side of a unit that does not turn."""
        pod_m = self.pod_side_m if load == LADEN else 0.0
        return max(self.length_m, self.width_m, pod_m) / 2

    def reach_m(self, load: int) -> float:
        """From the centre to the furthest that is touched in a turn, along a row or column."""
        return max(self._radius_m(load), self.pod_side_m / 2 if load == LADEN else 0.0)

    def _radius_m(self, load: int) -> float:
        """Of the circle through the corners of all that turns."""
        radius = math.hypot(self.length_m, self.width_m) / 2
        if load == LADEN and self.pod_turns:
            radius = max(radius, self.pod_side_m / math.sqrt(2))
        return radius

    @property
    def loads(self) -> tuple[int, ...]:
        return (EMPTY, LADEN) if self.pod_side_m else (EMPTY,)

    def standing(self, load: int, heading: int) -> frozenset[Offset]:
        """Cells that a unit touches at a centre, facing along the heading."""
        return self._box(*self._halves(load, heading), (0, 0))

    def driving(self, load: int, heading: int) -> frozenset[Offset]:
        """Cells touched on the way from one centre to the next along the heading."""
        return self._box(*self._halves(load, heading), STEPS[heading])

    def turning(self, load: int) -> frozenset[Offset]:
        """Cells touched in a turn at a centre: by the circle of what turns, and a pod that keeps
        its orientation."""
        radius, cell = self._radius_m(load) - _ROUNDING_M, self.cell_m
        far = math.ceil(radius / cell + 0.5)
        beside = range(-far, far + 1)
        circle = frozenset(
            (row, col) for row in beside for col in beside
            if math.hypot(max(abs(row) - 0.5, 0), max(abs(col) - 0.5, 0)) * cell < radius
        )  # fmt: skip
        half = self.pod_side_m / 2 if load == LADEN else 0.0
        return circle | self._box(half, half, (0, 0))

    def _halves(self, load: int, heading: int) -> tuple[float, float]:
        """Half of what a unit measures from south to north, and from west to east."""
        along, across = self.length_m / 2, self.width_m / 2
        if load == LADEN:
            along, across = max(along, self.pod_side_m / 2), max(across, self.pod_side_m / 2)
        return (across, along) if heading % 2 == 0 else (along, across)

    def _box(self, half_rows: float, half_cols: float, way: Offset) -> frozenset[Offset]:
        """Cells that a rectangle touches whose centre goes from here one step along `way`."""
        spans = []
        for half, step in ((half_rows, way[0]), (half_cols, way[1])):
            far = max(math.ceil(half / self.cell_m - 0.5 - _ROUNDING_M), 0)
            spans.append(range(min(step, 0) - far, max(step, 0) + far + 1))
        return frozenset((row, col) for row in spans[0] for col in spans[1])

    @property
    def rim_m(self) -> float:
        """How far turns reach beyond their cell; 0 where they do not."""
        return max(0.0, max(map(self.reach_m, self.loads)) - self.cell_m / 2)

    @property
    def stands_in_cell(self) -> bool:
        """Whether bodies that do not turn lie within a cell, and pods do not touch each other."""
        is_within = 2 * max(map(self.half_m, self.loads)) <= self.cell_m
        return is_within and self.pod_side_m < self.cell_m

    @property
    def clears_neighbours(self) -> bool:
        """Whether a unit that turns touches nothing that stands or drives along a cell next to it,
        stored pods included: all that it needs of these cells is their rims."""
        reach, half = max(map(self.reach_m, self.loads)), max(map(self.half_m, self.loads))
        return reach + half <= self.cell_m

    def sweeps(self) -> NDArray[np.bool_]:
        """bool[2], whether the turn of an empty and of a laden unit reaches beyond its cell."""
        return np.array([self.reach_m(load) > self.cell_m / 2 for load in (EMPTY, LADEN)])

    def turns_touch(self) -> NDArray[np.bool_]:
        """bool[2, 2], whether turns of units with these loads in two cells side by side can touch.
        Where one of two reaches beyond its cell, the other has to leave it the rim."""
        reach = np.array([self.reach_m(load) for load in (EMPTY, LADEN)])
        touch = np.asarray(reach[:, None] + reach > self.cell_m)
        if not self.pod_side_m:
            touch[LADEN] = touch[:, LADEN] = False
        return touch

    @property
    def needs_rims(self) -> bool:
        """Whether turns have to be kept apart at all."""
        return bool(self.rim_m > 0 and self.turns_touch().any())

    def largest_pod_m(self, gap_m: float) -> float:
        """Side of the largest pod that clears stored pods and reaches no further than `gap_m`
        beyond its cell where it turns."""
        share = math.sqrt(2) if self.pod_turns else 1.0
        return min(2 * self.cell_m / (1 + share), (self.cell_m + 2 * gap_m) / share)
