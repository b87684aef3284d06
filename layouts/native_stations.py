"""Stations of a floor file: those of its tables, then the other station cells of the drawing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from layouts.drawing import MOST_PLACES, nearest
from layouts.errors import LayoutError
from layouts.layout import CellKind, Layout, Station, StationKind
from layouts.native_tables import StationTable
from layouts.queues import facing_of, queue_of
from layouts.regions import HEADINGS

KINDS = [kind.value for kind in StationKind]
PREFIXES = {
    StationKind.PICK: "S",
    StationKind.STOW: "T",
    StationKind.INDUCT: "I",
    StationKind.EJECT: "E",
    StationKind.WORKSTATION: "W",
}
"""Names of stations without a table: S1, S2 ... by kind in reading order."""


@dataclass(slots=True)
class StationReader:
    """Turns tables and station cells into stations, noting every fault.

    floor: with all directions open. drawn: kind that the drawing gives each station cell.
    doubtful: cells whose drawing is faulty; nothing is said of them, nor of any drawn queue.
    """

    source: str
    floor: Layout
    drawn: Mapping[int, StationKind]
    faults: list[str]
    doubtful: frozenset[int] = frozenset()
    _claims: dict[int, str] = field(default_factory=dict)
    _listed: frozenset[int] = frozenset()

    def read(self, tables: list[StationTable]) -> tuple[Station, ...]:
        """Stations in the order of their tables, then the others in reading order."""
        for table in tables:
            self._note_words(table)
        placed = [(table, cell) for table in tables if (cell := self._cell_of(table)) >= 0]
        self._note_twins([table for table, _ in placed], [cell for _, cell in placed])
        n_before = len(self.faults)
        queues = [self._explicit_queue(table, cell) for table, cell in placed]
        self._listed = frozenset(self._claims)
        stations = [
            self._station(table, cell, queue)
            for (table, cell), queue in zip(placed, queues, strict=True)
        ]
        tabled = {cell for _, cell in placed}
        names = {table.name for table in tables}
        for cell, name in default_names(self.drawn).items():
            if cell in tabled:
                continue
            if name in names:
                self.faults.append(
                    f"{self.source}: the station cell at {self.floor.place(cell)} would be called "
                    f"{name!r}, as a [[stations]] table is; give it a table with another name"
                )
            stations.append(self._station(StationTable(name, 0, 0), cell, None))
        if len(self.faults) == n_before and not self.doubtful:
            self._note_loose_queue_cells()
        return tuple(stations)

    def _cell_of(self, table: StationTable) -> int:
        """Service cell, or -1 with a fault."""
        floor = self.floor
        where = f"{self.source}: station {table.name!r} at row {table.row}, column {table.col}"
        if not (1 <= table.row <= floor.n_rows and 1 <= table.col <= floor.n_cols):
            size = f"{floor.n_rows} rows and {floor.n_cols} columns"
            self.faults.append(f"{where} is outside the map of {size}, which count from 1")
            return -1
        cell = floor.cell(table.row - 1, table.col - 1)
        kind = CellKind(floor.kinds[cell])
        wanted = CellKind.FLOOR if table.on_lane else CellKind.STATION
        if kind is not wanted and cell not in self.doubtful:
            cure = "draw it there" if table.on_lane else "draw 'S' there or correct row and col"
            self.faults.append(
                f"{where} must be on a {wanted.name.lower()} cell, not {kind.name.lower()}; {cure}"
            )
            return -1
        return cell

    def _note_twins(self, tables: list[StationTable], cells: list[int]) -> None:
        for table in tables:
            if not table.name:
                where = f"row {table.row}, column {table.col}"
                self.faults.append(f"{self.source}: the station at {where} has no name; give one")
        for name, times in Counter(table.name for table in tables).items():
            if times > 1:
                self.faults.append(f"{self.source}: {times} stations are called {name!r}")
        for cell, times in Counter(cells).items():
            if times > 1:
                place = self.floor.place(cell)
                self.faults.append(f"{self.source}: {times} [[stations]] tables are for {place}")

    def _station(self, table: StationTable, cell: int, queue: tuple[int, ...] | None) -> Station:
        if queue is None:
            queue = () if table.on_lane else self._drawn_queue(table.name, cell)
        facing = facing_of(self.floor, cell, queue)
        kind = self.drawn.get(cell, StationKind.PICK)
        if table.facing in HEADINGS:
            facing = int(HEADINGS[table.facing])
        if table.kind in KINDS:
            kind = StationKind(table.kind)
        return Station(table.name, kind, cell, queue, facing)

    def _note_words(self, table: StationTable) -> None:
        """Kinds and facings that there are not, wherever the station is."""
        where = f"{self.source}: station {table.name!r}: "
        if table.facing is not None and table.facing not in HEADINGS:
            cure = nearest(table.facing, list(HEADINGS))
            self.faults.append(f"{where}facing is {table.facing!r}; {cure}")
        if table.kind is not None and table.kind not in KINDS:
            self.faults.append(f"{where}kind is {table.kind!r}; {nearest(table.kind, KINDS)}")

    def _drawn_queue(self, name: str, cell: int) -> tuple[int, ...]:
        """The chain of queue cells beside the station, less those that others list.

        What is drawn must not depend on which station is read first, so a chain that two stations
        reach is a fault.
        """
        if self.doubtful:
            return ()
        try:
            queue = queue_of(self.floor, cell, self._listed)
        except LayoutError as error:
            self.faults.append(f"{self.source}: station {name!r}: {error}")
            return ()
        shared = [queued for queued in queue if queued in self._claims]
        if shared:
            self.faults.append(
                f"{self.source}: {self.floor.place(shared[0])}: this queue cell leads to station "
                f"{name!r} and to {self._claims[shared[0]]!r}; say in their [[stations]] tables "
                "whose it is: queue = [[row, col], ...], [] for none"
            )
            return ()
        self._claims |= dict.fromkeys(queue, name)
        return queue

    def _explicit_queue(self, table: StationTable, cell: int) -> tuple[int, ...] | None:
        """Cells of `queue`, None where the table has none or a wrong one."""
        if table.queue is None:
            return None
        where = f"{self.source}: station {table.name!r}: queue"
        if table.on_lane and table.queue:
            self.faults.append(f"{where}: a station on a lane has none; leave it out")
            return None
        pairs = table.queue
        if isinstance(pairs, str):
            words = pairs.split()
            if not all(re.fullmatch(r"\d+,\d+", word) for word in words):
                self.faults.append(f"{where} is {pairs!r}; write 'row,col row,col ...'")
                return None
            pairs = [[int(number) for number in word.split(",")] for word in words]
        chain: list[int] = []
        for pair in pairs:
            fault = self._queue_fault(table.name, chain, pair, cell)
            if fault:
                self.faults.append(f"{where}: {pair} {fault}")
                return tuple(chain)
            chain.append(self.floor.cell(pair[0] - 1, pair[1] - 1))
            self._claims[chain[-1]] = table.name
        return tuple(chain)

    def _queue_fault(self, name: str, chain: list[int], pair: list[int], service: int) -> str:
        """What is wrong with the next cell of a queue, '' if nothing is."""
        floor = self.floor
        if len(pair) != 2:
            return "is not a cell; write [row, col]"
        row, col = pair
        if not (1 <= row <= floor.n_rows and 1 <= col <= floor.n_cols):
            return "is outside the map; rows and columns count from 1"
        cell = floor.cell(row - 1, col - 1)
        if floor.kinds[cell] != CellKind.QUEUE and cell not in self.doubtful:
            kind = CellKind(floor.kinds[cell]).name.lower()
            return f"is not a queue cell but {kind}; draw 'q' there"
        if cell in self._claims:
            return f"is in the queue of {self._claims[cell]!r} already"
        before = chain[-1] if chain else service
        if cell not in floor.neighbours[before].tolist():
            return f"is not beside {floor.place(before)}; list the cells from front to back"
        return ""

    def _note_loose_queue_cells(self) -> None:
        queue_cells = self.floor.cells_of(CellKind.QUEUE).tolist()
        loose = [cell for cell in queue_cells if cell not in self._claims]
        self.faults += [
            f"{self.source}: {self.floor.place(cell)}: this queue cell belongs to no station; join "
            "it to one, or draw floor"
            for cell in loose[:MOST_PLACES]
        ]
        if len(loose) > MOST_PLACES:
            n_more = len(loose) - MOST_PLACES
            self.faults.append(f"{self.source}: {n_more} more queue cells belong to no station")


def default_names(drawn: Mapping[int, StationKind]) -> dict[int, str]:
    """Name of each station cell that has no table, by its place among those of its kind."""
    counts: Counter[StationKind] = Counter()
    names = {}
    for cell in sorted(drawn):
        counts[drawn[cell]] += 1
        names[cell] = f"{PREFIXES[drawn[cell]]}{counts[drawn[cell]]}"
    return names
