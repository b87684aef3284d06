"""What blocked cells cut off from the main part of the floor, as data and in one sentence.

The main part is the largest set of cells among which an empty unit gets from each to each; for
laden units, who do not pass under pods, the same without storage (layouts/traffic.py). Lanes are
left aside: they open where a way would be lost (lanes.py). Cut off is what units got to and back
from while nothing was blocked and do not now; what is unreachable at all times is the lint's
business (layouts/lint).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.grid import station_zones
from layouts import AISLE_KINDS, CellKind, Layout
from layouts.doors import Door, door_of
from layouts.drawing import MOST_PLACES
from layouts.geometry import previous_table
from layouts.traffic import EMPTY_KINDS, Mask, Table, Traffic
from layouts.words import count, listed, named, patches_of

Cells = Sequence[int] | NDArray[np.int32]
_NICHES = (CellKind.CHARGER, CellKind.PARKING)


@dataclass(frozen=True, slots=True)
class CutOff:
    """What cannot be reached any more, blocked cells of the kind included.

    Ascending cell ids each. blocked: cells that nobody enters. aisles: cells of aisles that are not
    blocked themselves. storage: cells that no pod can be fetched from or taken to. pods: those of
    them where a pod stands. chargers, parking. stations: names, in the order of the layout;
    station_numbers: their indices. text: all of it in one sentence, without a full stop; "" where
    nothing is blocked.
    """

    blocked: tuple[int, ...] = ()
    aisles: tuple[int, ...] = ()
    storage: tuple[int, ...] = ()
    pods: tuple[int, ...] = ()
    chargers: tuple[int, ...] = ()
    parking: tuple[int, ...] = ()
    stations: tuple[str, ...] = ()
    text: str = ""
    station_numbers: tuple[int, ...] = ()

    @property
    def is_harmless(self) -> bool:
        """Whether units still get to everything else."""
        return not self.n_missed

    @property
    def n_missed(self) -> int:
        """Cells and stations that cannot be reached, blocked aisles left out."""
        return sum(len(things) for things in self.missed)

    @property
    def missed(self) -> tuple[tuple[int, ...] | tuple[str, ...], ...]:
        """All that cannot be reached, whatever blocks the way."""
        return self.aisles, self.storage, self.chargers, self.parking, self.stations

    def past(self, layout: Layout) -> str:
        """What `text` says, of a time that is over."""
        parts = {name: getattr(self, name) for name in _PARTS}
        return _sentence(layout, parts, self.stations, is_over=True) if self.blocked else ""


_PARTS = ("blocked", "aisles", "storage", "pods", "chargers", "parking")


@dataclass(frozen=True, slots=True, eq=False)
class _Reached:
    """bool[n_cells] each, what units get to and back from; `stations`: bool[n_stations]."""

    aisles: Mask
    storage: Mask
    niches: Mask
    stations: Mask


class FloorReach:
    """Knows what is reached on the open floor; asked again whenever other cells are blocked."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._behind = previous_table(layout.neighbours)
        self._doors = [door_of(s, layout.neighbours, self._behind) for s in layout.stations]
        self._is_empty_way = np.isin(layout.kinds, EMPTY_KINDS)
        self._is_aisle = np.isin(layout.kinds, AISLE_KINDS)
        self._zones = station_zones(layout)
        self._is_niche = np.isin(layout.kinds, _NICHES)
        self._reached = self._reached_past(np.zeros(layout.n_cells, dtype=bool))

    def cut_off_by(self, blocked: Mask, pod_cells: Cells = ()) -> CutOff:
        """What these cells cut off. blocked: bool[n_cells]. pod_cells: where pods stand; -1 for one
        that stands nowhere."""
        layout = self._layout
        is_shut = blocked & layout.driveable
        if not is_shut.any():
            return CutOff()
        was, now = self._reached, self._reached_past(is_shut)
        storage = _cells(was.storage & ~now.storage)
        is_gone = was.niches & ~now.niches
        missed = np.flatnonzero(was.stations & ~now.stations).tolist()
        parts = {
            "blocked": _cells(is_shut),
            "aisles": _cells(was.aisles & ~now.aisles & ~is_shut & ~self._is_niche),
            "storage": storage,
            "pods": tuple(np.intersect1d(storage, np.asarray(pod_cells, dtype=int)).tolist()),
            "chargers": _cells(is_gone & (layout.kinds == CellKind.CHARGER)),
            "parking": _cells(is_gone & (layout.kinds == CellKind.PARKING)),
        }
        names = tuple(layout.stations[index].name for index in missed)
        return CutOff(
            **parts, stations=names, text=_sentence(layout, parts, names),
            station_numbers=tuple(missed),
        )  # fmt: skip

    def _reached_past(self, shut: Mask) -> _Reached:
        """What is reached while nobody enters the cells that are shut."""
        ahead = self._layout.neighbours
        empty = Traffic.over(self._is_empty_way & ~shut, ahead)
        laden = Traffic.over(self._is_aisle & ~shut, ahead)
        from_main, to_main = _both_ways(empty)
        laden_from, laden_to = _both_ways(laden)
        aisles = from_main & to_main & self._is_aisle
        out, back = _leads_to(ahead, laden_to), _leads_to(self._behind, laden_from)
        storage = from_main & to_main & out & back & ~self._is_aisle
        stations = [
            _is_met(door, laden_from | storage, laden_to | storage)
            for door in self._doors_past(shut)
        ]
        return _Reached(aisles, storage, aisles & self._is_niche, np.array(stations, dtype=bool))

    def _doors_past(self, shut: Mask) -> list[Door]:
        """The doors; a lane begins behind the last of its cells that is shut."""
        doors, ahead = list(self._doors), self._layout.neighbours
        touched = np.unique(self._zones[shut & (self._zones >= 0)]).tolist()
        if touched:
            ahead = np.where((ahead >= 0) & shut[ahead], -1, ahead)
            behind = previous_table(ahead)
            for index in touched:
                doors[index] = door_of(self._layout.stations[index], ahead, behind)
        return doors


