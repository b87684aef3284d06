"""Which rows and columns of one floor are which of another, where one has more of them.

First the shift at which the most cells are of the same kind, by correlation (of equal ones the
smallest). Then, in turn, rows and columns are matched in order by dynamic programming (Needleman,
Wunsch 1970) so that as few cells as possible differ; a row that is left out costs half of its
cells. So a row that was added in the middle does not make all behind it different.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import correlate

from layouts.layout import CellKind, Layout

GAP = 0.5
"""Cost of a row or column without a partner, as a share of its cells."""
ROUNDS = 2
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Partners in the second floor of the rows, columns and cells of the first, -1 where there is
    none: int64[n_rows], int64[n_cols], int64[n_cells]."""

    rows: Ints
    cols: Ints
    cells: Ints

    def new_rows(self, other: Layout) -> list[int]:
        """Rows of the second floor without a partner, ascending."""
        return sorted(set(range(other.n_rows)) - set(self.rows.tolist()))

    def new_cols(self, other: Layout) -> list[int]:
        return sorted(set(range(other.n_cols)) - set(self.cols.tolist()))


def align(one: Layout, other: Layout) -> Alignment:
    """Partners of the rows and columns of one floor in another."""
    before, after = (
        floor.kinds.reshape(floor.n_rows, floor.n_cols).astype(np.int64) for floor in (one, other)
    )
    down, right = _best_shift(before, after)
    rows = _shifted(one.n_rows, other.n_rows, down)
    cols = _shifted(one.n_cols, other.n_cols, right)
    for _ in range(ROUNDS if before.shape != after.shape else 0):
        rows = _matched(before[:, cols >= 0], after[:, cols[cols >= 0]])
        cols = _matched(before[rows >= 0].T, after[rows[rows >= 0]].T)
    cells = rows[:, None] * other.n_cols + cols[None, :]
    cells[(rows[:, None] < 0) | (cols[None, :] < 0)] = -1
    return Alignment(rows, cols, cells.reshape(-1))


def _shifted(n_before: int, n_after: int, shift: int) -> Ints:
    partners = np.arange(n_before, dtype=np.int64) + shift
    partners[(partners < 0) | (partners >= n_after)] = -1
    return partners


def _best_shift(before: Ints, after: Ints) -> tuple[int, int]:
    """Rows down and columns to the right by which the most cells are of the same kind."""
    same = np.zeros(np.add(before.shape, after.shape) - 1)
    for kind in CellKind:
        here, there = (after == kind).astype(np.float64), (before == kind).astype(np.float64)
        if here.any() and there.any():
            same += correlate(here, there, mode="full", method="fft")
    found = np.round(same)
    downs = np.arange(same.shape[0]) - (before.shape[0] - 1)
    rights = np.arange(same.shape[1]) - (before.shape[1] - 1)
    distance = np.abs(downs)[:, None] + np.abs(rights)[None, :]
    best = np.argmax(np.where(found == found.max(), -distance, -np.inf))
    row, col = np.unravel_index(int(best), same.shape)
    return int(downs[row]), int(rights[col])


def _matched(before: Ints, after: Ints) -> Ints:
    """Partners of rows in order, with the least cost. before, after: kinds, as many columns."""
    n_before, n_after, width = len(before), len(after), before.shape[1]
    same = sum(
        (before == kind).astype(np.float64) @ (after == kind).astype(np.float64).T
        for kind in CellKind
    )
    costs = width - np.asarray(same)
    gap = GAP * width
    least = np.zeros((n_before + 1, n_after + 1))
    least[:, 0] = gap * np.arange(n_before + 1)
    least[0] = gap * np.arange(n_after + 1)
    for row in range(1, n_before + 1):
        across = np.minimum(least[row - 1, :-1] + costs[row - 1], least[row - 1, 1:] + gap)
        for col in range(1, n_after + 1):
            least[row, col] = min(across[col - 1], least[row, col - 1] + gap)
    return _traced(least, costs, gap)


def _traced(least: NDArray[np.float64], costs: NDArray[np.float64], gap: float) -> Ints:
    row, col = costs.shape
    partners = np.full(row, -1, dtype=np.int64)
    while row and col:
        if least[row, col] == least[row - 1, col - 1] + costs[row - 1, col - 1]:
            row, col = row - 1, col - 1
            partners[row] = col
        elif least[row, col] == least[row - 1, col] + gap:
            row -= 1
        else:
            col -= 1
    return partners
