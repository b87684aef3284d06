"""The native floor file: TOML with a map that a person draws (docs/layouts.md).

All faults of a file are reported together, with rows and columns counted from 1. Order of meaning:
the drawing, then [[one_way]] tables, then the rules of queues (queues.py), then [[exits]] tables,
which say exactly how cells may be left where nothing else can.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from layouts.drawing import (
    characters,
    ragged_faults,
    read_text,
    strange_faults,
    without_blank_end,
)
from layouts.errors import LayoutError
from layouts.geometry import opposite
from layouts.layout import CellKind, Layout, Station, StationKind, open_layout
from layouts.legend import LEGEND, Meaning, meanings
from layouts.native_stations import StationReader
from layouts.native_tables import (
    CostTable,
    ExitTable,
    FloorFile,
    OneWayTable,
    ZoneTable,
    parse_tables,
)
from layouts.queues import restrict_exits
from layouts.regions import Region, RegionError, cells_in, parse_headings, parse_span

__all__ = ["LEGEND", "parse_native", "read_native"]

FORMAT = 1
MOST_COST = float(np.finfo(np.float32).max)
DOUBTFUL, FLOOR = "\ufffd", Meaning(CellKind.FLOOR)


def read_native(path: Path) -> Layout:
    """Read a floor file. Raises LayoutError with every fault found."""
    return parse_native(read_text(path), str(path), path.stem)


def parse_native(text: str, source: str, default_name: str = "") -> Layout:
    """The floor that the text of a floor file says. source: what messages call the file.

    Raises LayoutError with every fault found.
    """
    faults: list[str] = []
    file = parse_tables(text, source, faults)
    faults += _figure_faults(file, source)
    legend = meanings(file.legend, source, faults)
    rows = _rows(file.map)
    faults += ragged_faults(source, rows)
    known = {*legend, *file.legend}
    faults += strange_faults(source, rows, known, "draw another or add it to [legend]")
    if not rows:
        if not any(fault.startswith(f"{source}: map: ") for fault in faults):
            faults.append(f'{source}: no map; draw one: map = """ ... """, a character a cell')
        raise LayoutError(faults)
    drawn = characters(_made_even(rows, legend))
    floor = _Assembly(source, file, legend | {DOUBTFUL: FLOOR}, drawn, faults).layout(default_name)
    if faults:
        raise LayoutError(faults)
    return floor


def _rows(drawing: str) -> list[str]:
    lines = without_blank_end(drawing.split("\n"))
    while lines and not lines[0]:
        lines.pop(0)
    return lines


def _made_even(rows: list[str], legend: dict[str, Meaning]) -> list[str]:
    """The drawing with whatever is faulty marked as doubtful, so that tables can be checked too."""
    lengths = [len(text) for text in rows]
    usual, width = max(lengths, key=lengths.count), max(lengths)
    return [
        "".join(char if char in legend else DOUBTFUL for char in text).ljust(width, DOUBTFUL)
        if len(text) == usual
        else DOUBTFUL * width
        for text in rows
    ]


def _figure_faults(file: FloorFile, source: str) -> list[str]:
    faults = []
    if file.format != FORMAT:
        faults.append(f"{source}: format is {file.format}; this version reads format {FORMAT}")
    if not 0.1 <= file.cell_size_m <= 10:
        size = file.cell_size_m
        faults.append(f"{source}: cell_size_m is {size}; give metres between 0.1 and 10")
    if not 0 <= file.wall_gap_m < file.cell_size_m / 2:
        faults.append(
            f"{source}: wall_gap_m is {file.wall_gap_m}; give metres from 0 to less than half of "
            "cell_size_m"
        )
    if file.recommended_units < 0:
        faults.append(
            f"{source}: recommended_units is {file.recommended_units}; it must be 0 or more"
        )
    return faults


class _Assembly:
    """Puts a Layout together from a drawing and tables; faults are added to `faults`."""

    def __init__(
        self,
        source: str,
        file: FloorFile,
        legend: dict[str, Meaning],
        drawn: NDArray[np.str_],
        faults: list[str],
    ) -> None:
        self._source, self._file, self._faults = source, file, faults
        self._shape = drawn.shape
        kinds = np.empty(drawn.shape, dtype=np.int8)
        self._exits = np.ones((*drawn.shape, 4), dtype=bool)
        self._stations: dict[int, StationKind] = {}
        self._zones: dict[str, set[int]] = {}
        for char in np.unique(drawn).tolist():
            meaning, places = legend[char], drawn == char
            kinds[places] = meaning.kind
            cells = np.flatnonzero(places).tolist()
            if meaning.heading >= 0:
                self._exits[places] = np.arange(4) == meaning.heading
            if meaning.kind is CellKind.STATION:
                self._stations |= dict.fromkeys(cells, meaning.station)
            if meaning.zone:
                self._zones.setdefault(meaning.zone, set()).update(cells)
        self._open = open_layout("", kinds)
        self._doubtful = frozenset(np.flatnonzero(drawn == DOUBTFUL).tolist())

    def layout(self, default_name: str) -> Layout:
        """The floor, which is of no use if there are faults."""
        file, n_cells = self._file, self._open.n_cells
        reader = StationReader(
            self._source, self._open, self._stations, self._faults, self._doubtful
        )
        stations = reader.read(file.stations)
        if not self._doubtful:
            self._faults += work_faults(self._source, self._open, stations)
        self._set_one_way()
        flat = restrict_exits(self._open, self._exits.reshape(n_cells, 4), stations)
        self._exits = flat.reshape(self._exits.shape)
        self._set_exits("exits", file.exits)
        return Layout(
            name=default_name if file.name is None else file.name,
            n_rows=self._shape[0],
            n_cols=self._shape[1],
            kinds=self._open.kinds,
            exits=self._exits.reshape(n_cells, 4),
            edge_costs=self._costs(),
            stations=stations,
            cell_size_m=file.cell_size_m,
            zones=self._all_zones(),
            source=self._source,
            description=file.description,
            recommended_units=file.recommended_units,
            wall_gap_m=file.wall_gap_m,
        )

    def _region(
        self, where: str, table: ExitTable | OneWayTable | CostTable | ZoneTable
    ) -> Region | None:
        try:
            rows = parse_span(table.rows, self._shape[0], "rows")
            return Region(rows, parse_span(table.cols, self._shape[1], "cols"))
        except RegionError as error:
            self._faults.append(f"{self._source}: {where}: {error}")
            return None

    def _headings(self, where: str, value: str | list[str]) -> list[int]:
        try:
            return parse_headings(value)
        except RegionError as error:
            self._faults.append(f"{self._source}: {where}: {error}")
            return []

    def _moves(self, where: str, table: OneWayTable | CostTable) -> list[int] | None:
        """Headings of the moves that a table is about: those it names, or the ways back of those in
        `against`. None, with a fault, where it gives both or neither."""
        if (table.heading is None) == (table.against is None):
            self._faults.append(f"{self._source}: {where}: give either heading or against")
            return None
        headings = self._headings(where, table.heading or table.against or [])
        return headings if table.against is None else [opposite(heading) for heading in headings]

    def _set_one_way(self) -> None:
        """heading: all other ways out are closed. against: the ways back are closed."""
        for number, table in enumerate(self._file.one_way, start=1):
            where = f"one_way[{number}]"
            region = self._region(where, table)
            headings = self._moves(where, table)
            if region is None or headings is None:
                continue
            if table.heading is not None:
                self._exits[region.rows, region.cols] = np.isin(range(4), headings)
            else:
                self._exits[region.rows, region.cols, headings] = False

    def _set_exits(self, key: str, tables: list[ExitTable]) -> None:
        for number, table in enumerate(tables, start=1):
            region = self._region(f"{key}[{number}]", table)
            headings = self._headings(f"{key}[{number}]", table.heading)
            if region is not None:
                self._exits[region.rows, region.cols] = np.isin(range(4), headings)

    def _costs(self) -> NDArray[np.float32]:
        """Edge costs; a later table overrides an earlier one. Shape (n_cells, 4)."""
        costs = np.zeros(self._exits.shape, dtype=np.float32)
        for number, table in enumerate(self._file.edge_costs, start=1):
            where = f"edge_costs[{number}]"
            region = self._region(where, table)
            headings = self._moves(where, table)
            if headings is None:
                continue
            if not 0 <= table.cost <= MOST_COST:
                self._faults.append(
                    f"{self._source}: {where}: cost is {table.cost}; give cells, 0 or more"
                )
            elif region is not None:
                costs[region.rows, region.cols, headings] = table.cost
        return costs.reshape(-1, 4)

    def _all_zones(self) -> dict[str, tuple[int, ...]]:
        for name, tables in self._file.zones.items():
            cells = self._zones.setdefault(name, set())
            for number, table in enumerate(tables, start=1):
                region = self._region(f"zones {name!r}[{number}]", table)
                if region is not None:
                    cells.update(cells_in(region, self._shape[1]))
        return {name: tuple(sorted(cells)) for name, cells in self._zones.items()}


def work_faults(source: str, floor: Layout, stations: tuple[Station, ...]) -> list[str]:
    """Halves of a building: storage that nobody picks from, stations that nothing comes to.

    A floor with neither is legal, as are workstations alone (an imported floor).
    """
    kinds = {station.kind for station in stations}
    has_storage = bool((floor.kinds == CellKind.STORAGE).any())
    faults = []
    if has_storage and not stations:
        faults.append(f"{source}: there is storage but no station; draw one with 'S'")
    if not has_storage and kinds & {StationKind.PICK, StationKind.STOW}:
        faults.append(
            f"{source}: there are pick or stow stations but no storage; draw some with 'P'"
        )
    if not has_storage and len(kinds & {StationKind.INDUCT, StationKind.EJECT}) == 1:
        faults.append(
            f"{source}: sortation needs both induct and eject stations, and there is no storage "
            "for anything else"
        )
    return faults
