"""The building: floors, their files, generators, lint and a library of ready ones."""

from layouts.errors import GridfleetError, LayoutError
from layouts.geometry import Heading
from layouts.layout import (
    AISLE_KINDS,
    PICK_STATIONS,
    POD_STATIONS,
    CellKind,
    Layout,
    Station,
    StationKind,
    open_layout,
)
from layouts.loading import library_names, load, save

__all__ = [
    "AISLE_KINDS",
    "PICK_STATIONS",
    "POD_STATIONS",
    "CellKind",
    "GridfleetError",
    "Heading",
    "Layout",
    "LayoutError",
    "Station",
    "StationKind",
    "library_names",
    "load",
    "open_layout",
    "save",
]
