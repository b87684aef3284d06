"""What is different between two floors, as a person would say it.

Rows and columns are aligned first (alignment.py), so what stands elsewhere only because rows were
added is the same. Names and descriptions of floors do not count, nor does where they came from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layouts.alignment import Alignment, align
from layouts.geometry import Heading, neighbour_table
from layouts.layout import CellKind, Layout, Station
from layouts.lint import Finding, lint

FIGURES = ("n_rows", "n_cols", "cell_size_m", "wall_gap_m", "recommended_units")


@dataclass(frozen=True, slots=True)
class FigureChange:
    """name: field of Layout."""

    name: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class KindChange:
    """cells: of the second floor, ascending."""

    before: CellKind
    after: CellKind
    cells: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StationChange:
    """A station in both floors. what: "name", "cell", "kind", "queue", "facing" or "lane", one or
    more of them; "lane": it stands on a lane in one of them."""

    before: Station
    after: Station
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MoveChange:
    """Cells of the second floor that may be left along a heading from now on, or no more."""

    heading: Heading
    is_open: bool
    cells: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """A zone that only one floor has, or whose cells differ: None is not there, else how many."""

    name: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """Rows, columns and cells count from 0; removed ones are of the first floor, all others of the
    second. findings: of lint, that appear and disappear."""

    one: Layout
    other: Layout
    alignment: Alignment
    figures: tuple[FigureChange, ...]
    added_rows: tuple[int, ...]
    removed_rows: tuple[int, ...]
    added_cols: tuple[int, ...]
    removed_cols: tuple[int, ...]
    kinds: tuple[KindChange, ...]
    added_stations: tuple[Station, ...]
    removed_stations: tuple[Station, ...]
    changed_stations: tuple[StationChange, ...]
    moves: tuple[MoveChange, ...]
    costs: tuple[int, ...]
    zones: tuple[ZoneChange, ...]
    appeared: tuple[Finding, ...]
    disappeared: tuple[Finding, ...]

    @property
    def alike(self) -> float:
        """Share of the cells, of the larger floor, that have a partner of the same kind."""
        cells = np.flatnonzero(self.alignment.cells >= 0)
        same = self.one.kinds[cells] == self.other.kinds[self.alignment.cells[cells]]
        return float(same.sum()) / max(self.one.n_cells, self.other.n_cells)

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not (
            self.figures or self.added_rows or self.removed_rows or self.added_cols
            or self.removed_cols or self.kinds or self.added_stations or self.removed_stations
            or self.changed_stations or self.moves or self.costs or self.zones
        )  # fmt: skip


def difference(one: Layout, other: Layout) -> Difference:
    """What the second floor has otherwise than the first."""
    alignment = align(one, other)
    added, removed, changed = _stations(one, other, alignment)
    appeared, disappeared = _findings(one, other, alignment)
    return Difference(
        one=one,
        other=other,
        alignment=alignment,
        figures=_figures(one, other),
        added_rows=tuple(alignment.new_rows(other)),
        removed_rows=tuple(np.flatnonzero(alignment.rows < 0).tolist()),
        added_cols=tuple(alignment.new_cols(other)),
        removed_cols=tuple(np.flatnonzero(alignment.cols < 0).tolist()),
        kinds=_kinds(one, other, alignment),
        added_stations=added,
        removed_stations=removed,
        changed_stations=changed,
        moves=_moves(one, other, alignment),
        costs=_costs(one, other, alignment),
        zones=_zones(one, other, alignment),
        appeared=appeared,
        disappeared=disappeared,
    )


def _figures(one: Layout, other: Layout) -> tuple[FigureChange, ...]:
    return tuple(
        FigureChange(name, getattr(one, name), getattr(other, name))
        for name in FIGURES
        if getattr(one, name) != getattr(other, name)
    )


def _kinds(one: Layout, other: Layout, alignment: Alignment) -> tuple[KindChange, ...]:
    cells = np.flatnonzero(alignment.cells >= 0)
    partners = alignment.cells[cells]
    before, after = one.kinds[cells], other.kinds[partners]
    changes = []
    for pair in sorted({(int(a), int(b)) for a, b in zip(before, after, strict=True) if a != b}):
        found = partners[(before == pair[0]) & (after == pair[1])]
        changes.append(
            KindChange(CellKind(pair[0]), CellKind(pair[1]), tuple(sorted(found.tolist())))
        )
    return tuple(changes)


def _stations(
    one: Layout, other: Layout, alignment: Alignment
) -> tuple[tuple[Station, ...], tuple[Station, ...], tuple[StationChange, ...]]:
    """Added, removed and changed ones. Stations are the same at one place, else by one name."""
    left = {station.cell: station for station in other.stations}
    pairs: list[tuple[Station, Station]] = []
    lost = []
    for station in one.stations:
        partner = left.pop(int(alignment.cells[station.cell]), None)
        if partner is None:
            lost.append(station)
        else:
            pairs.append((station, partner))
    by_name = {station.name: station for station in left.values()}
    removed = [station for station in lost if station.name not in by_name]
    pairs += [(station, by_name.pop(station.name)) for station in lost if station.name in by_name]
    changed = [
        StationChange(before, after, what)
        for before, after in pairs
        if (what := _what_changed(one, other, alignment, before, after))
    ]
    return tuple(by_name.values()), tuple(removed), tuple(changed)


def _what_changed(
    one: Layout, other: Layout, alignment: Alignment, before: Station, after: Station
) -> tuple[str, ...]:
    queue = tuple(alignment.cells[list(before.queue)].tolist())
    on_lane = one.kinds[before.cell] == CellKind.FLOOR, other.kinds[after.cell] == CellKind.FLOOR
    differs = {
        "name": before.name != after.name,
        "cell": int(alignment.cells[before.cell]) != after.cell,
        "kind": before.kind != after.kind,
        "queue": queue != after.queue,
        "facing": before.facing != after.facing,
        "lane": on_lane[0] != on_lane[1],
    }
    return tuple(name for name, is_it in differs.items() if is_it)


def _moves(one: Layout, other: Layout, alignment: Alignment) -> tuple[MoveChange, ...]:
    """Between cells of which neither has another kind: what else follows from the kinds."""
    kept = alignment.cells.copy()
    kept[kept >= 0] = np.where(
        one.kinds[kept >= 0] == other.kinds[kept[kept >= 0]], kept[kept >= 0], -1
    )
    changes = []
    for heading in Heading:
        tails, partners = _pairs(one, other, kept, heading)
        before, after = one.exits[tails, heading], other.exits[partners, heading]
        for is_open in (True, False):
            found = partners[(before != after) & (after == is_open)]
            if len(found):
                changes.append(MoveChange(heading, is_open, tuple(sorted(found.tolist()))))
    return tuple(changes)


def _pairs(
    one: Layout, other: Layout, kept: NDArray[np.int64], heading: Heading
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cells of both floors that are partners, as are those next to them along the heading."""
    before = neighbour_table(one.n_rows, one.n_cols)[:, heading]
    after = neighbour_table(other.n_rows, other.n_cols)[:, heading]
    tails = np.flatnonzero((kept >= 0) & (before >= 0))
    partners = kept[tails]
    is_pair = (after[partners] >= 0) & (kept[before[tails]] == after[partners])
    return tails[is_pair], partners[is_pair]