def _both_ways(traffic: Traffic) -> tuple[Mask, Mask]:
    """bool[n_cells] each: what the main part leads to, and what leads to it."""
    main = traffic.largest_piece(strong=True)
    return traffic.reach(main), traffic.reach(main, backward=True)


def _leads_to(table: Table, goals: Mask) -> Mask:
    """bool[n_cells], cells beside a goal. table: int32[n_cells, 4]."""
    return np.asarray(((table >= 0) & goals[table]).any(axis=1))


def _is_met(door: Door, from_main: Mask, to_main: Mask) -> bool:
    return bool(from_main[list(door.entries)].any() and to_main[list(door.exits)].any())


def _cells(mask: Mask) -> tuple[int, ...]:
    return tuple(np.flatnonzero(mask).tolist())


def _sentence(
    layout: Layout, parts: dict[str, tuple[int, ...]], names: tuple[str, ...], is_over: bool = False
) -> str:
    blocked = parts["blocked"]
    one, many = ("was", "were") if is_over else ("is", "are")
    told = f"{_places(layout, blocked)} {one if len(blocked) == 1 else many} blocked"
    things = _things(parts, names)
    if not things:
        can = "were ways round, all else could" if is_over else "are ways round, all else can"
        return f"{told}: there {can} be reached"
    cannot, works = ("could not", "worked") if is_over else ("cannot", "works")
    return f"{told}: {listed(things)} {cannot} be reached; the rest of the floor {works} on"


def _things(parts: dict[str, tuple[int, ...]], names: tuple[str, ...]) -> list[str]:
    things = []
    if parts["aisles"]:
        things.append(count(len(parts["aisles"]), "aisle cell"))
    if parts["storage"]:
        pods = f" with {count(len(parts['pods']), 'pod')}" if parts["pods"] else ""
        things.append(count(len(parts["storage"]), "storage cell") + pods)
    if parts["chargers"]:
        things.append(count(len(parts["chargers"]), "charger"))
    if parts["parking"]:
        things.append(count(len(parts["parking"]), "parking cell"))
    if names:
        things.append(named(names))
    return things


def _places(layout: Layout, cells: tuple[int, ...]) -> str:
    """ "row 4, columns 3 to 9" for a rectangle; the first few patches and how many more."""
    patches = patches_of(layout, cells)
    told = [_patch(layout, patch) for patch in patches[:MOST_PLACES]]
    if len(patches) > MOST_PLACES:
        in_all = count(len(cells), "cell")
        told.append(f"{count(len(patches) - MOST_PLACES, 'more place')} ({in_all} in all)")
    return "; ".join(told[:-1]) + f" and {told[-1]}" if len(told) > 1 else told[0]


def _patch(layout: Layout, cells: list[int]) -> str:
    rows, cols = zip(*map(layout.row_col, cells), strict=True)
    n_inside = (max(rows) - min(rows) + 1) * (max(cols) - min(cols) + 1)
    spans = f"{_span('row', rows)}, {_span('column', cols)}"
    return spans if n_inside == len(cells) else f"{len(cells)} cells in {spans}"


def _span(word: str, numbers: tuple[int, ...]) -> str:
    low, high = min(numbers) + 1, max(numbers) + 1
    return f"{word} {low}" if low == high else f"{word}s {low} to {high}"
