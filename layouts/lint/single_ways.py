"""Single cells that all ways to or from a station lead over: a minimum cut of one.

Ways lead between the station and storage, or on a floor without usable storage (and at stations
that take no pods) the largest block of the floor, in which no single cell matters. The cells that
every way uses are the dominators of the station as seen from there (Cooper, Harvey and Kennedy
2006, A Simple, Fast Dominance Algorithm), which one search gives for all stations at once.

A station's own lane is left out: its queue, the cell after its service cell, dead ends that lead on
from there, and the cell where these meet the aisle; likewise where units come in. But what arriving
and leaving units share counts everywhere, and so does what several stations share. Stations on a
lane that others drive past are left out too: one cell before and after is what a lane is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import networkx as nx
import numpy as np

from layouts.doors import Door, beside
from layouts.drawing import MOST_PLACES
from layouts.layout import POD_STATIONS, CellKind
from layouts.lint.blocks import blocks_of
from layouts.lint.cuts import core_of
from layouts.lint.finding import Finding, warning
from layouts.lint.survey import Survey
from layouts.traffic import Mask
from layouts.words import listed, named

IN, OUT = "in", "out"
SHARED, SINGLE = "shared-way", "single-way"
_CURES = {
    SHARED: ": units that come and go meet here; open a second way",
    SINGLE: "; a unit that stops here cuts off work; open a second way",
}
Users = set[tuple[int, str]]
"""Stations (index) and the direction, IN or OUT."""
Doors = dict[int, Door]
"""By index of the station."""
_ROOT = -1


def single_ways(survey: Survey) -> Iterator[Finding]:
    """Cells that all ways into stations, or out of them, lead over; one finding for cells that the
    same stations hang on."""
    users: dict[int, Users] = defaultdict(set)
    private: set[tuple[int, int, str]] = set()
    core = core_of(survey.laden.joined())
    for doors, goals in _goals(survey, core):
        for way in (IN, OUT):
            for index, cells in _needed_cells(survey, doors, goals, way).items():
                for cell in cells:
                    users[cell].add((index, way))
                lane = _own_lane(survey, doors[index], cells, core, way)
                private |= {(cell, index, way) for cell in lane}
    kept = {
        cell: using
        for cell, using in users.items()
        if len(using) > 1 or (cell, *next(iter(using))) not in private
    }
    yield from _findings(survey, kept)


def _goals(survey: Survey, core: Mask) -> Iterator[tuple[Doors, Mask]]:
    """Stations with cells of their own, by where their units come from and go to."""
    layout = survey.layout
    doors = {
        index: door
        for index, door in enumerate(survey.doors)
        if layout.kinds[door.station.cell] == CellKind.STATION
    }
    has_storage = bool(survey.usable.any())
    with_pods = {i: d for i, d in doors.items() if has_storage and d.station.kind in POD_STATIONS}
    others = {i: d for i, d in doors.items() if i not in with_pods}
    if with_pods:
        yield with_pods, survey.usable
    if others:
        yield others, _largest_block(survey, core)


def _largest_block(survey: Survey, core: Mask) -> Mask:
    """bool[n_cells], none where the floor has no round way."""
    blocks = blocks_of(survey.laden.joined(), core)
    mask = np.zeros(len(core), dtype=bool)
    if blocks:
        mask[list(blocks[0])] = True
    return mask


def _needed_cells(survey: Survey, doors: Doors, goals: Mask, way: str) -> dict[int, list[int]]:
    """For each station the aisle cells that all its ways of one direction use, from it on."""
    is_open = survey.laden.is_open
    beyond = survey.layout.neighbours if way == IN else survey.behind
    moves = survey.laden.ahead if way == IN else survey.laden.behind
    graph: nx.DiGraph[int] = nx.DiGraph()
    tails, headings = np.nonzero(moves >= 0)
    graph.add_edges_from(zip(tails.tolist(), moves[tails, headings].tolist(), strict=True))
    graph.add_node(_ROOT)
    for goal in np.flatnonzero(goals).tolist():
        graph.add_edge(_ROOT, goal)
        graph.add_edges_from((goal, cell) for cell in beside(beyond, goal) if is_open[cell])
    for index, door in doors.items():
        at = [cell for cell in _door_cells(door, way) if is_open[cell] or goals[cell]]
        graph.add_edges_from((cell, _node(index)) for cell in at)
    above = nx.immediate_dominators(graph, _ROOT)
    needed = {}
    for index in doors:
        cells, node = [], above.get(_node(index), _ROOT)
        while node != _ROOT:
            cells.append(node)
            node = above[node]
        needed[index] = [cell for cell in cells if is_open[cell]]
    return needed


def _node(index: int) -> int:
    """Node of a station in the graph; cells are themselves."""
    return _ROOT - 1 - index


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
    for sorted_users, cells in groups.items():
        yield _finding(survey, cells, set(sorted_users))


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
