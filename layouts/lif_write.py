"""A floor as a file of the VDMA Layout Interchange Format, version 1.0.0.

A node stands at the centre of every cell that units drive on, an edge is a move. Units turn on
nodes, not on edges, and drive forwards. Laden units do not pass through storage, which edges
between storage cells say as their load restriction. What descriptions say is in lif_words.py.
"""

from __future__ import annotations

from math import pi
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from layouts.layout import CellKind, Layout, Station
from layouts.lif_file import lif_parser
from layouts.lif_words import (
    CHARGE,
    DROP,
    KIND_WORDS,
    PICK,
    VEHICLE_TYPE,
    VERSION,
    queue_words,
)

if TYPE_CHECKING:
    from datetime import datetime

    from vdma_lif import models

_ACTIONS = {CellKind.STORAGE: (PICK, DROP), CellKind.CHARGER: (CHARGE,)}
_THETAS_RAD = (0.0, pi / 2, pi, -pi / 2)
"""By Heading, from -pi to pi as the format wants them."""


def lif_text(layout: Layout, exported_at: datetime, path: Path) -> str:
    """The file as JSON. exported_at: in UTC. path: of the file, for messages.

    Raises LayoutError where the package vdma-lif is not installed.
    """
    parser = lif_parser(path)
    from vdma_lif import models

    words = _node_words(layout)
    centres = layout.centres_m()
    whole = models.Layout(
        layout_id=layout.name,
        layout_name=layout.name,
        layout_version="1",
        layout_description=layout.description or None,
        nodes=[_node(layout, cell, words[cell], centres[cell]) for cell in words],
        edges=_edges(layout),
        stations=[_station(layout, station, centres[station.cell]) for station in layout.stations],
    )
    meta = models.MetaInformation("gridfleet", exported_at, VERSION, layout.name)
    text: str = parser.to_json(models.LIFLayoutCollection([whole], meta), indent=1)
    return text + "\n"


def _node_id(layout: Layout, cell: int) -> str:
    row, col = layout.row_col(cell)
    return f"r{row + 1}c{col + 1}"


def _node_words(layout: Layout) -> dict[int, str]:
    """Description of every cell that has a node, ascending."""
    words = {
        int(cell): KIND_WORDS[CellKind(layout.kinds[cell])]
        for cell in np.flatnonzero(layout.driveable)
    }
    for station in layout.stations:
        words |= {
            cell: queue_words(place, station.name)
            for place, cell in enumerate(station.queue, start=1)
        }
    return words


def _node(layout: Layout, cell: int, words: str, centre: NDArray[np.float64]) -> models.Node:
    from vdma_lif import models

    actions = [
        models.VehicleTypeNodePropertyAction(
            action, models.BlockingType.HARD, requirement_type=models.RequirementType.OPTIONAL
        )
        for action in _ACTIONS.get(CellKind(layout.kinds[cell]), ())
    ]
    return models.Node(
        node_id=_node_id(layout, cell),
        node_description=words,
        map_id=layout.name,
        node_position=models.NodePosition(_metres(centre[0]), _metres(centre[1])),
        vehicle_type_node_properties=[
            models.VehicleTypeNodeProperty(VEHICLE_TYPE, actions or None)
        ],
    )


def _edges(layout: Layout) -> list[models.Edge]:
    from vdma_lif import models

    def of_type(is_for_laden: bool) -> list[models.VehicleTypeEdgeProperty]:
        return [
            models.VehicleTypeEdgeProperty(
                VEHICLE_TYPE,
                load_restriction=None if is_for_laden else models.LoadRestriction(False, True),
                orientation_type="TANGENTIAL",
                vehicle_orientation=0.0,
                rotation_allowed=False,
                rotation_at_start_node_allowed="BOTH",
                rotation_at_end_node_allowed="BOTH",
            )
        ]

    is_storage = layout.kinds == CellKind.STORAGE
    for_all, for_empty = of_type(True), of_type(False)
    edges = []
    for cell, heading in np.argwhere(layout.exits).tolist():
        there = int(layout.neighbours[cell, heading])
        start, end = _node_id(layout, cell), _node_id(layout, there)
        kinds = for_empty if is_storage[cell] and is_storage[there] else for_all
        edges.append(models.Edge(f"{start}-{end}", end, start, kinds))
    return edges


def _station(layout: Layout, station: Station, centre: NDArray[np.float64]) -> models.Station:
    from vdma_lif import models

    return models.Station(
        interaction_node_ids=[_node_id(layout, station.cell)],
        station_id=station.name,
        station_name=station.name,
        station_description=station.kind.value,
        station_position=models.StationPosition(
            _metres(centre[0]), _metres(centre[1]), _THETAS_RAD[station.facing]
        ),
    )


def _metres(value: float) -> float:
    """To a hundredth of a millimetre, so that 0.1 * 3 is written as 0.3."""
    return round(float(value), 5)


def lost_in_lif(layout: Layout) -> list[str]:
    """What the file does not say of the floor, a phrase each."""
    lost = []
    if n_human := len(layout.cells_of(CellKind.HUMAN)):
        lost.append(f"{n_human:,} cells for people only, which have no node, like obstacles")
    if layout.edge_costs.any():
        lost.append("edge costs")
    if layout.zones:
        lost.append(f"{len(layout.zones)} zones")
    if layout.wall_gap_m:
        lost.append("the room at walls")
    if layout.recommended_units:
        lost.append("the recommended units")
    return lost
