"""A floor as a MovingAI map, for other programs: where a unit may be, and nothing else."""

from __future__ import annotations

import numpy as np

from layouts.directions import closed_moves
from layouts.layout import CellKind, Layout


def movingai_text(layout: Layout) -> str:
    """`.` where a unit may ever be, `@` elsewhere. movingai.py tells the format."""
    drawn = np.where(layout.driveable, ".", "@").reshape(layout.n_rows, layout.n_cols)
    rows = ["".join(row) for row in drawn.tolist()]
    header = ["type octile", f"height {layout.n_rows}", f"width {layout.n_cols}", "map"]
    return "\n".join([*header, *rows]) + "\n"


def lost_in_movingai(layout: Layout) -> list[str]:
    """What the map does not say of the floor, a phrase each."""
    counts = [(kind, len(layout.cells_of(kind))) for kind in CellKind]
    told = (CellKind.STORAGE, CellKind.CHARGER, CellKind.PARKING)
    lost = [f"{n:,} {kind.name.lower()} cells are plain floor" for kind, n in counts
            if n and kind in told]  # fmt: skip
    if n_human := len(layout.cells_of(CellKind.HUMAN)):
        lost.append(f"{n_human:,} cells for people only are obstacles")
    if layout.stations:
        lost.append(f"{len(layout.stations):,} stations and their queues")
    if closed_moves(layout).any():
        lost.append("one-way rules")
    if layout.edge_costs.any():
        lost.append("edge costs")
    if layout.zones:
        lost.append(f"{len(layout.zones)} zones")
    lost.append(f"the cell size of {layout.cell_size_m:g} m")
    return lost
