"""Storage that pods cannot leave, or come back to, or that empty units do not get to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from layouts.layout import CellKind
from layouts.lint.finding import Finding, count, fault, named, warning
from layouts.lint.survey import Door, Survey, beside
from layouts.lint.traffic import Table, marks_reached


def storage(survey: Survey) -> Iterator[Finding]:
    """All findings of storage cells and of the ways of pods between them and stations."""
    cells = survey.layout.kinds == CellKind.STORAGE
    if not cells.any():
        return
    yield from _buried(survey)
    cut_off = survey.usable & ~survey.home
    if cut_off.any():
        told = count(int(cut_off.sum()), "storage cell")
        words = f"no empty unit gets to {told} and back to the rest of the floor; open a way"
        yield fault(survey.layout, "storage-unreachable", np.flatnonzero(cut_off), words)
    pods = np.flatnonzero(survey.usable & survey.home).tolist()
    doors = dict(survey.pod_doors())
    if not pods or not doors:
        return
    to = _stations_met(survey, doors, pods, backward=False)
    words = "no laden unit gets from {pods} to {stations}; open an aisle between them"
    codes = ("station-no-pods", "storage-no-way-out", "storage-part-way-out")
    yield from _ways(survey, doors, to, codes, words)
    back = _stations_met(survey, doors, pods, backward=True)
    words = "no laden unit gets back to {pods} from {stations}; open an aisle between them"
    codes = ("station-no-return", "storage-no-way-back", "storage-part-way-back")
    yield from _ways(survey, doors, back, codes, words)


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
            f"{count(len(buried), 'storage cell')} without an aisle beside for a laden unit to "
            "come and go; they stay empty; draw floor next to them"
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
    survey: Survey,
    doors: dict[int, Door],
    met: dict[int, int],
    codes: tuple[str, str, str],
    words: str,
) -> Iterator[Finding]:
    """Faults of one direction: stations that no storage is joined to, storage that no station is
    joined to, then storage that lacks some of the others. A code for each."""
    layout = survey.layout
    no_pods, no_station, some_stations = codes
    anywhere = 0
    for bits in met.values():
        anywhere |= bits
    cut_off = [door for index, door in doors.items() if not anywhere >> index & 1]
    if cut_off:
        names = [door.station.name for door in cut_off]
        told = words.format(pods="any storage cell", stations=named(names))
        places = [door.station.cell for door in cut_off]
        yield fault(layout, no_pods, places, told, names)
    groups: dict[int, list[int]] = defaultdict(list)
    for pod, bits in met.items():
        groups[anywhere & ~bits].append(pod)
    groups.pop(0, None)
    for missing, pods in sorted(groups.items(), key=lambda group: group[1]):
        names = [door.station.name for index, door in doors.items() if missing >> index & 1]
        stations = "any station" if missing == anywhere else named(names)
        told = words.format(pods=count(len(pods), "storage cell"), stations=stations)
        code = no_station if missing == anywhere else some_stations
        yield fault(layout, code, pods, told, names)
