"""A floor with one thing changed: a station more or fewer, an aisle opened, one-way rules lifted.

What layout engineers try first, made on the floor as it is drawn. A change that leads to a fault of
the lint which was none before is not made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from layouts.directions import one_way_moves
from layouts.geometry import neighbour_table, opposite
from layouts.layout import AISLE_KINDS, CellKind, Layout, Station, StationKind
from layouts.lint import lint
from layouts.lint.finding import Severity

Cells = NDArray[np.int64]
NEAR = 3
"""Cells on either side of a line whose traffic an aisle there would take."""
MOST_STORAGE = 0.1
"""Share of the storage cells that an aisle may cost."""


@dataclass(frozen=True, slots=True)
class Change:
    """layout: after it. words: what was done, and where. name: short, for files and tables."""

    name: str
    words: str
    layout: Layout


# ---------------------------------------------------------------------- stations


def add_station(layout: Layout, kinds: Sequence[StationKind]) -> Change | None:
    """A copy of a station of one of the kinds, with its queue and the cells beside it, moved along
    its wall to the nearest place where there is nothing but obstacle; None where there is none."""
    stations = [station for station in layout.stations if station.kind in kinds]
    for by in range(1, max(layout.n_rows, layout.n_cols)):
        for station in stations:
            for step in (by, -by):
                changed = _copied(layout, station, step)
                if changed is not None and not _new_faults(layout, changed):
                    kind, where = station.kind, layout.place(changed.stations[-1].cell)
                    return Change(
                        "one-more-station", f"one more {kind} station at {where}", changed
                    )
    return None


def _copied(layout: Layout, station: Station, step: int) -> Layout | None:
    """The station once more, so many cells along its wall; None where that cannot be drawn."""
    rows, cols = _box(layout, station)
    down, right = (0, step) if station.facing % 2 else (step, 0)
    if not (rows.start + down >= 0 and rows.stop + down <= layout.n_rows):
        return None
    if not (cols.start + right >= 0 and cols.stop + right <= layout.n_cols):
        return None
    moved = _own_cells(layout, station)
    by = layout.cell(down, right)
    solid = (CellKind.OBSTACLE, CellKind.HUMAN)
    if any(layout.kinds[cell + by] not in solid for cell in moved):
        return None
    kinds, exits = np.array(layout.kinds), np.array(layout.exits)
    costs = np.array(layout.edge_costs)
    kinds[np.array(moved) + by] = layout.kinds[moved]
    _copy_moves(layout, moved, by, exits, costs)
    copy = replace(
        station, name=_free_name(layout, station.name), cell=station.cell + by,
        queue=tuple(cell + by for cell in station.queue),
    )  # fmt: skip
    return replace(
        layout, kinds=kinds, exits=exits, edge_costs=costs, stations=(*layout.stations, copy),
        source="",
    )  # fmt: skip


def _own_cells(layout: Layout, station: Station) -> list[int]:
    """Cells in the box of a station where units may be, and which are no other station's."""
    own = {station.cell, *station.queue}
    others = {cell for one in layout.stations for cell in (one.cell, *one.queue)} - own
    rows, cols = _box(layout, station)
    box = [layout.cell(row, col) for row in rows for col in cols]
    return [cell for cell in box if layout.driveable[cell] and cell not in others]


def _box(layout: Layout, station: Station) -> tuple[range, range]:
    """Rows and columns of the station with its queue, and of what is beside them along the wall:
    the lane on which units leave."""
    rows, cols = np.divmod(np.array([station.cell, *station.queue]), layout.n_cols)
    beside = (0, 1) if station.facing % 2 else (1, 0)
    return (
        range(
            max(int(rows.min()) - beside[0], 0), min(int(rows.max()) + beside[0] + 1, layout.n_rows)
        ),
        range(
            max(int(cols.min()) - beside[1], 0), min(int(cols.max()) + beside[1] + 1, layout.n_cols)
        ),
    )


def _copy_moves(
    layout: Layout, moved: list[int], by: int, exits: NDArray[np.bool_], costs: NDArray[np.float32]
) -> None:
    """Moves out of the copied cells, and into them from around, as they are at the original."""
    beside = neighbour_table(layout.n_rows, layout.n_cols)
    for cell in moved:
        exits[cell + by], costs[cell + by] = layout.exits[cell], layout.edge_costs[cell]
        for heading in range(4):
            here, there = beside[cell, heading], beside[cell + by, heading]
            if here >= 0 and there >= 0 and here not in moved:
                back = opposite(heading)
                exits[there, back] = layout.exits[here, back]
                costs[there, back] = layout.edge_costs[here, back]


def _free_name(layout: Layout, name: str) -> str:
    taken = {station.name for station in layout.stations}
    number = len(taken) + 1
    stem = name.rstrip("0123456789")
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"


