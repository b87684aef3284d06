"""Single cells that all ways to or from a station lead over: a minimum cut of one.

Ways lead between the station and storage, or on a floor without usable storage (and at stations
that take no pods) the largest block of the floor, in which no single cell matters. A station's own
lane is left out: its queue, the cell after its service cell, dead ends that lead on from there, and
the cell where these meet the aisle; likewise where units come in. But what arriving and leaving
units share counts everywhere, and so does what several stations share. Stations on a lane that
others drive past are left out too: one cell before and after is what a lane is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from layouts.drawing import MOST_PLACES
from layouts.layout import CellKind
from layouts.lint.blocks import blocks_of
from layouts.lint.cuts import core_of
from layouts.lint.disjoint import DisjointWays
from layouts.lint.finding import Finding, listed, named, warning
from layouts.lint.survey import POD_KINDS, Door, Survey, beside
from layouts.lint.traffic import Mask

IN, OUT = "in", "out"
SHARED, SINGLE = "shared-way", "single-way"
_CURES = {
    SHARED: ": units that come and go meet here; open a second way",
    SINGLE: "; a unit that stops here cuts off work; open a second way",
}
Users = set[tuple[int, str]]
"""Stations (index) and the direction, IN or OUT."""


def single_ways(survey: Survey) -> Iterator[Finding]:
    """Cells that all ways into stations, or out of them, lead over; one finding for cells that the
    same stations hang on."""
    users: dict[int, Users] = defaultdict(set)
    private: set[tuple[int, int, str]] = set()
    core = core_of(survey.laden.joined())
    block = _largest_block(survey, core)
    for index, door in enumerate(survey.doors):
        if survey.layout.kinds[door.station.cell] != CellKind.STATION:
            continue
        goals = survey.usable if door.station.kind in POD_KINDS and survey.usable.any() else block
        for way in (IN, OUT):
            cells = _shared_cells(survey, door, goals, way)
            for cell in cells:
                users[cell].add((index, way))
            private |= {(cell, index, way) for cell in _own_lane(survey, door, cells, core, way)}
    kept = {
        cell: using
        for cell, using in users.items()
        if len(using) > 1 or (cell, *next(iter(using))) not in private
    }
    yield from _findings(survey, kept)


def _largest_block(survey: Survey, core: Mask) -> Mask:
    """bool[n_cells], none where the floor has no round way."""
    blocks = blocks_of(survey.laden.joined(), core)
    mask = np.zeros(len(core), dtype=bool)
    if blocks:
        mask[list(blocks[0])] = True
    return mask


def _shared_cells(survey: Survey, door: Door, goals: Mask, way: str) -> list[int]:
    """Aisle cells that all ways of one direction use, from the station on."""
    is_open = survey.laden.is_open
    table = survey.behind if way == IN else survey.layout.neighbours
    starts = [cell for cell in _door_cells(door, way) if is_open[cell] or goals[cell]]

    def usable(cell: int) -> list[int]:
        return [there for there in beside(table, cell) if is_open[there] or goals[there]]

    ways = DisjointWays(starts, usable, lambda cell: bool(goals[cell]))
    if not ways.add() or ways.add():
        return []
    return [cell for cell in ways.shared() if is_open[cell]]


def _door_cells(door: Door, way: str) -> tuple[int, ...]:
    return door.entries if way == IN else door.exits


def _own_lane(survey: Survey, door: Door, cells: list[int], core: Mask, way: str) -> list[int]:
    """The first of the cells, one beside the other, up to where they meet the aisle."""
    lane: list[int] = []
    for cell in cells:
        near = _around(survey, lane[-1]) if lane else _door_cells(door, way)
        if cell not in near:
            break
        lane.append(cell)
        if core[cell]:
            break
    return lane


def _around(survey: Survey, cell: int) -> list[int]:
    return beside(survey.layout.neighbours, cell) + beside(survey.behind, cell)


def _findings(survey: Survey, users: dict[int, Users]) -> Iterator[Finding]:
    """A finding for cells that the same stations hang on; one for all, by code, where many stations
    have a cell of their own."""
    groups: dict[tuple[tuple[int, str], ...], list[int]] = defaultdict(list)
    for cell, using in sorted(users.items()):
        groups[tuple(sorted(using))].append(cell)
    alone = [using for using in groups if len({index for index, _ in using}) == 1]
    for code in (SHARED, SINGLE):
        several = [using for using in alone if _code(set(using)) == code]
        if len(several) > MOST_PLACES:
            cells = [cell for using in several for cell in groups.pop(using)]
            names = [survey.doors[using[0][0]].station.name for using in several]
            told = "in and out" if code == SHARED else "in or out"
            words = f"each the only way {told} of one of {named(names)}{_CURES[code]}"
            yield warning(survey.layout, code, cells, words, names)
    for using, cells in groups.items():
        yield _finding(survey, cells, set(using))


def _code(users: Users) -> str:
    """SHARED where some station is both entered and left over the cell."""
    return SHARED if len({index for index, _ in users}) < len(users) else SINGLE


def _finding(survey: Survey, cells: list[int], users: Users) -> Finding:
    names = {
        way: [survey.doors[index].station.name for index, used in sorted(users) if used == way]
        for way in (IN, OUT)
    }
    if names[IN] == names[OUT]:
        told = f"in and out of {named(names[IN])}"
    else:
        ways = [f"in to {named(names[IN])}"] if names[IN] else []
        ways += [f"out of {named(names[OUT])}"] if names[OUT] else []
        told = listed(ways)
    code = _code(users)
    all_names = [survey.doors[index].station.name for index in sorted({i for i, _ in users})]
    words = f"the only way {told}{_CURES[code]}"
    return warning(survey.layout, code, cells, words, all_names)
