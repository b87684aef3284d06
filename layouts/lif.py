"""Layouts of the VDMA Layout Interchange Format, version 1 (LIF, VDMA 2024), as floors.

Every node is a cell; edges are moves, longer ones lanes of floor. Files that gridfleet has written
say the kinds of cells and the queues in words (lif_words.py). In files of others a node with the
action startCharging is a charger, and the node of a station is a service cell where it is the end
of a spur, else the station stands on a lane. The package vdma-lif reads the file; where it refuses
one, a structure with the fields that must be there says which is wrong.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from layouts.drawing import read_text, shortened
from layouts.errors import LayoutError
from layouts.geometry import Heading
from layouts.imported import Imported
from layouts.lattice import Graph, Lattice, lattice_of, moves_of
from layouts.layout import CellKind, Layout, Station, StationKind, open_layout
from layouts.lif_words import CHARGE, read_words
from layouts.native import work_faults
from layouts.queues import facing_of
from layouts.words import count

if TYPE_CHECKING:
    from vdma_lif import models

MAJOR = "1"
_KINDS = {kind.value: kind for kind in StationKind}


def read_lif(path: Path) -> Imported:
    """The one layout of a LIF file. Raises LayoutError."""
    found = _layout_of(path)
    nodes = {node.node_id: point for point, node in enumerate(found.nodes)}
    faults = _reference_faults(path, found, nodes)
    if faults:
        raise LayoutError(faults)
    edges = [edge for edge in found.edges if _is_open(edge)]
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


# ---------------------------------------------------------------------- the file


class _Meta(msgspec.Struct):
    """The fields that a file must have, to say which one is wrong."""

    lifVersion: str  # noqa: N815 (the spelling of the format, as below)
    creator: str
    exportTimestamp: str  # noqa: N815
    projectIdentification: str  # noqa: N815


class _Position(msgspec.Struct):
    x: float
    y: float


class _Type(msgspec.Struct):
    vehicleTypeId: str  # noqa: N815


class _Node(msgspec.Struct):
    nodeId: str  # noqa: N815
    nodePosition: _Position  # noqa: N815
    vehicleTypeNodeProperties: list[_Type]  # noqa: N815


class _Edge(msgspec.Struct):
    edgeId: str  # noqa: N815
    startNodeId: str  # noqa: N815
    endNodeId: str  # noqa: N815
    vehicleTypeEdgeProperties: list[_Type]  # noqa: N815


class _Station(msgspec.Struct):
    stationId: str  # noqa: N815
    interactionNodeIds: list[str]  # noqa: N815


class _Layout(msgspec.Struct):
    layoutId: str  # noqa: N815
    layoutVersion: str  # noqa: N815
    nodes: list[_Node]
    edges: list[_Edge]
    stations: list[_Station]


class _File(msgspec.Struct):
    metaInformation: _Meta  # noqa: N815
    layouts: list[_Layout]


def _layout_of(path: Path) -> models.Layout:
    """The only layout of the file, in a version that is known. Raises LayoutError."""
    parser = lif_parser(path)
    text = read_text(path)
    try:
        table = json.loads(text)
    except ValueError as error:
        raise LayoutError(f"{path}: not JSON: {error}; is the file cut off?") from None
    _check_version(path, table)
    try:
        collection = parser.from_json(text)
    except Exception as error:  # the package asserts, without a word
        raise LayoutError(f"{path}: not a LIF file: {_what_is_wrong(table, error)}") from None
    layouts = collection.layouts
    if len(layouts) != 1:
        names = ", ".join(repr(layout.layout_id) for layout in layouts) or "none"
        raise LayoutError(
            f"{path}: {len(layouts)} layouts: {names}; a floor here is one layout on one level, so "
            "give a file with that one alone"
        )
    maps = sorted({node.map_id for node in layouts[0].nodes if node.map_id is not None})
    if len(maps) > 1:
        raise LayoutError(
            f"{path}: nodes on {len(maps)} maps: {', '.join(map(repr, maps))}; a floor here is one "
            "level, so give a file with the nodes of one map"
        )
    return layouts[0]


def lif_parser(path: Path) -> Any:
    """LIFParser of the package vdma_lif. Raises LayoutError where it is not installed."""
    try:
        from vdma_lif.parser import LIFParser
    except ImportError:
        raise LayoutError(
            f"{path}: LIF needs the package vdma-lif: pip install 'gridfleet[lif]'"
        ) from None
    return LIFParser


def _check_version(path: Path, table: Any) -> None:
    meta = table.get("metaInformation") if isinstance(table, dict) else None
    version = meta.get("lifVersion") if isinstance(meta, dict) else None
    if isinstance(version, str) and version.split(".")[0] != MAJOR:
        raise LayoutError(
            f"{path}: lifVersion is {version!r}; this reads version {MAJOR} (1.0.0), so export "
            "that one"
        )


def _what_is_wrong(table: Any, error: Exception) -> str:
    try:
        msgspec.convert(table, _File)
    except msgspec.ValidationError as named:
        return str(named)
    return str(error) or "a field has a value of the wrong type"


def _reference_faults(path: Path, found: models.Layout, nodes: dict[str, int]) -> list[str]:
    """Names that are given twice, or that there are not."""
    faults = []
    if len(nodes) < len(found.nodes):
        names = [node.node_id for node in found.nodes]
        twin = next(name for name in names if names.count(name) > 1)
        faults.append(f"{path}: {names.count(twin)} nodes are called {twin!r}")
    for edge in found.edges:
        faults += [
            f"{path}: edge {edge.edge_id!r}: there is no node {name!r} in this layout"
            for name in (edge.start_node_id, edge.end_node_id)
            if name not in nodes
        ]
    for station in found.stations:
        faults += [
            f"{path}: station {station.station_id!r}: there is no node {name!r}"
            for name in station.interaction_node_ids
            if name not in nodes
        ]
        if not station.interaction_node_ids:
            faults.append(f"{path}: station {station.station_id!r} has no interaction node")
    return shortened(faults, str(path), "faults of names")


def _is_open(edge: models.Edge) -> bool:
    """Whether some type of vehicle may drive there, laden or not."""
    limits = [kind.load_restriction for kind in edge.vehicle_type_edge_properties]
    is_for_some = not limits or any(x is None or x.loaded or x.unloaded for x in limits)
    return is_for_some and edge.start_node_id != edge.end_node_id


# ---------------------------------------------------------------------- the floor


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
