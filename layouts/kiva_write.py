"""A floor as a Kiva floor (kiva.py) for the programs of layout search and guidance graphs.

Units there drive to the endpoints beside shelves and carry nothing, so storage becomes shelves, and
the cells beside them endpoints unless the floor has endpoints of its own. A move of a weighted
floor costs 1 and its edge cost; waiting costs 1, said once for all cells.
"""

from __future__ import annotations

import json

import numpy as np
from numpy.typing import NDArray

from layouts.geometry import neighbour_table
from layouts.kiva import ENDPOINTS
from layouts.layout import CellKind, Layout

SHELF, ENDPOINT, WORKSTATION, HOME, FREE = "@", "e", "w", "r", "."
_CHARS = {
    CellKind.OBSTACLE: SHELF,
    CellKind.STORAGE: SHELF,
    CellKind.HUMAN: SHELF,
    CellKind.FLOOR: FREE,
    CellKind.QUEUE: FREE,
    CellKind.CHARGER: FREE,
    CellKind.STATION: WORKSTATION,
    CellKind.PARKING: HOME,
}
WAIT = 1.0
MAXTIME = 5000
"""Time steps of an experiment there, which the format asks for: as in the published floors."""


def kiva_text(layout: Layout) -> str:
    """The floor as JSON, with "weights" where it has edge costs."""
    drawn = kiva_characters(layout)
    weights = _weights(layout, drawn) if layout.edge_costs.any() else None
    table = {
        "name": layout.name,
        "weight": weights is not None,
        "n_row": layout.n_rows,
        "n_col": layout.n_cols,
        "n_endpoint": int((drawn == ENDPOINT).sum()),
        "n_agent_loc": int((drawn == HOME).sum()),
        "maxtime": MAXTIME,
        "layout": ["".join(row) for row in drawn.tolist()],
    }
    if weights is not None:
        table["weights"] = weights
    return json.dumps(table, indent=1, ensure_ascii=False) + "\n"


def kiva_characters(layout: Layout) -> NDArray[np.str_]:
    """The character of every cell, of KINDS in kiva.py. Shape (n_rows, n_cols)."""
    drawn = np.array([_CHARS[kind] for kind in CellKind])[layout.kinds]
    endpoints = np.zeros(layout.n_cells, dtype=bool)
    if ENDPOINTS in layout.zones:
        endpoints[np.array(layout.zones[ENDPOINTS], dtype=np.int64)] = True
    else:
        beside = neighbour_table(layout.n_rows, layout.n_cols)
        is_storage = layout.kinds == CellKind.STORAGE
        endpoints = ((beside >= 0) & is_storage[beside]).any(axis=1)
    drawn[endpoints & (drawn == FREE)] = ENDPOINT
    for station in layout.stations:
        drawn[station.cell] = WORKSTATION
    return drawn.reshape(layout.n_rows, layout.n_cols)


def _weights(layout: Layout, drawn: NDArray[np.str_]) -> list[float]:
    """One cost of waiting, then of every move between free cells, in reading order of the cells
    and of Heading, which is the order of the format."""
    is_free = (drawn != SHELF).reshape(-1)
    beside = neighbour_table(layout.n_rows, layout.n_cols)
    is_move = (beside >= 0) & is_free[:, None] & is_free[beside]
    moves = 1.0 + layout.edge_costs[is_move].astype(np.float64)
    return [WAIT, *moves.tolist()]


def lost_in_kiva(layout: Layout) -> list[str]:
    """What the JSON does not say of the floor, a phrase each."""
    drawn = kiva_characters(layout)
    is_free = (drawn != SHELF).reshape(-1)
    beside = neighbour_table(layout.n_rows, layout.n_cols)
    is_closed = (beside >= 0) & is_free[:, None] & is_free[beside] & ~layout.exits
    lost = ["one-way rules, which a guidance table (.csv) can say"] if is_closed.any() else []
    return lost + lost_in_kiva_cells(layout)


def lost_in_kiva_cells(layout: Layout) -> list[str]:
    """What its characters do not say, a phrase each."""
    counts = {kind: len(layout.cells_of(kind)) for kind in CellKind}
    changed = {
        CellKind.STORAGE: "storage cells are shelves, which nobody drives under",
        CellKind.HUMAN: "cells for people only are shelves",
        CellKind.QUEUE: "queue cells are plain floor",
        CellKind.CHARGER: "charger cells are plain floor",
    }
    lost = [f"{counts[kind]:,} {phrase}" for kind, phrase in changed.items() if counts[kind]]
    if layout.stations:
        lost.append("names, kinds and people's sides of stations")
    zones = [name for name in layout.zones if name != ENDPOINTS]
    if zones:
        lost.append(f"{len(zones)} zones")
    lost.append(f"the cell size of {layout.cell_size_m:g} m")
    return lost