def _costs(one: Layout, other: Layout, alignment: Alignment) -> tuple[int, ...]:
    """Cells with moves in both floors that cost otherwise."""
    tails = np.flatnonzero(alignment.cells >= 0)
    partners = alignment.cells[tails]
    is_both = one.exits[tails] & other.exits[partners]
    differs = (one.edge_costs[tails] != other.edge_costs[partners]) & is_both
    return tuple(sorted(partners[differs.any(axis=1)].tolist()))


def _zones(one: Layout, other: Layout, alignment: Alignment) -> tuple[ZoneChange, ...]:
    changes = []
    for name in dict.fromkeys([*one.zones, *other.zones]):
        before, after = one.zones.get(name), other.zones.get(name)
        if before is None or after is None:
            counts = [None if cells is None else len(cells) for cells in (before, after)]
            changes.append(ZoneChange(name, *counts))
        elif sorted(alignment.cells[list(before)].tolist()) != list(after):
            changes.append(ZoneChange(name, len(before), len(after)))
    return tuple(changes)


def _findings(
    one: Layout, other: Layout, alignment: Alignment
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Findings of the second floor that the first has not, and the reverse; a finding is the same
    where its code, its stations and the places of its cells are."""
    before = {
        (each.code, each.stations, tuple(sorted(alignment.cells[list(each.cells)].tolist()))): each
        for each in lint(one)
    }
    after = {(each.code, each.stations, tuple(sorted(each.cells))): each for each in lint(other)}
    appeared = tuple(each for key, each in after.items() if key not in before)
    return appeared, tuple(each for key, each in before.items() if key not in after)
