"""Guidance weights of other programs as edge costs.

A guided path there is the one of least total weight, a weight of 1 being an ordinary cell. Here a
move costs 1 + edge cost in cells. Dividing by the least weight keeps the order of all paths and
makes every edge cost 0 or more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from layouts.errors import LayoutError


def costs_of_weights(weights: NDArray[np.float64], source: str) -> NDArray[np.float32]:
    """Edge costs in cells, same shape as `weights`; entries that are not finite have cost 0.
    source: what messages call the file.

    Raises LayoutError for weights whose quotients are beyond single precision.
    """
    is_move = np.isfinite(weights)
    costs = np.zeros(weights.shape, dtype=np.float32)
    if is_move.any():
        moves = weights[is_move]
        if np.log(moves.max()) - np.log(moves.min()) > np.log(np.finfo(np.float32).max):
            ends = f"{moves.min():g} and {moves.max():g}"
            raise LayoutError(f"{source}: weights {ends} are too far apart; give them less apart")
        costs[is_move] = moves / moves.min() - 1.0
    return costs
