"""Where a kind of unit drives: open cells, moves between them, and what can be reached from where.

An empty unit drives through floor, chargers, parking and storage (beneath the pods), a laden one
not through storage. Station and queue cells are driven through by nobody: only a unit bound for
that station enters them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from layouts.geometry import Heading, opposite
from layouts.layout import CellKind, Layout

LADEN_KINDS = (CellKind.FLOOR, CellKind.CHARGER, CellKind.PARKING)
EMPTY_KINDS = (*LADEN_KINDS, CellKind.STORAGE)
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
        return cls(is_open, ahead, backward_table(ahead))

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
            beside = np.unique(beside[beside >= 0])
            frontier = beside[~found[beside]]
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


def backward_table(ahead: Table) -> Table:
    """int32[n_cells, 4], the cell from which each heading leads here, or -1."""
    behind = np.full_like(ahead, -1)
    for heading in Heading:
        tails = np.flatnonzero(ahead[:, heading] >= 0)
        behind[ahead[tails, heading], heading] = tails
    return behind


def _cells(seeds: Iterable[int] | Mask) -> NDArray[np.int64]:
    if isinstance(seeds, np.ndarray) and seeds.dtype == bool:
        return np.flatnonzero(seeds)
    return np.array(sorted(set(seeds)), dtype=np.int64)


def marks_reached(
    traffic: Traffic, marks: Mapping[int, int], *, backward: bool = False
) -> list[int]:
    """Which marks each cell can reach, as bits, for all cells at once. Length n_cells.

    marks: bits of some cells. backward: which marks each cell can be reached from. One pass over
    the strong pieces in topological order, since all cells of a piece reach the same.
    """
    labels = traffic.pieces(strong=True)
    found = dict.fromkeys(np.unique(labels).tolist(), 0)
    for cell, bits in marks.items():
        if traffic.is_open[cell]:
            found[int(labels[cell])] |= bits
    table = traffic.behind if backward else traffic.ahead
    tails, headings = np.nonzero(table >= 0)
    pairs = np.column_stack([labels[tails], labels[table[tails, headings]]])
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_edges_from(pairs.tolist())
    for piece in reversed(list(nx.topological_sort(graph))):
        for following in graph.successors(piece):
            found[piece] |= found[following]
    return [found[label] for label in labels.tolist()]
