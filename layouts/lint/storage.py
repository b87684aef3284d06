"""Storage that pods cannot leave, or come back to, or that empty units do not get to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from layouts.doors import Door, beside
from layouts.layout import CellKind
from layouts.lint.finding import Finding, fault, warning
from layouts.lint.marks import marks_reached
from layouts.lint.survey import Survey
from layouts.traffic import Table
from layouts.words import named


@dataclass(frozen=True, slots=True)
class _Direction:
    """Codes and words for one of the two ways of a pod."""

    is_back: bool
    no_pods: str
    no_station: str
    some_stations: str
    words: str
    anywhere: str


_DIRECTIONS = (
    _Direction(
        is_back=False,
        no_pods="station-no-pods",
        no_station="storage-no-way-out",
        some_stations="storage-part-way-out",
        words="no laden unit gets from {} to {}; open an aisle between them",
        anywhere="any storage",
    ),
    _Direction(
        is_back=True,
        no_pods="station-no-return",
        no_station="storage-no-way-back",
        some_stations="storage-part-way-back",
        words="no laden unit gets back {} from {}; open an aisle between them",
        anywhere="to any storage",
    ),
)


def storage(survey: Survey) -> Iterator[Finding]:
    """All findings of storage cells and of the ways of pods between them and stations."""
    cells = survey.layout.kinds == CellKind.STORAGE
    if not cells.any():
        return
    yield from _buried(survey)
    cut_off = survey.usable & ~survey.home
    if cut_off.any():
        words = "storage that no empty unit gets to from the rest of the floor and back; open a way"
        yield fault(survey.layout, "storage-unreachable", np.flatnonzero(cut_off), words)
    pods = np.flatnonzero(survey.usable & survey.home).tolist()
    doors = dict(survey.pod_doors())
    if not pods or not doors:
        return
    for direction in _DIRECTIONS:
        met = _stations_met(survey, doors, pods, backward=direction.is_back)
        yield from _ways(survey, doors, met, direction)


def _buried(survey: Survey) -> Iterator[Finding]:
    """Deep storage: pods behind others. A run leaves such cells empty."""
    layout = survey.layout
    buried = np.flatnonzero((layout.kinds == CellKind.STORAGE) & ~survey.usable)
    if not survey.usable.any():
        words = (
            "no storage cell has an aisle beside it for a laden unit to come and go; draw storage "
            "next to floor"
        )
        yield fault(layout, "storage-unusable", buried, words)
    elif len(buried):
        words = (
            "storage without an aisle beside it for a laden unit to come and go, which stays "
            "empty; draw floor next to it"
        )
        yield warning(layout, "storage-buried", buried, words)


def _stations_met(
    survey: Survey, doors: dict[int, Door], pods: list[int], *, backward: bool
) -> dict[int, int]:
    """Stations (bits) that a laden unit reaches from each storage cell; backward: from which it
    comes there. Straight ways from storage into a station's lane, or from it, count too."""
    marks: dict[int, int] = defaultdict(int)
    for index, door in doors.items():
        for cell in door.exits if backward else door.entries:
            marks[cell] |= 1 << index
    reached = marks_reached(survey.laden, marks, backward=backward)
    table: Table = survey.behind if backward else survey.layout.neighbours
    met = {}
    for pod in pods:
        met[pod] = marks.get(pod, 0)
        for cell in beside(table, pod):
            met[pod] |= reached[cell]
    return met


def _ways(
    survey: Survey, doors: dict[int, Door], met: dict[int, int], direction: _Direction
) -> Iterator[Finding]:
    """Faults of one direction: stations that no storage is joined to, storage that no station is
    joined to, then storage that lacks some of the others."""
    layout, words = survey.layout, direction.words
    anywhere = 0
    for bits in met.values():
        anywhere |= bits
    cut_off = [door for index, door in doors.items() if not anywhere >> index & 1]
    if cut_off:
        names = [door.station.name for door in cut_off]
        places = [door.station.cell for door in cut_off]
        told = words.format(direction.anywhere, named(names))
        yield fault(layout, direction.no_pods, places, told, names)
    groups: dict[int, list[int]] = defaultdict(list)
    for pod, bits in met.items():
        groups[anywhere & ~bits].append(pod)
    groups.pop(0, None)
    for missing, pods in sorted(groups.items(), key=lambda group: group[1]):
        names = [door.station.name for index, door in doors.items() if missing >> index & 1]
        is_all = missing == anywhere
        told = words.format("here", "any station" if is_all else named(names))
        code = direction.no_station if is_all else direction.some_stations
        yield fault(layout, code, pods, told, names)