def drop_station(layout: Layout, kinds: Sequence[StationKind]) -> Change | None:
    """Without the last station of the kinds, whose cells nobody enters then; None where it is the
    only one."""
    stations = [station for station in layout.stations if station.kind in kinds]
    if len(stations) < 2:
        return None
    gone = stations[-1]
    rest = tuple(station for station in layout.stations if station is not gone)
    where = layout.place(gone.cell)
    # Where units leave by cells of their own, these lead nowhere without the station.
    for cells in ([gone.cell, *gone.queue], _own_cells(layout, gone)):
        array = np.array(layout.kinds)
        array[cells] = CellKind.OBSTACLE
        changed = replace(layout, kinds=array, stations=rest, source="")
        if not _new_faults(layout, changed):
            words = f"without {gone.kind} station {gone.name} at {where}"
            return Change("one-station-fewer", words, changed)
    return None


# ---------------------------------------------------------------------- aisles


def open_aisles(layout: Layout, wait_s: NDArray[np.float64], n_most: int) -> list[Change]:
    """The rows and columns of storage that take most of the waiting if they become an aisle.

    wait_s: float64[n_cells], unit seconds spent waiting on each cell. Lines are ranked by the
    waiting within NEAR cells of them for each storage cell that they cost.
    """
    n_storage = len(layout.cells_of(CellKind.STORAGE))
    ranked = []
    for name, cells in _lines(layout):
        if len(cells) > MOST_STORAGE * n_storage:
            continue
        waits = wait_s.reshape(layout.n_rows, layout.n_cols)
        rows, cols = np.divmod(cells, layout.n_cols)
        across = slice(max(rows.min() - NEAR, 0), rows.max() + NEAR + 1)
        along = slice(max(cols.min() - NEAR, 0), cols.max() + NEAR + 1)
        ranked.append((-float(waits[across, along].sum()) / len(cells), name, cells))
    ranked.sort(key=lambda entry: entry[:2])
    found: list[Change] = []
    for _, name, cells in ranked:
        if len(found) == n_most:
            break
        changed = _as_aisle(layout, cells)
        if not _new_faults(layout, changed):
            words = f"an aisle in {name} instead of {len(cells)} storage cells"
            found.append(Change(f"aisle-{name.replace(' ', '-')}", words, changed))
    return found


def _lines(layout: Layout) -> Iterator[tuple[str, Cells]]:
    """Storage cells of each row and column in which every run of them lies between aisle cells."""
    grid = np.arange(layout.n_cells).reshape(layout.n_rows, layout.n_cols)
    lines = [(f"row {i + 1}", row) for i, row in enumerate(grid)]
    lines += [(f"column {i + 1}", column) for i, column in enumerate(grid.T)]
    for name, line in lines:
        is_storage = layout.kinds[line] == CellKind.STORAGE
        if not is_storage.any():
            continue
        is_aisle = np.isin(layout.kinds[line], AISLE_KINDS)
        padded = np.pad(is_storage.astype(np.int8), 1)
        begins = np.flatnonzero(np.diff(padded) == 1) - 1
        ends = np.flatnonzero(np.diff(padded) == -1)
        if begins[0] < 0 or ends[-1] >= len(line):
            continue
        if is_aisle[begins].all() and is_aisle[ends].all():
            yield name, line[is_storage]


def _as_aisle(layout: Layout, cells: Cells) -> Layout:
    kinds, exits = np.array(layout.kinds), np.array(layout.exits)
    kinds[cells] = CellKind.FLOOR
    beside = neighbour_table(layout.n_rows, layout.n_cols)
    for heading in range(4):
        there = beside[cells, heading]
        inside = there >= 0
        exits[cells[inside], heading] = True
        exits[there[inside], opposite(heading)] = True
    return replace(layout, kinds=kinds, exits=exits, source="")


def lift_one_way_rules(layout: Layout) -> Change | None:
    """All aisle cells open both ways; lanes of stations stay. None where no aisle is one-way."""
    one_way = one_way_moves(layout)
    beside = neighbour_table(layout.n_rows, layout.n_cols)
    is_aisle = np.isin(layout.kinds, AISLE_KINDS)
    exits = np.array(layout.exits)
    n_lifted = 0
    for heading in range(4):
        tails = np.flatnonzero(one_way[:, heading] & is_aisle)
        heads = beside[tails, heading]
        both = is_aisle[heads]
        exits[heads[both], opposite(heading)] = True
        n_lifted += int(both.sum())
    if not n_lifted:
        return None
    changed = replace(layout, exits=exits, source="")
    if _new_faults(layout, changed):
        return None
    return Change("both-ways", f"{n_lifted:,} one-way moves on aisles opened both ways", changed)


def _new_faults(before: Layout, after: Layout) -> bool:
    """More faults of any kind: that another is gone makes up for none."""
    return bool(_faults(after) - _faults(before))


def _faults(layout: Layout) -> Counter[str]:
    found = (finding for finding in lint(layout) if finding.severity is Severity.FAULT)
    return Counter(finding.code for finding in found)
