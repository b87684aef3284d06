"""Dead ends, and single cells that hold the floor together.

Dead ends are peeled off a floor cell by cell until every cell left lies on a round way or between
two (the 2-core of the graph; Seidman 1983, Network Structure and Minimum Degree). The cells that
cut what is left in two are blocks.py's. A way counts as open in both directions here: walls are
meant, since one-way rules have findings of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from layouts.doors import beside
from layouts.layout import AISLE_KINDS, CellKind
from layouts.lint.blocks import blocks_of, cells_cut_off, chains_of
from layouts.lint.finding import Finding, warning
from layouts.lint.survey import Survey
from layouts.traffic import Mask, Table, Traffic, traffic_of
from layouts.words import count, listed, named, patches_of

MOST_CUTS = 5
"""So many places that hold the floor together are told one by one, with what each cuts off."""


def core_of(joined: Table) -> Mask:
    """bool[n_cells], cells that lie on a round way or on a way from one to another.

    joined: int32[n_cells, 4], cells next door with a way to or from them, or -1.
    """
    n_ways = (joined >= 0).sum(axis=1)
    ends = np.flatnonzero(n_ways == 1).tolist()
    for cell in ends:
        for there in beside(joined, cell):
            n_ways[there] -= 1
            if n_ways[there] == 1:
                ends.append(there)
        n_ways[cell] = 0
    return np.asarray(n_ways > 1)


def dead_ends(survey: Survey) -> Iterator[Finding]:
    """Cells that a laden unit leaves the way it came, in one finding.

    What is cut off from home has faults of its own. The way through a station counts, so that the
    aisle out of a station is none. A charger or parking cell with one way is none either: a unit
    goes there to stay.
    """
    layout = survey.layout
    lanes = traffic_of(layout, (*AISLE_KINDS, CellKind.STATION, CellKind.QUEUE))
    joined = _without_niches(layout.kinds, lanes.joined())
    blind = ~core_of(joined) & (joined >= 0).any(axis=1)
    cells = np.flatnonzero(blind & survey.laden.is_open & survey.home).tolist()
    if not cells:
        return
    sizes = [len(patch) for patch in patches_of(layout, cells)]
    told = f"dead ends, the largest of {count(max(sizes), 'cell')}" if sizes[1:] else "dead end"
    unit = "a laden unit" if (layout.kinds == CellKind.STORAGE).any() else "a unit"
    words = (
        f"{told}: {unit} leaves the way it came, and two block each other; join it to an aisle, "
        "or draw storage or obstacles"
    )
    yield warning(layout, "dead-end", cells, words)


def _without_niches(kinds: NDArray[np.int8], joined: Table) -> Table:
    """The table less chargers and parking cells with a single way."""
    is_niche = np.isin(kinds, (CellKind.CHARGER, CellKind.PARKING))
    is_niche &= (joined >= 0).sum(axis=1) == 1
    kept = joined.copy()
    kept[is_niche] = -1
    kept[(joined >= 0) & is_niche[joined]] = -1
    return kept


def cut_cells(survey: Survey) -> Iterator[Finding]:
    """Articulation cells for all units, then those for laden units only."""
    yield from _cuts(survey, survey.empty, "cut-cell", "all units", set())
    if (survey.layout.kinds == CellKind.STORAGE).any():
        cuts = _cut_off(survey.empty)[1]
        yield from _cuts(survey, survey.laden, "cut-cell-laden", "laden units", set(cuts))


def _cut_off(traffic: Traffic) -> tuple[list[set[int]], dict[int, int]]:
    joined = traffic.joined()
    blocks = blocks_of(joined, core_of(joined))
    return blocks, cells_cut_off(blocks)


def _cuts(
    survey: Survey, traffic: Traffic, code: str, units: str, told: set[int]
) -> Iterator[Finding]:
    """Findings of the articulation cells that have not been told: the first chains one by one."""
    blocks, cuts = _cut_off(traffic)
    chains = [
        kept for chain in chains_of(blocks, cuts) if (kept := [c for c in chain if c not in told])
    ]
    cure = "a unit that stops here cuts them off; open a second way"
    for chain in chains[:MOST_CUTS]:
        behind, names = _behind(survey, traffic, chain[0])
        words = f"the only way for {units} to {behind}; {cure}"
        yield warning(survey.layout, code, chain, words, names)
    rest = [cell for chain in chains[MOST_CUTS:] for cell in chain]
    if rest:
        most = count(max(cuts[cell] for cell in rest), "cell")
        words = f"each the only way for {units} to a part of the floor, of {most} at most; {cure}"
        yield warning(survey.layout, code, rest, words)


def _behind(survey: Survey, traffic: Traffic, cell: int) -> tuple[str, list[str]]:
    """What a closed cell cuts off from the larger part of the floor, and the stations in it."""
    was = traffic.pieces(strong=False)
    is_part = traffic.is_open & (was == was[cell])
    others = is_part & (np.arange(len(is_part)) != cell)
    kept = traffic.within(others).largest_piece(strong=False)
    names = [
        door.station.name
        for door in survey.doors
        if is_part[[*door.entries, *door.exits]].any()
        and not (kept[list(door.entries)].any() and kept[list(door.exits)].any())
    ]
    is_storage = survey.layout.kinds == CellKind.STORAGE
    served = [_storage_served(survey, traffic, cells) for cells in (is_part, kept)]
    n_storage = int((served[0] & ~served[1]).sum())
    n_others = int((others & ~kept & ~is_storage).sum())
    things = [count(n_others, "aisle cell")] if n_others else []
    things += [count(n_storage, "storage cell")] if n_storage else []
    things += [named(names)] if names else []
    return listed(things), names


def _storage_served(survey: Survey, traffic: Traffic, is_part: Mask) -> Mask:
    """bool[n_cells], storage cells in a part of the floor, or beside it where the traffic does not
    pass through storage."""
    is_storage = survey.layout.kinds == CellKind.STORAGE
    if traffic.is_open[is_storage].any():
        return np.asarray(is_part & is_storage)
    joined = survey.everyone.joined()
    return np.asarray(is_storage & ((joined >= 0) & is_part[joined]).any(axis=1))
