"""Cells that are closed to traffic, and why: stopped units, things on the floor, people, newcomers.

Two kinds. A blocked cell holds something: nobody can drive there. A closed cell is part of an area
that people have asked for: nobody enters, and who is inside may still drive out, though not through
another area.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Area:
    """cells: of the area. speed_m_s: limit within `margin` cells around it, 0 for none."""

    name: str
    cells: tuple[int, ...]
    speed_m_s: float
    margin: int


class Closures:
    """What is closed now, by reason. Masks are bool[n_cells].

    is_blocked, is_closed: as above. masks: of each area. speeds_m_s: float32[n_cells], inf where
    there is no limit; None without any.
    """

    def __init__(self, n_rows: int, n_cols: int) -> None:
        self._shape = n_rows, n_cols
        n_cells = n_rows * n_cols
        self.areas: dict[str, Area] = {}
        self.units: dict[int, tuple[int, ...]] = {}
        self.newcomers: dict[int, tuple[int, ...]] = {}
        self.standing: dict[int, int] = {}
        self.seen: dict[int, float] = {}
        self.said: set[int] = set()
        self.is_blocked = np.zeros(n_cells, dtype=bool)
        self.is_closed = np.zeros(n_cells, dtype=bool)
        self.masks: list[Mask] = []
        self.speeds_m_s: NDArray[np.float32] | None = None

    def refresh(self) -> bool:
        """Work out the masks anew; returns whether they have changed."""
        blocked = np.zeros_like(self.is_blocked)
        for cells in (
            *self.units.values(), *self.newcomers.values(), self.standing.values(), self.seen,
            self.said,
        ):  # fmt: skip
            blocked[list(cells)] = True
        masks = [np.isin(np.arange(len(blocked)), area.cells) for area in self.areas.values()]
        changed = not np.array_equal([blocked, *masks], [self.is_blocked, *self.masks])
        closed = np.any(masks, axis=0) if masks else np.zeros_like(blocked)
        self.is_blocked, self.is_closed, self.masks = blocked, closed, masks
        self.speeds_m_s = self._speeds(closed)
        return changed

    def lasting(self) -> Mask:
        """bool[n_cells], what is closed now, but for units that merely stand for a while."""
        cells = np.zeros_like(self.is_blocked)
        for reason in (*self.units.values(), *self.newcomers.values(), self.seen, self.said):
            cells[list(reason)] = True
        for area in self.areas.values():
            cells[list(area.cells)] = True
        return cells

    def _speeds(self, closed: Mask) -> NDArray[np.float32] | None:
        limited = [area for area in self.areas.values() if area.speed_m_s > 0]
        if not limited:
            return None
        speeds = np.full(len(closed), np.inf, dtype=np.float32)
        for area in limited:
            near = self.around(area.cells, area.margin)
            speeds[near] = np.minimum(speeds[near], area.speed_m_s)
        return speeds

    def around(self, cells: Iterable[int], margin: int) -> Mask:
        """bool[n_cells], these cells and all within so many rows and columns of them."""
        n_cols = self._shape[1]
        near = np.zeros(self._shape, dtype=bool)
        for cell in cells:
            row, col = divmod(int(cell), n_cols)
            rows = slice(max(row - margin, 0), row + margin + 1)
            near[rows, max(col - margin, 0) : col + margin + 1] = True
        return near.reshape(-1)

    def expire(self, now_s: float) -> bool:
        """Things that units have seen may be gone by now; units that come by will see."""
        old = [cell for cell, until_s in self.seen.items() if until_s <= now_s]
        for cell in old:
            del self.seen[cell]
        return bool(old)
