"""Who goes first and whom it may shove: the longest under way, and those who get nowhere.

Priority by age alone livelocks where corridors are one cell wide: the oldest unit waits for one
that is locked in behind it and can never leave. So a unit that has come no closer to its goal for
`PATIENCE` steps draws a bonus, anew every `EPOCH` steps. The bonus exceeds any age, so that each
stuck unit is sooner or later the most urgent of its neighbourhood for long enough to push its way
out (a bonus that long waiting can outgrow livelocks again).

Nobody shoves others about at once either. A shove moves a unit that would rather stay. It costs one
step on paper; driven, each unit of a chain starts from standstill after the one before it has left,
and comes back later. On a crowded floor shoving is what makes a jam grow: of 400 units in one-wide
aisles it halved the throughput within half an hour, and waiting first did not
(benchmarks/run_speed.py). So a unit may shove one other for every `SHOVE_AFTER` steps in which it
came no closer to its goal, and as many as it takes once it has drawn a bonus. Units with nowhere to
go make way at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel

EPOCH = 60
PATIENCE = 20
BONUS = 1 << 40
SHOVE_AFTER = 12
UNLIMITED = 1 << 30


@kernel
def track_progress(
    cells: NDArray[np.int32], headings: NDArray[np.int8], goals: NDArray[np.int32],
    slots: NDArray[np.int32], compact: NDArray[np.int32], fields: NDArray[np.uint16],
    since: NDArray[np.int64], best: NDArray[np.int32], last_progress: NDArray[np.int64],
    bonus: NDArray[np.int64], step: int, redraw: bool, draws: NDArray[np.int64],
    patience: int, shove_after: int, keys: NDArray[np.int64], max_shoves: NDArray[np.int32],
) -> None:  # fmt: skip
    """Note who came closer to its goal, redraw the bonus of the stuck, fill keys and max_shoves.

    keys: int64[n_units], ascending order is most urgent first. max_shoves: int32[n_units], units
    that each may shove.
    """
    for unit in range(cells.size):
        if goals[unit] < 0 or cells[unit] == goals[unit]:
            keys[unit] = 1  # nowhere to go: everybody else is more urgent
            max_shoves[unit] = 0
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
        max_shoves[unit] = (step - last_progress[unit]) // shove_after
        if bonus[unit] > 0:
            max_shoves[unit] = UNLIMITED
