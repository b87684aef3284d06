"""Costs of moves as a function of few figures, so that a search needs few runs.

Each figure means something on every floor: how much driving against the lanes of rows and of
columns costs (below zero the lanes run the other way), whether lanes close aisles, what it costs to
pass by a station, beneath stored pods and along storage, and slow waves over the whole floor that
make its middle or a side of it dearer. A search over edges has a figure for every move besides
(Zhang et al., Guidance Graph Optimization, IJCAI 2024, section 4, optimise edges alone).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.guidance import CELL_COST, in_steps
from fleet_control.mapf.lanes import STRICT, lanes_of
from layouts import AISLE_KINDS, CellKind, Heading, Layout
from layouts.directions import lane_direction
from layouts.geometry import neighbour_table, opposite
from layouts.guidance_files import MOST_COST

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """One that is searched. start: where the search begins, in cells of cost but for `radius`, in
    cells, and `closing`, closed from 0.5 on. scale: a step that can be told."""

    name: str
    start: float
    scale: float
    low: float
    high: float


FIGURES = (
    Figure("against_rows", 1.0, 1.0, -20.0, 20.0),
    Figure("against_cols", 1.0, 1.0, -20.0, 20.0),
    Figure("closing", 0.2, 0.4, 0.0, 1.0),
    Figure("stations", 1.0, 0.5, 0.0, 10.0),
    Figure("radius", 3.0, 1.5, 0.0, 12.0),
    Figure("beneath_pods", 0.0, 0.4, 0.0, 10.0),
    Figure("along_storage", 0.0, 0.4, 0.0, 10.0),
    Figure("wave_east", 0.0, 0.4, -5.0, 5.0),
    Figure("wave_north", 0.0, 0.4, -5.0, 5.0),
    Figure("middle_east", 0.0, 0.4, -5.0, 5.0),
    Figure("middle_north", 0.0, 0.4, -5.0, 5.0),
)
EDGE_SCALE = 0.5
"""Of the figure of one move, in cells."""


class CostField:
    """The costs of a floor. over_edges: with a figure for each move, after those of FIGURES."""

    def __init__(self, layout: Layout, *, over_edges: bool = False) -> None:
        self.layout = layout
        self._moves = np.flatnonzero(layout.exits.reshape(-1))
        self.n_edges = len(self._moves) if over_edges else 0

    @property
    def start(self) -> Floats:
        """float64[n], in scales."""
        known = [figure.start / figure.scale for figure in FIGURES]
        return np.concatenate([known, np.zeros(self.n_edges)])

    @property
    def bounds(self) -> Floats:
        """float64[n, 2], in scales."""
        known = [[f.low / f.scale, f.high / f.scale] for f in FIGURES]
        edge = MOST_COST / 2.0 / EDGE_SCALE
        return np.array(known + [[-edge, edge]] * self.n_edges)

    def figures(self, x: Floats) -> dict[str, float]:
        """What is searched by name, edges left out. x: float64[n], in scales."""
        return {f.name: float(value * f.scale) for f, value in zip(FIGURES, x, strict=False)}

    def weights(self, x: Floats) -> Floats:
        """float64[n_cells, 4], 1 for an ordinary move, `inf` for closed ones and where there is no
        exit. x: float64[n], in scales."""
        layout, figures = self.layout, self.figures(x)
        costs = layout.edge_costs.astype(np.float64)
        closed = np.zeros_like(layout.exits)
        for name, is_along in (("against_rows", _ROWS), ("against_cols", _COLS)):
            lanes = self._against if figures[name] >= 0.0 else self._against_flipped
            costs += abs(figures[name]) * (lanes & is_along)
            if figures[name] >= 0.0 and figures["closing"] >= 0.5:
                closed |= self._closing & is_along
        costs += self._of_cells(figures)[layout.neighbours]
        costs.reshape(-1)[self._moves[: self.n_edges]] += EDGE_SCALE * x[len(FIGURES) :]
        costs -= costs[layout.exits].min(initial=np.inf)
        costs = np.minimum(in_steps(costs) / CELL_COST, MOST_COST)  # no finer than planners count
        return np.where(layout.exits & ~closed, 1.0 + costs, np.inf)

    def _of_cells(self, figures: dict[str, float]) -> Floats:
        """float64[n_cells], of entering each cell."""
        layout = self.layout
        nearness = 1.0 - self._to_stations / (figures["radius"] + 1.0)
        costs = figures["stations"] * np.maximum(nearness, 0.0) * self._is_aisle
        costs += figures["beneath_pods"] * (layout.kinds == CellKind.STORAGE)
        costs += figures["along_storage"] * self._along_storage
        rows, cols = np.divmod(np.arange(layout.n_cells), layout.n_cols)
        east, south = (cols + 0.5) / layout.n_cols, (rows + 0.5) / layout.n_rows
        costs += figures["wave_east"] * -np.cos(np.pi * east)
        costs += figures["wave_north"] * np.cos(np.pi * south)
        costs += figures["middle_east"] * -np.cos(2.0 * np.pi * east)
        costs += figures["middle_north"] * -np.cos(2.0 * np.pi * south)
        return costs

    # What there is of the floor

    @cached_property
    def _lanes(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Moves against the lanes, and those that lanes close. Where a floor has no corridors its
        rows and columns all are lanes."""
        layout = self.layout
        lanes = lanes_of(layout, rule=STRICT)
        against = (lanes.costs > in_steps(layout.edge_costs)) & layout.exits
        if against.any():
            return against, lanes.closed
        every = np.zeros((layout.n_rows, layout.n_cols, 4), dtype=bool)
        for row in range(layout.n_rows):
            every[row, :, opposite(lane_direction(row, is_row=True))] = True
        for col in range(layout.n_cols):
            every[:, col, opposite(lane_direction(col, is_row=False))] = True
        return every.reshape(-1, 4) & layout.exits, lanes.closed

    @property
    def _against(self) -> NDArray[np.bool_]:
        return self._lanes[0]

    @property
    def _closing(self) -> NDArray[np.bool_]:
        return self._lanes[1]

    @cached_property
    def _against_flipped(self) -> NDArray[np.bool_]:
        """With all lanes the other way."""
        flipped = self._against[:, [opposite(heading) for heading in Heading]]
        return flipped & self.layout.exits

    @cached_property
    def _is_aisle(self) -> NDArray[np.bool_]:
        return np.isin(self.layout.kinds, AISLE_KINDS)

    @cached_property
    def _along_storage(self) -> NDArray[np.bool_]:
        beside = neighbour_table(self.layout.n_rows, self.layout.n_cols)
        is_storage = (self.layout.kinds == CellKind.STORAGE)[beside] & (beside >= 0)
        return np.asarray(is_storage.any(axis=1) & self._is_aisle)

    @cached_property
    def _to_stations(self) -> Floats:
        """float64[n_cells], cells to the nearest station or queue, walls left aside."""
        layout = self.layout
        rows, cols = np.divmod(np.arange(layout.n_cells), layout.n_cols)
        found = np.full(layout.n_cells, np.inf)
        for station in layout.stations:
            for cell in (station.cell, *station.queue):
                row, col = layout.row_col(cell)
                found = np.minimum(found, abs(rows - row) + abs(cols - col))
        return found


_ROWS = np.array([True, False, True, False])
_COLS = ~_ROWS
"""Headings along rows, and along columns."""
