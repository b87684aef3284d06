"""How many units may drive at once, and where the surplus parks.

Beyond a density more units mean fewer tasks: a floor of one-wide aisles jams for good. Measured on
the 161 x 63 warehouse floor of MovingAI (5,699 cells, one-wide aisles), throughput of random
errands grows up to about 400 driving units, 7 % of the cells, and is a matter of luck beyond.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import shortest_path

from layouts import CellKind, Layout
from layouts.geometry import COL_STEP, ROW_STEP
from layouts.traffic import Traffic

NARROW_SHARE, OPEN_SHARE = 0.06, 0.15
"""Driving units per driveable cell on one-wide aisles and on an open floor."""
WINDOWED_NARROW_SHARE, WINDOWED_OPEN_SHARE = 0.10, 0.20
"""The same, where paths are searched through a window of time. In aisles as many as jam with no
seed that was measured: random-32-32-20.map does most with 11 % of its cells and jams at 15 %, the
161 x 63 warehouse falls off beyond 11 %, of all cells and of those that parked units leave alike.
rhcr_kiva.map would carry half as many again for 7 % more. An open hall does most at 16 % to 18 %;
its rim counts as narrow (docs/planners.md)."""
N_LANDMARKS = 48


def driving_capacity(layout: Layout, n_units: int = 0, *, has_windows: bool = False) -> int:
    """Units that may drive at once, from the number of cells and how open the floor is.

    Of `n_units`, those beyond the capacity park and take their cells away from it. has_windows:
    paths are searched through windows of time (windowed.py).
    """
    cells = np.flatnonzero(layout.driveable)
    if not len(cells):
        return 0
    degree = (layout.neighbours[cells] >= 0).sum(axis=1)
    openness = float((degree == 4).mean())
    narrow, wide = NARROW_SHARE, OPEN_SHARE
    if has_windows:
        narrow, wide = WINDOWED_NARROW_SHARE, WINDOWED_OPEN_SHARE
    share = narrow + (wide - narrow) * max(0.0, 2 * openness - 1)
    capacity = share * len(cells)
    if n_units > capacity:  # x = share * (cells - (n_units - x))
        capacity = (capacity - share * n_units) / (1 - share)
    return max(1, int(capacity))


def parking_cells(layout: Layout, n_wanted: int) -> NDArray[np.int32]:
    """Up to n_wanted cells where units can stand side by side for good without cutting anyone off.

    The most remote cells first, so that the floor shrinks from its corners inwards; where that does
    not make room for all, everything but a core in the middle.
    """
    if not n_wanted:
        return np.empty(0, dtype=np.int32)
    can_park = np.isin(layout.kinds, (CellKind.FLOOR, CellKind.PARKING))
    candidates = _remote_first(layout)
    corners = _corners(layout, can_park, candidates.tolist(), n_wanted)
    if len(corners) == n_wanted:
        return corners
    around = _around_a_core(layout, can_park, candidates[::-1], n_wanted)
    return around if len(corners) < len(around) <= n_wanted else corners


def _corners(
    layout: Layout, can_park: NDArray[np.bool_], candidates: list[int], n_wanted: int
) -> NDArray[np.int32]:
    """Up to n_wanted of the first candidates.

    A cell is taken only if the open cells around it stay connected with each other through its
    eight neighbours and keep at least two ways each: so what was connected stays connected, and no
    dead end comes about. Where obstacles are scattered, rings around them are left in the end.
    """
    free = np.pad(can_park.reshape(layout.n_rows, layout.n_cols), 1)
    taken: list[int] = []
    n_before = -1
    while len(taken) > n_before:  # a cell may come free for parking once those behind it are taken
        n_before = len(taken)
        left = []
        for cell in candidates:
            row, col = cell // layout.n_cols + 1, cell % layout.n_cols + 1
            if len(taken) < n_wanted and free[row, col] and _can_close(free, row, col):
                free[row, col] = False
                taken.append(cell)
            else:
                left.append(cell)
        candidates = left
    return np.array(sorted(taken), dtype=np.int32)


def _around_a_core(
    layout: Layout, can_park: NDArray[np.bool_], inwards: NDArray[np.int64], n_wanted: int
) -> NDArray[np.int32]:
    """All cells to park on but a core, as many as n_wanted or somewhat fewer; none where the floor
    has no core of that size. The core is made of the first cells inwards, the fewest that come to
    its size."""
    n_left = len(inwards) - n_wanted
    low, high = max(n_left, 1), len(inwards)
    while low < high:
        middle = (low + high) // 2
        is_enough = len(_core(layout, inwards[:middle])) >= n_left
        low, high = (low, middle) if is_enough else (middle + 1, high)
    core = _core(layout, inwards[:low])
    around = np.flatnonzero(can_park) if len(core) else np.empty(0)
    return np.setdiff1d(around, core).astype(np.int32)


def _core(layout: Layout, cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """The largest part of these cells in which every cell can be reached from every other, and has
    two ways or more."""
    is_open = np.zeros(layout.n_cells, dtype=bool)
    is_open[cells] = True
    while True:
        traffic = Traffic.over(is_open, layout.neighbours)
        is_left = traffic.largest_piece(strong=True)
        is_left &= (traffic.ahead >= 0).sum(axis=1) >= 2
        if (is_left == is_open).all():
            return np.flatnonzero(is_open)
        is_open = is_left


def _ways(free: NDArray[np.bool_], row: int, col: int) -> int:
    return sum(bool(free[row + ROW_STEP[h], col + COL_STEP[h]]) for h in range(4))


_RING = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))


def _can_close(free: NDArray[np.bool_], row: int, col: int) -> bool:
    """Whether the open cells around stay in one piece (one run around the ring of eight) and none
    of them becomes a dead end."""
    ring = [bool(free[row + r, col + c]) for r, c in _RING]
    runs = sum(ring[i] and not ring[i - 1] for i in range(8))
    sides = [
        (row + ROW_STEP[h], col + COL_STEP[h])
        for h in range(4)
        if free[row + ROW_STEP[h], col + COL_STEP[h]]
    ]
    return runs <= 1 and len(sides) >= 1 and all(_ways(free, r, c) >= 3 for r, c in sides)


def _remote_first(layout: Layout) -> NDArray[np.int64]:
    """Driveable cells, parking cells first, then by falling mean distance to a sample of cells."""
    cells = np.flatnonzero(layout.driveable)
    heads = layout.neighbours[cells]
    rows = np.repeat(cells, (heads >= 0).sum(axis=1))
    graph = csr_matrix((np.ones(len(rows)), (rows, heads[heads >= 0])), shape=(layout.n_cells,) * 2)
    landmarks = cells[np.linspace(0, len(cells) - 1, min(N_LANDMARKS, len(cells))).astype(int)]
    distances = shortest_path(graph, unweighted=True, indices=landmarks)
    distances[~np.isfinite(distances)] = 0
    remoteness = distances.mean(axis=0)[cells]
    is_parking = layout.kinds[cells] == CellKind.PARKING
    return cells[np.lexsort((cells, -remoteness, ~is_parking))]


def assign_parking(
    layout: Layout, cells: NDArray[np.int32], parking: NDArray[np.int32]
) -> dict[int, int]:
    """Which unit parks on which cell: least total Manhattan distance. Units by rising index."""
    if not len(parking):
        return {}
    rows, cols = np.divmod(cells, layout.n_cols)
    park_rows, park_cols = np.divmod(parking, layout.n_cols)
    costs = np.abs(rows[:, None] - park_rows) + np.abs(cols[:, None] - park_cols)
    units, spots = linear_sum_assignment(costs)
    return {int(unit): int(parking[spot]) for unit, spot in zip(units, spots, strict=True)}
