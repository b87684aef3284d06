"""What a floor is in figures: for machines a dict, for people a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from layouts import CellKind, Layout
from layouts.lint import Finding

MOST_LINES = 24
"""More stations than that are only counted for people."""


def summary(layout: Layout) -> dict[str, Any]:
    """The figures of one floor; keys are stable."""
    return {
        "name": layout.name,
        "rows": layout.n_rows,
        "columns": layout.n_cols,
        "cell_size_m": layout.cell_size_m,
        "storage": len(layout.cells_of(CellKind.STORAGE)),
        "stations": len(layout.stations),
        "stations_of_kind": dict(Counter(station.kind.value for station in layout.stations)),
        "chargers": len(layout.cells_of(CellKind.CHARGER)),
        "parking": len(layout.cells_of(CellKind.PARKING)),
        "recommended_units": layout.recommended_units,
        "description": layout.description,
    }


def details(layout: Layout) -> dict[str, Any]:
    """The same with every station and zone. Rows and columns count from 1."""
    from layouts import Heading

    stations = [
        {
            "name": station.name,
            "kind": station.kind.value,
            "row": layout.row_col(station.cell)[0] + 1,
            "column": layout.row_col(station.cell)[1] + 1,
            "queue": len(station.queue),
            "facing": Heading(station.facing).name.lower(),
        }
        for station in layout.stations
    ]
    zones = {name: len(cells) for name, cells in layout.zones.items()}
    kinds = {kind.name.lower(): len(layout.cells_of(kind)) for kind in CellKind}
    return summary(layout) | {"cells": kinds, "station_list": stations, "zones": zones}


def places(layout: Layout, cells: Iterable[int]) -> list[list[int]]:
    """Pairs of row and column, counted from 1."""
    return [[row + 1, col + 1] for row, col in map(layout.row_col, cells)]


def finding_facts(layout: Layout | None, finding: Finding) -> dict[str, Any]:
    """A finding of lint; without cells where the floor cannot be read."""
    return {
        "severity": finding.severity.value,
        "code": finding.code,
        "text": finding.text,
        "cells": places(layout, finding.cells) if layout is not None else [],
        "stations": list(finding.stations),
    }


def lines(layout: Layout) -> list[str]:
    """The floor in words: size, counts and stations."""
    facts, metre = summary(layout), layout.cell_size_m
    kinds = ", ".join(f"{n} {kind}" for kind, n in facts["stations_of_kind"].items())
    counts = [f"{facts['storage']:,} storage cells"] if facts["storage"] else []
    counts += [f"{facts['stations']} stations ({kinds})" if kinds else "no stations"]
    counts += [f"{facts[key]} {key}" for key in ("chargers", "parking") if facts[key]]
    if layout.recommended_units:
        counts.append(f"{layout.recommended_units:,} units recommended")
    found = [f"{layout.name}: {layout.description}" if layout.description else layout.name]
    found.append(
        f"{layout.n_rows} x {layout.n_cols} cells of {metre:g} m, north to south "
        f"{layout.n_rows * metre:g} m, west to east {layout.n_cols * metre:g} m"
    )
    return [*found, ", ".join(counts)]


def station_lines(layout: Layout) -> list[str]:
    """A line for each station, or none where there are too many to read."""
    if len(layout.stations) > MOST_LINES:
        return [f"{len(layout.stations)} stations: --json lists them"]
    rows = details(layout)["station_list"]
    width = max((len(row["name"]) for row in rows), default=0)
    return [
        f"  {row['name']:<{width}}  {row['kind']:<11}  row {row['row']}, column {row['column']}, "
        f"{row['queue']} queue cells, person to the {row['facing']}"
        for row in rows
    ]
