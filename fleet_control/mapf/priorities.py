"""Who goes first: the longest under way, and a lottery among those who get nowhere.

Priority by age alone livelocks where corridors are one cell wide: the oldest unit waits for one
that is locked in behind it and can never leave. So a unit that has come no closer to its goal for
`PATIENCE` steps draws a bonus, anew every `EPOCH` steps. The bonus exceeds any age, so that each
stuck unit is sooner or later the most urgent of its neighbourhood for long enough to push its way
out (a bonus that long waiting can outgrow livelocks again).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel

EPOCH = 60
PATIENCE = 20
BONUS = 1 << 40


@kernel
def track_progress(
    cells: NDArray[np.int32], headings: NDArray[np.int8], goals: NDArray[np.int32],
    slots: NDArray[np.int32], compact: NDArray[np.int32], fields: NDArray[np.uint16],
    since: NDArray[np.int64], best: NDArray[np.int32], last_progress: NDArray[np.int64],
    bonus: NDArray[np.int64], step: int, redraw: bool, draws: NDArray[np.int64],
    patience: int, keys: NDArray[np.int64],
) -> None:  # fmt: skip
    """Note who came closer to its goal, redraw the bonus of the stuck, and fill sort keys.

    keys: int64[n_units], ascending order is most urgent first.
    """
    for unit in range(cells.size):
        if goals[unit] < 0 or cells[unit] == goals[unit]:
            keys[unit] = 1  # nowhere to go: everybody else is more urgent
            since[unit] = step
            continue
        distance = np.int32(fields[slots[unit], 4 * compact[cells[unit]] + headings[unit]])
        if distance < best[unit]:
            best[unit] = distance
            last_progress[unit] = step
        if redraw:
            stuck = step - last_progress[unit] >= patience
            bonus[unit] = draws[unit] if stuck else 0
        keys[unit] = -(step - since[unit]) - bonus[unit]
