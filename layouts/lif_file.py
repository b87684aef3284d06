"""Files of the VDMA Layout Interchange Format, version 1 (LIF, VDMA 2024): what is in them.

The package vdma-lif reads the file. Where it refuses one it does not say why, so a structure with
the fields that must be there finds the one that is wrong.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from layouts.drawing import read_text, shortened
from layouts.errors import LayoutError

if TYPE_CHECKING:
    from vdma_lif import models

MAJOR = "1"


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


def read_layout(path: Path) -> models.Layout:
    """The only layout of the file, in a version that is known. Raises LayoutError."""
    parser = lif_parser(path)
    text = read_text(path)
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as error:
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
    if faults := _reference_faults(path, layouts[0]):
        raise LayoutError(faults)
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


def _reference_faults(path: Path, found: models.Layout) -> list[str]:
    """Names that are given twice, or that there are not."""
    faults = []
    counts = Counter(node.node_id for node in found.nodes)
    faults += [f"{path}: {times} nodes are called {name!r}"
               for name, times in counts.items() if times > 1]  # fmt: skip
    for edge in found.edges:
        faults += [
            f"{path}: edge {edge.edge_id!r}: there is no node {name!r} in this layout"
            for name in (edge.start_node_id, edge.end_node_id)
            if name not in counts
        ]
    for station in found.stations:
        faults += [
            f"{path}: station {station.station_id!r}: there is no node {name!r}"
            for name in station.interaction_node_ids
            if name not in counts
        ]
        if not station.interaction_node_ids:
            faults.append(f"{path}: station {station.station_id!r} has no interaction node")
    return shortened(faults, str(path), "faults of names")


def is_open(edge: models.Edge) -> bool:
    """Whether some type of vehicle may drive there, laden or not."""
    limits = [kind.load_restriction for kind in edge.vehicle_type_edge_properties]
    is_for_some = not limits or any(x is None or x.loaded or x.unloaded for x in limits)
    return is_for_some and edge.start_node_id != edge.end_node_id
