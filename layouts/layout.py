"""The floor: cells, stations, allowed directions and edge costs, as immutable arrays.

A Layout says what the building is. It holds no units, pods or goods: those belong to a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import IntEnum, StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from layouts.errors import LayoutError
from layouts.geometry import cell_at, cell_centres_m, neighbour_table


class CellKind(IntEnum):
    """What a cell is for."""

    OBSTACLE = 0
    FLOOR = 1
    STORAGE = 2
    """Pods stand here; unladen units pass beneath, laden ones only fetch and store."""
    STATION = 3
    """The service cell of a station: a person works on the pod that stands here."""
    QUEUE = 4
    """Waiting cell of one station; only units bound for that station enter."""
    CHARGER = 5
    PARKING = 6
    HUMAN = 7
    """People only; no unit ever enters."""


AISLE_KINDS = (CellKind.FLOOR, CellKind.CHARGER, CellKind.PARKING)
"""Where anybody drives, laden units too."""


class StationKind(StrEnum):
    """What happens at a station."""

    PICK = "pick"
    STOW = "stow"
    INDUCT = "induct"
    """Sortation: parcels are put on units here."""
    EJECT = "eject"
    """Sortation: units drop parcels here."""
    WORKSTATION = "workstation"
    """A goal of an imported floor whose work is not said."""


PICK_STATIONS = (StationKind.PICK, StationKind.WORKSTATION)
"""Stations where order lines are picked."""
POD_STATIONS = (StationKind.PICK, StationKind.STOW, StationKind.WORKSTATION)
"""Stations that pods are taken to."""


@dataclass(frozen=True, slots=True)
class Station:
    """A place where a person (or a chute) meets a unit.

    cell: service cell. queue: cell ids from the front (next to the service cell) to the back.
    facing: heading from the service cell towards the person.
    """

    name: str
    kind: StationKind
    cell: int
    queue: tuple[int, ...] = ()
    facing: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """An immutable floor of n_rows x n_cols square cells.

    kinds: int8[n_cells], CellKind of each cell.
    exits: bool[n_cells, 4], whether a unit may leave the cell along each heading. Never true
        towards an obstacle, a human-only cell or the edge (the constructor clears those).
    edge_costs: float32[n_cells, 4], extra cost of that move in cells (0: none, 2: as dear as two
        cells more), never negative. Guidance, not a rule; 0 where there is no exit.
    stations: their cells are of kind STATION, which only units bound for them enter. A station on
        a FLOOR cell stands on a lane: other units drive past over its cell.
    zones: named groups of cells (aisles, areas an operator may close), ascending in each.
    source: where it came from, for messages. recommended_units: a sensible fleet, 0 if not said.
    wall_gap_m: free room between the border of cells that units drive on and what stands beyond:
        obstacles, people's places and the walls of the building; 0 where these begin at the border.
    """

    name: str
    n_rows: int
    n_cols: int
    kinds: NDArray[np.int8]
    exits: NDArray[np.bool_]
    edge_costs: NDArray[np.float32]
    stations: tuple[Station, ...] = ()
    cell_size_m: float = 1.0
    zones: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    source: str = ""
    description: str = ""
    recommended_units: int = 0
    wall_gap_m: float = 0.0
    neighbours: NDArray[np.int32] = field(init=False, repr=False)
    """int32[n_cells, 4], the cell next door along each heading or -1 where exits is False."""

    def __post_init__(self) -> None:
        self._check_shapes()
        kinds = np.ascontiguousarray(self.kinds, dtype=np.int8).reshape(-1)
        beside = neighbour_table(self.n_rows, self.n_cols)
        driveable = (kinds != CellKind.OBSTACLE) & (kinds != CellKind.HUMAN)
        exits = np.array(self.exits, dtype=bool) & (beside >= 0)
        exits &= driveable[:, None] & driveable[beside]
        costs = np.where(exits, self.edge_costs, 0).astype(np.float32)
        if not (np.isfinite(costs) & (costs >= 0)).all():
            raise LayoutError(f"{self.name}: edge costs must be finite and 0 or more")
        neighbours = np.where(exits, beside, -1).astype(np.int32)
        arrays = {"kinds": kinds, "exits": exits, "edge_costs": costs, "neighbours": neighbours}
        for name, array in arrays.items():
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        zones = {name: tuple(sorted(set(cells))) for name, cells in self.zones.items()}
        object.__setattr__(self, "zones", MappingProxyType(zones))

    def __reduce__(self) -> tuple[type[Layout], tuple[object, ...]]:
        """Pickled as what it was made of, so that the copy is as immutable."""
        parts = {part.name: getattr(self, part.name) for part in fields(self) if part.init}
        return Layout, tuple({**parts, "zones": dict(self.zones)}.values())

    def _check_shapes(self) -> None:
        n_cells = self.n_rows * self.n_cols
        sizes = np.size(self.kinds), np.shape(self.exits), np.shape(self.edge_costs)
        if n_cells < 1 or sizes != (n_cells, (n_cells, 4), (n_cells, 4)):
            raise LayoutError(
                f"{self.name}: {self.n_rows} x {self.n_cols} cells do not fit kinds of size "
                f"{sizes[0]}, exits of shape {sizes[1]} and edge costs of shape {sizes[2]}"
            )

    @property
    def n_cells(self) -> int:
        return self.n_rows * self.n_cols

    @property
    def driveable(self) -> NDArray[np.bool_]:
        """bool[n_cells], where a unit may ever be."""
        return ~np.isin(self.kinds, (CellKind.OBSTACLE, CellKind.HUMAN))

    def cells_of(self, *kinds: CellKind) -> NDArray[np.int32]:
        """Ascending int32 ids of all cells of these kinds."""
        return np.flatnonzero(np.isin(self.kinds, kinds)).astype(np.int32)

    def cell(self, row: int, col: int) -> int:
        return row * self.n_cols + col

    def row_col(self, cell: int) -> tuple[int, int]:
        return divmod(int(cell), self.n_cols)

    def place(self, cell: int) -> str:
        """How messages and screens name a cell: row and column counted from 1."""
        row, col = self.row_col(cell)
        return f"row {row + 1}, column {col + 1}"

    def cell_at(self, x_m: float, y_m: float) -> int:
        """The cell that a point of the world lies in, the nearest one for a point off the floor."""
        return cell_at(x_m, y_m, self.n_rows, self.n_cols, self.cell_size_m)

    def centres_m(self) -> NDArray[np.float64]:
        """float64[n_cells, 2], world x, y of the cell centres."""
        return cell_centres_m(self.n_rows, self.n_cols, self.cell_size_m)


def open_layout(name: str, kinds: NDArray[np.int8], **more: object) -> Layout:
    """A Layout from a 2-D array of kinds in which every direction is allowed at no extra cost."""
    n_rows, n_cols = kinds.shape
    n_cells = n_rows * n_cols
    return Layout(
        name=name,
        n_rows=n_rows,
        n_cols=n_cols,
        kinds=kinds.reshape(-1),
        exits=np.ones((n_cells, 4), dtype=bool),
        edge_costs=np.zeros((n_cells, 4), dtype=np.float32),
        **more,  # type: ignore[arg-type]
    )
