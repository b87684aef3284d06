"""What is different between two floors, as lines for people and as a dict for machines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from gridfleet.cli.layouts.facts import finding_facts, places
from layouts import Heading, Layout, Station
from layouts.difference import Difference, KindChange, MoveChange, StationChange
from layouts.words import count, listed, where

LITTLE = 0.5
"""Of the cells: with less alike, it is said that the floors have little in common."""
_FIGURES = {
    "n_rows": ("rows", ""),
    "n_cols": ("columns", ""),
    "cell_size_m": ("cell size", " m"),
    "wall_gap_m": ("room at walls", " m"),
    "recommended_units": ("recommended units", ""),
}
"""How people call a field of Layout, and its unit."""


def lines(found: Difference) -> list[str]:
    """A line for each difference: places are those of B, of what B has not any more those of A."""
    if found.is_same:
        return ["no difference"]
    other = found.other
    told = []
    if found.alike < LITTLE:
        told.append(f"little in common: {found.alike:.0%} of the cells are alike")
    told += [_figure(change.name, change.before, change.after) for change in found.figures]
    for word, added, removed in (
        ("row", found.added_rows, found.removed_rows),
        ("column", found.added_cols, found.removed_cols),
    ):
        told += [f"+ {spans(word, added)} added"] if added else []
        told += [f"- {spans(word, removed)} of A removed"] if removed else []
    told += [_kinds(other, change) for change in found.kinds]
    told += [f"+ station {_station(other, station)}" for station in found.added_stations]
    told += [f"- station {_station(found.one, station)}" for station in found.removed_stations]
    told += [_changed(found, change) for change in found.changed_stations]
    told += [_moves(other, change) for change in found.moves]
    if found.costs:
        told.append(f"~ edge costs: {where(other, found.costs)}")
    told += [_zone(zone.name, zone.before, zone.after) for zone in found.zones]
    return told + _findings(found)


def _figure(name: str, before: float, after: float) -> str:
    word, unit = _FIGURES[name]
    return f"~ {word}: {before:g} -> {after:g}{unit}"


def spans(word: str, numbers: Sequence[int]) -> str:
    """Numbers that count from 0, for people: "rows 4-6 and 9"."""
    runs = [
        [number for _, number in run]
        for _, run in groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0])
    ]
    words = [f"{run[0] + 1}" if len(run) == 1 else f"{run[0] + 1}-{run[-1] + 1}" for run in runs]
    return f"{word}{'s' if len(numbers) > 1 else ''} {listed(words)}"


def _kinds(other: Layout, change: KindChange) -> str:
    kinds = f"{change.before.name.lower()} -> {change.after.name.lower()}"
    return f"~ {kinds}: {where(other, change.cells)}"


def _station(layout: Layout, station: Station) -> str:
    queue = count(len(station.queue), "queue cell")
    return f"{station.name!r} ({station.kind.value}) at {layout.place(station.cell)}, {queue}"


def _changed(found: Difference, change: StationChange) -> str:
    before, after, one, other = change.before, change.after, found.one, found.other
    is_same_lane = "cell" in change.what and len(before.queue) == len(after.queue)
    facing = [Heading(station.facing).name.lower() for station in (before, after)]
    words = {
        "name": f"called {after.name!r}",
        "cell": f"moved from {one.place(before.cell)} of A to {other.place(after.cell)}",
        "kind": f"{before.kind.value} -> {after.kind.value}",
        "queue": f"queue of {len(before.queue)} -> {len(after.queue)} cells"
        if len(before.queue) != len(after.queue)
        else f"another queue of {count(len(after.queue), 'cell')}",
        "facing": f"person to the {facing[1]}, not the {facing[0]}",
        "lane": "on a lane in one of them",
    }
    told = [what for what in change.what if what != "queue" or not is_same_lane]
    return f"~ station {before.name!r}: " + ", ".join(words[what] for what in told)


def _moves(other: Layout, change: MoveChange) -> str:
    sign, rule = ("+", "now") if change.is_open else ("-", "no more")
    places = where(other, change.cells)
    return f"{sign} may {rule} be left to the {change.heading.name.lower()}: {places}"


def _zone(name: str, before: int | None, after: int | None) -> str:
    if before is None:
        return f"+ zone {name!r}, {count(after or 0, 'cell')}"
    if after is None:
        return f"- zone {name!r}, {count(before, 'cell')}"
    return f"~ zone {name!r}: {before} -> {count(after, 'cell')}"


def _findings(found: Difference) -> list[str]:
    told = [f"+ lint {each.severity}: {each.text}" for each in found.appeared]
    return told + [f"- lint {each.severity} of A: {each.text}" for each in found.disappeared]


def as_json(found: Difference) -> dict[str, Any]:
    """The same for machines; rows and columns count from 1, cells are pairs of them in B, in A for
    what is removed."""
    one, other = found.one, found.other
    return {
        "same": found.is_same,
        "alike": round(found.alike, 4),
        "figures": {c.name: {"before": c.before, "after": c.after} for c in found.figures},
        "rows": {"added": _numbers(found.added_rows), "removed": _numbers(found.removed_rows)},
        "columns": {"added": _numbers(found.added_cols), "removed": _numbers(found.removed_cols)},
        "cells": [
            {
                "before": change.before.name.lower(),
                "after": change.after.name.lower(),
                "cells": places(other, change.cells),
            }
            for change in found.kinds
        ],
        "stations": {
            "added": [_as_json(other, station) for station in found.added_stations],
            "removed": [_as_json(one, station) for station in found.removed_stations],
            "changed": [
                {
                    "what": list(change.what),
                    "before": _as_json(one, change.before),
                    "after": _as_json(other, change.after),
                }
                for change in found.changed_stations
            ],
        },
        "moves": [
            {
                "heading": change.heading.name.lower(),
                "allowed": change.is_open,
                "cells": places(other, change.cells),
            }
            for change in found.moves
        ],
        "edge_costs": places(other, found.costs),
        "zones": {zone.name: {"before": zone.before, "after": zone.after} for zone in found.zones},
        "findings": {
            "appeared": [finding_facts(other, each) for each in found.appeared],
            "disappeared": [finding_facts(one, each) for each in found.disappeared],
        },
    }


def _numbers(numbers: Sequence[int]) -> list[int]:
    return [number + 1 for number in numbers]


def _as_json(layout: Layout, station: Station) -> dict[str, Any]:
    return {
        "name": station.name,
        "kind": station.kind.value,
        "cell": places(layout, [station.cell])[0],
        "queue": places(layout, station.queue),
        "facing": Heading(station.facing).name.lower(),
    }
