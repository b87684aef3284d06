"""Where a kind of unit drives: open cells, moves between them, and what can be reached from where.

An empty unit drives through floor, chargers, parking and storage (beneath the pods), a laden one
not through storage. Station and queue cells are driven through by nobody: only a unit bound for
that station enters them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from layouts.geometry import Heading, opposite, previous_table
from layouts.layout import AISLE_KINDS, CellKind, Layout

EMPTY_KINDS = (*AISLE_KINDS, CellKind.STORAGE)
Mask = NDArray[np.bool_]
Table = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Traffic:
    """Open cells and the moves between them.

    is_open: bool[n_cells]. ahead: int32[n_cells, 4], open cell reached from an open cell along each
    heading, or -1. behind: int32[n_cells, 4], open cell from which that heading leads here, or -1.
    """

    is_open: Mask
    ahead: Table
    behind: Table

    @classmethod
    def over(cls, is_open: Mask, table: Table) -> Traffic:
        """Traffic over open cells, with the moves of a table. int32[n_cells, 4]."""
        is_move = is_open[:, None] & (table >= 0) & is_open[table]
        ahead = np.where(is_move, table, -1).astype(np.int32)
        return cls(is_open, ahead, previous_table(ahead))

    def reach(self, seeds: Iterable[int] | Mask, *, backward: bool = False) -> Mask:
        """bool[n_cells], open cells that can be reached from open seeds, these included; backward:
        from which a seed can be reached."""
        table = self.behind if backward else self.ahead
        found = np.zeros(len(self.is_open), dtype=bool)
        frontier: NDArray[np.signedinteger[Any]] = _cells(seeds)
        frontier = frontier[self.is_open[frontier]]
        while len(frontier):
            found[frontier] = True
            beside = table[frontier]
            frontier = np.unique(beside[(beside >= 0) & ~found[beside]])
        return found

    def pieces(self, *, strong: bool) -> NDArray[np.int32]:
        """int32[n_cells], number of the connected piece of each cell. strong: every cell of a piece
        can be reached from every other; else they are joined by moves in whichever direction."""
        tails, headings = np.nonzero(self.ahead >= 0)
        heads = self.ahead[tails, headings]
        n_cells = len(self.is_open)
        graph = csr_array((np.ones(len(tails), np.int8), (tails, heads)), shape=(n_cells, n_cells))
        labels: NDArray[np.int32] = connected_components(
            graph, connection="strong" if strong else "weak"
        )[1]
        return labels

    def largest_piece(self, *, strong: bool) -> Mask:
        """bool[n_cells], the piece with the most open cells, of equal ones the first."""
        labels = self.pieces(strong=strong)
        open_cells = np.flatnonzero(self.is_open)
        if not len(open_cells):
            return self.is_open
        sizes = np.bincount(labels[open_cells])
        best = labels[open_cells[np.argmax(sizes[labels[open_cells]])]]
        return np.asarray(self.is_open & (labels == best))

    def joined(self) -> Table:
        """int32[n_cells, 4], the cell next door where a move leads there or from there, else -1."""
        back = self.behind[:, [opposite(heading) for heading in Heading]]
        return np.where(self.ahead >= 0, self.ahead, back)

    def within(self, is_open: Mask) -> Traffic:
        """The same with all other cells closed. is_open: bool[n_cells]."""
        return Traffic.over(self.is_open & is_open, self.ahead)


def traffic_of(layout: Layout, kinds: Iterable[CellKind]) -> Traffic:
    """Traffic over cells of these kinds."""
    return Traffic.over(np.isin(layout.kinds, list(kinds)), layout.neighbours)


def usable_storage(layout: Layout) -> Mask:
    """bool[n_cells], storage that a laden unit can leave to an aisle and enter from one: it cannot
    pass through other storage cells, whether a pod stands there or not."""
    is_aisle, previous = np.isin(layout.kinds, AISLE_KINDS), previous_table(layout.neighbours)
    leads_out = ((layout.neighbours >= 0) & is_aisle[layout.neighbours]).any(axis=1)
    leads_in = ((previous >= 0) & is_aisle[previous]).any(axis=1)
    usable: Mask = (layout.kinds == CellKind.STORAGE) & leads_out & leads_in
    return usable


def _cells(seeds: Iterable[int] | Mask) -> NDArray[np.int64]:
    if isinstance(seeds, np.ndarray) and seeds.dtype == bool:
        return np.flatnonzero(seeds)
    return np.array(sorted(set(seeds)), dtype=np.int64)
