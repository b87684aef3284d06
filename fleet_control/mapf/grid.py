"""The floor as the planner sees it: moves, their costs and who may pass where.

Costs are small integers so that distance fields need no heap: two units of cost are the time of
one cell at full speed. Turning a quarter costs as much as 3.5 cells, since a unit brakes, turns
and accelerates again (2 to 2.5 s in all with the defaults of twin/unit_model.py).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.guidance import CELL_COST, Guidance, closed_around, in_steps
from layouts import AISLE_KINDS, CellKind, Layout
from layouts.geometry import opposite, previous_table

TURN_COST = 7
UNREACHABLE = 65535
"""Distance of a state from which the goal cannot be reached."""
EMPTY, LADEN = 0, 1
"""Row of `through` for units without and with a pod."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Arrays that every planner works on.

    neighbours: int32[n_cells, 4], cell reached along each heading or -1.
    previous: int32[n_cells, 4], cell from which that heading leads here or -1.
    surcharges: int32[n_cells, 4], cost of the move beyond CELL_COST.
    through: bool[2, n_cells], cells that an empty and a laden unit may drive through; any other
        cell is entered only by a unit whose goal it is or whose goal lies in the same zone.
    zones: int16[n_cells], index of the station whose queue or service cell this is, or -1.
    compact: int32[n_cells], rank of the cell among driveable ones (row of a field) or -1.
    n_compact: number of driveable cells.
    ways: int32[n_cells, 4], `neighbours` with guidance and blocked cells left aside.
    chargers: cells where units charge.
    guidance: what `neighbours` and `surcharges` take into account, None for nothing but the edge
        costs of the floor.
    unblocked: the grid as it is while nothing is blocked, None for this one itself. barred: bool[2,
        n_cells], blocked and closed cells, None for none.
    """

    n_rows: int
    n_cols: int
    neighbours: NDArray[np.int32]
    previous: NDArray[np.int32]
    surcharges: NDArray[np.int32]
    through: NDArray[np.bool_]
    zones: NDArray[np.int16]
    compact: NDArray[np.int32]
    n_compact: int
    ways: NDArray[np.int32]
    guidance: Guidance | None = None
    chargers: tuple[int, ...] = ()
    unblocked: Grid | None = None
    barred: NDArray[np.bool_] | None = None

    @property
    def n_cells(self) -> int:
        return self.n_rows * self.n_cols

    def __getstate__(self) -> tuple[Any, ...]:
        """For a snapshot: of a grid with blocked cells only what cannot be worked out again."""
        if self.unblocked is not None:
            return self.unblocked, self.barred
        return tuple(getattr(self, item.name) for item in fields(self))

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if len(state) == 2:
            again = with_blocked(state[0], *state[1])
            state = tuple(getattr(again, item.name) for item in fields(again))
        for item, value in zip(fields(self), state, strict=True):
            object.__setattr__(self, item.name, value)
        for table in (self.neighbours, self.ways):
            table.setflags(write=False)  # which arrays do not remember: one type for the kernels


def grid_of(layout: Layout, guidance: Guidance | None = None) -> Grid:
    """The planner's view of a layout, with its guidance; None for its edge costs alone."""
    driveable = layout.driveable
    compact = np.where(driveable, np.cumsum(driveable) - 1, -1).astype(np.int32)
    surcharges, neighbours = in_steps(layout.edge_costs), layout.neighbours
    if guidance is not None:
        surcharges = guidance.costs
        neighbours = _without(neighbours, guidance.closed)
    return Grid(
        n_rows=layout.n_rows,
        n_cols=layout.n_cols,
        neighbours=neighbours,
        previous=previous_table(neighbours),
        surcharges=surcharges,
        through=through_table(layout),
        zones=station_zones(layout),
        compact=compact,
        n_compact=int(driveable.sum()),
        ways=layout.neighbours,
        guidance=guidance,
        chargers=tuple(layout.cells_of(CellKind.CHARGER).tolist()),
    )


def barred_moves(
    ways: NDArray[np.int32], blocked: NDArray[np.bool_], *areas: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """bool[n_cells, 4], moves that nobody makes: into blocked cells, and into an area from outside.

    Who is inside an area may drive on over its cells to leave, but not over those of another.
    ways: int32[n_cells, 4], cell reached along each heading or -1. blocked, areas: bool[n_cells].
    """
    shut = blocked[ways]
    for area in areas:
        shut |= area[ways] & ~area[:, None]
    return np.asarray(shut & (ways >= 0))


def with_blocked(grid: Grid, blocked: NDArray[np.bool_], *areas: NDArray[np.bool_]) -> Grid:
    """The grid while nobody may enter these cells. bool[n_cells] each, all there are.

    areas: those that nobody enters from outside (`barred_moves`). Whatever is blocked or closed in
    the grid given is forgotten. Aisles that are one-way only because there is a way round are open
    both ways where that way is blocked. Cells keep their rank.
    """
    grid = grid.unblocked or grid
    barred = np.stack([blocked, *areas])
    is_barred = np.asarray(barred.any(axis=0))
    if not is_barred.any():
        return grid
    shut = barred_moves(grid.ways, *barred)
    if grid.guidance is not None:
        shut |= closed_around(grid.guidance, grid.ways, is_barred)
    neighbours = _without(grid.ways, shut)
    previous = previous_table(neighbours)
    return replace(grid, neighbours=neighbours, previous=previous, unblocked=grid, barred=barred)


def _without(table: NDArray[np.int32], shut: NDArray[np.bool_]) -> NDArray[np.int32]:
    """A table of neighbours without some moves."""
    neighbours = np.where(shut, -1, table).astype(np.int32)
    neighbours.setflags(write=False)  # as those of the layout: one type for the kernels
    return neighbours


def through_table(layout: Layout) -> NDArray[np.bool_]:
    """bool[2, n_cells]: where empty and laden units may drive through."""
    open_cells = np.isin(layout.kinds, AISLE_KINDS)
    return np.stack([open_cells | (layout.kinds == CellKind.STORAGE), open_cells])


def station_zones(layout: Layout) -> NDArray[np.int16]:
    """int16[n_cells]: station index on its service and queue cells, -1 elsewhere."""
    zones = np.full(layout.n_cells, -1, dtype=np.int16)
    for index, station in enumerate(layout.stations):
        zones[[station.cell, *station.queue]] = index
    return zones


__all__ = [
    "CELL_COST", "EMPTY", "LADEN", "TURN_COST", "UNREACHABLE", "Grid", "grid_of", "opposite",
    "with_blocked",
]  # fmt: skip
