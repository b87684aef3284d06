"""Which moves of a floor are one-way, for everything that shows or describes floors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layouts.geometry import Heading, opposite
from layouts.layout import Layout


def one_way_moves(layout: Layout) -> NDArray[np.bool_]:
    """bool[n_cells, 4]: the unit may leave the cell along the heading, and not come back so."""
    beside = layout.neighbours
    moves = np.zeros_like(layout.exits)
    for heading in Heading:
        from_cells = np.flatnonzero(beside[:, heading] >= 0)
        back = layout.exits[beside[from_cells, heading], opposite(heading)]
        moves[from_cells, heading] = ~back
    return moves
