"""Layouts of the VDMA Layout Interchange Format as floors (lif_file.py reads the file).

Every node is a cell; edges are moves, longer ones lanes of floor. Files that gridfleet has written
say the kinds of cells and the queues in words (lif_words.py). In files of others a node with the
action startCharging is a charger, and the node of a station is a service cell where it is the end
of a spur, else the station stands on a lane.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from layouts.errors import LayoutError
from layouts.geometry import Heading
from layouts.imported import Imported
from layouts.lattice import Graph, Lattice, lattice_of, moves_of
from layouts.layout import CellKind, Layout, Station, StationKind, open_layout
from layouts.lif_file import is_open, read_layout
from layouts.lif_words import CHARGE, read_words
from layouts.native import work_faults
from layouts.queues import facing_of
from layouts.words import count

if TYPE_CHECKING:
    from vdma_lif import models

_KINDS = {kind.value: kind for kind in StationKind}


def read_lif(path: Path) -> Imported:
    """The one layout of a LIF file. Raises LayoutError."""
    found = read_layout(path)
    nodes = {node.node_id: point for point, node in enumerate(found.nodes)}
    edges = [edge for edge in found.edges if is_open(edge)]
    graph = Graph(
        str(path),
        "node",
        [node.node_id for node in found.nodes],
        np.array([(n.node_position.x, n.node_position.y) for n in found.nodes]).reshape(-1, 2),
        np.array(
            [(nodes[edge.start_node_id], nodes[edge.end_node_id]) for edge in edges],
            dtype=np.int64,
        ).reshape(-1, 2),
    )
    lattice = lattice_of(graph)
    exits, passed = moves_of(graph, lattice)
    floor = _Assembly(path, found, lattice, exits, passed).floor()
    if faults := work_faults(str(path), floor, floor.stations):
        raise LayoutError(faults)
    return Imported(floor, tuple(_notes(found, len(edges), passed, lattice)))


@dataclass(frozen=True, slots=True, eq=False)
class _Assembly:
    """Puts a Layout together from nodes in cells and the exits that edges make."""

    path: Path
    found: models.Layout
    lattice: Lattice
    exits: NDArray[np.bool_]
    passed: NDArray[np.int64]

    def floor(self) -> Layout:
        cells = {
            node.node_id: cell
            for node, cell in zip(self.found.nodes, self.lattice.cells.tolist(), strict=True)
        }
        kinds = np.full(len(self.exits), CellKind.OBSTACLE, dtype=np.int8)
        kinds[self.passed] = CellKind.FLOOR
        queued: defaultdict[str, dict[int, int]] = defaultdict(dict)
        said: set[str] = set()
        for node in self.found.nodes:
            kind, place = read_words(node.node_description)
            if kind is not None:
                said.add(node.node_id)
            elif _can_charge(node):
                kind = CellKind.CHARGER
            kinds[cells[node.node_id]] = CellKind.FLOOR if kind is None else kind
            if place is not None:
                queued[place[1]][place[0]] = cells[node.node_id]
        services = [
            (station, number, name)
            for station in self.found.stations
            for number, name in enumerate(station.interaction_node_ids, start=1)
        ]
        for _, _, name in services:
            if name not in said and self._is_spur(cells[name]):
                kinds[cells[name]] = CellKind.STATION
        floor = open_layout(
            self.found.layout_name or self.found.layout_id or self.path.stem,
            kinds.reshape(self.lattice.n_rows, self.lattice.n_cols),
            source=str(self.path),
            cell_size_m=self.lattice.cell_size_m,
            description=self.found.layout_description or "",
        )
        stations = tuple(
            self._station(floor, station, number, cells[name], queued)
            for station, number, name in services
        )
        _check_cells(self.path, floor, stations)
        return replace(floor, exits=self.exits, stations=stations)

    def _is_spur(self, cell: int) -> bool:
        """Whether other nodes are on one side of it only."""
        lattice, beside = self.lattice, 0
        row, col = divmod(cell, lattice.n_cols)
        for heading, (down, right) in enumerate(((0, 1), (-1, 0), (0, -1), (1, 0))):
            there = (row + down) * lattice.n_cols + col + right
            is_inside = 0 <= row + down < lattice.n_rows and 0 <= col + right < lattice.n_cols
            beside += is_inside and bool(
                self.exits[cell, heading] or self.exits[there, (heading + 2) % 4]
            )
        return beside <= 1

    def _station(
        self, floor: Layout, station: models.Station, number: int, cell: int,
        queued: dict[str, dict[int, int]],
    ) -> Station:  # fmt: skip
        name = station.station_name or station.station_id
        if len(station.interaction_node_ids) > 1:
            name = f"{name}-{number}"
        places = queued.get(name, {})
        queue = tuple(places[place] for place in sorted(places))
        theta = station.station_position.theta if station.station_position else None
        facing = facing_of(floor, cell, queue)
        if theta is not None:
            facing = int(Heading(round(theta / (np.pi / 2)) % 4))
        kind = _KINDS.get(station.station_description or "", StationKind.WORKSTATION)
        return Station(name, kind, cell, queue, facing)


def _can_charge(node: models.Node) -> bool:
    return any(
        action.action_type == CHARGE
        for kind in node.vehicle_type_node_properties
        for action in kind.actions or []
    )


def _check_cells(path: Path, floor: Layout, stations: tuple[Station, ...]) -> None:
    """Two stations of one name or node, and words for cells that belong to no station."""
    faults = []
    names = [station.name for station in stations]
    cells = [station.cell for station in stations]
    faults += [f"{path}: {names.count(name)} stations are called {name!r}"
               for name in dict.fromkeys(names) if names.count(name) > 1]  # fmt: skip
    faults += [f"{path}: {cells.count(cell)} stations interact at {floor.place(cell)}"
               for cell in dict.fromkeys(cells) if cells.count(cell) > 1]  # fmt: skip
    owned = {cell for station in stations for cell in (station.cell, *station.queue)}
    for kind in (CellKind.STATION, CellKind.QUEUE):
        faults += [
            f"{path}: the node at {floor.place(cell)} is described as a {kind.name.lower()} cell "
            "of no station"
            for cell in floor.cells_of(kind).tolist()
            if cell not in owned
        ]
    if faults:
        raise LayoutError(faults)


def _notes(
    found: models.Layout, n_open: int, passed: NDArray[np.int64], lattice: Lattice
) -> list[str]:
    """What of the file has no place in a floor."""
    properties = [kind for edge in found.edges for kind in edge.vehicle_type_edge_properties]
    types = {kind.vehicle_type_id for kind in properties}
    notes = []
    if len(types) > 1:
        notes.append(f"edges of {len(types)} types of vehicles were taken for all units alike")
    if n_curved := sum(kind.trajectory is not None for kind in properties):
        notes.append(f"{count(n_curved, 'trajectory')} left out: units drive straight")
    if any(kind.max_speed is not None for kind in properties):
        notes.append("speed limits of edges left out")
    if n_closed := len(found.edges) - n_open:
        notes.append(f"{count(n_closed, 'edge')} that nothing may drive left out")
    if len(passed):
        notes.append(f"{count(len(passed), 'cell')} that longer edges lead over became floor")
    if lattice.is_stretched:
        east, north = lattice.pitch_m
        notes.append(
            f"nodes are {east:g} m apart from west to east and {north:g} m from south to north; "
            f"cells became squares of {lattice.cell_size_m:g} m"
        )
    return notes
