"""Which of many goals each cell can reach, for all cells and goals in one pass."""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx
import numpy as np

from layouts.traffic import Traffic


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
