"""Stations that units cannot reach or leave, and their queues."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from layouts.doors import Door
from layouts.layout import CellKind, StationKind
from layouts.lint.finding import Finding, Severity, fault, warning
from layouts.lint.marks import marks_reached
from layouts.lint.survey import Survey
from layouts.native import work_faults
from layouts.words import named


def work(survey: Survey) -> Iterator[Finding]:
    """Halves of a building, as the reader of floor files finds them; other floors have them too."""
    layout = survey.layout
    for told in work_faults("", layout, layout.stations):
        yield Finding(Severity.FAULT, "work-missing", (), told.removeprefix(": "))


def stations(survey: Survey) -> Iterator[Finding]:
    """Stations that empty units do not reach from home, or get home from."""
    layout = survey.layout
    unreached = [door for door in survey.doors if not survey.is_reached(door)]
    if unreached:
        words = "no unit gets from the rest of the floor to {}; open a way to {}"
        yield _of_stations(survey, "station-unreachable", unreached, words, _way_in)
    stuck = [door for door in survey.doors if not survey.is_left(door)]
    if stuck:
        words = (
            "no unit gets from {} back to the rest of the floor; open a way from a neighbour of "
            "its service cell that is not a queue cell"
        )
        yield _of_stations(survey, "station-no-exit", stuck, words)
    owned = {cell for station in layout.stations for cell in (station.cell, *station.queue)}
    for kind in (CellKind.STATION, CellKind.QUEUE):
        loose = [cell for cell in layout.cells_of(kind).tolist() if cell not in owned]
        if loose:
            words = f"{kind.name.lower()} cells of no station, which no unit enters; draw floor"
            yield fault(layout, f"{kind.name.lower()}-unowned", loose, words)


def _way_in(door: Door) -> str:
    return "the back of its queue" if door.station.queue else "its service cell"


def _of_stations(
    survey: Survey,
    code: str,
    doors: list[Door],
    words: str,
    way: Callable[[Door], str] = lambda _: "",
) -> Finding:
    """A fault of stations. words: with a place for their names, and one for what `way` says."""
    names = [door.station.name for door in doors]
    cells = [door.station.cell for door in doors]
    told = words.format(named(names), way(doors[0]))
    return fault(survey.layout, code, cells, told, names)


def sortation(survey: Survey) -> Iterator[Finding]:
    """Induct stations from which loaded units do not get to every eject station. Storage may be in
    their way; without any, the checks of empty units say it all."""
    ready = [(i, d) for i, d in enumerate(survey.doors) if survey.is_reached(d)]
    chutes = [(i, d) for i, d in ready if d.station.kind is StationKind.EJECT]
    marks: dict[int, int] = {}
    for index, door in chutes:
        for cell in door.entries:
            marks[cell] = marks.get(cell, 0) | 1 << index
    reached = marks_reached(survey.laden, marks)
    for door in survey.doors:
        if door.station.kind is not StationKind.INDUCT or not survey.is_left(door):
            continue
        bits = marks.get(door.station.cell, 0)
        for cell in door.exits:
            bits |= reached[cell]
        names = [chute.station.name for index, chute in chutes if not bits >> index & 1]
        if names:
            words = (
                f"no loaded unit gets from station {door.station.name!r} to {named(names)}; open a "
                "way that does not lead through storage"
            )
            told = [door.station.name, *names]
            yield fault(survey.layout, "sortation-cut-off", [door.station.cell], words, told)


def queues(survey: Survey) -> Iterator[Finding]:
    """Queue cells that do not lead on to the service cell, and stations without any."""
    for door in survey.doors:
        broken = [cell for cell in door.station.queue if cell not in door.lane]
        if broken:
            words = (
                f"queue cells of station {door.station.name!r} do not lead on to its service cell; "
                "correct [[exits]]"
            )
            yield fault(survey.layout, "queue-broken", broken, words, [door.station.name])
    bare = [door for door in survey.doors if _lacks_queue(survey, door)]
    if bare:
        names = [door.station.name for door in bare]
        words = (
            f"no queue cells at {named(names)}: units that wait block the aisle; draw 'q' cells in "
            "a chain to the service cell"
        )
        cells = [door.station.cell for door in bare]
        yield warning(survey.layout, "queue-missing", cells, words, names)


def _lacks_queue(survey: Survey, door: Door) -> bool:
    """At chutes nobody waits for work, and a station on a lane has no room of its own."""
    station = door.station
    on_lane = survey.layout.kinds[station.cell] != CellKind.STATION
    return not station.queue and not on_lane and station.kind is not StationKind.EJECT
