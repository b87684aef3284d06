"""Articulation cells of a floor, by blocks.

A block is a largest set of cells that no single one of them can cut in two. Blocks meet in
articulation cells and form a tree with them (Hopcroft and Tarjan 1973, Efficient Algorithms for
Graph Manipulation).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import cast

import networkx as nx
import numpy as np

from layouts.geometry import Heading
from layouts.traffic import Mask, Table


def blocks_of(joined: Table, core: Mask) -> list[set[int]]:
    """Blocks of the cells of `core`, largest first, of equal ones that with the first cell.

    joined: int32[n_cells, 4], cells next door with a way to or from them, or -1.
    """
    graph: nx.Graph[int] = nx.Graph()
    for heading in (Heading.EAST, Heading.SOUTH):
        there = joined[:, heading]
        tails = np.flatnonzero(core & (there >= 0) & core[there])
        graph.add_edges_from(zip(tails.tolist(), there[tails].tolist(), strict=True))
    # The stubs of networkx wrap these sets in lists.
    blocks = cast("Iterator[set[int]]", nx.biconnected_components(graph))
    return sorted(blocks, key=lambda block: (-len(block), min(block)))


def cells_cut_off(blocks: list[set[int]]) -> dict[int, int]:
    """For each articulation cell how many cells of the blocks lose the largest block of their
    connected part when it closes. blocks: as `blocks_of` gives them."""
    # In the tree a cell is itself and block i is -1 - i.
    n_blocks = Counter(cell for block in blocks for cell in block)
    tree: nx.Graph[int] = nx.Graph()
    for index, block in enumerate(blocks):
        tree.add_node(-1 - index)
        tree.add_edges_from((-1 - index, cell) for cell in block if n_blocks[cell] > 1)
    below: dict[int, int] = {}
    for index in range(len(blocks)):
        if -1 - index not in below:
            for node in nx.dfs_postorder_nodes(tree, -1 - index):
                own = len(blocks[-1 - node]) - 1 if node < 0 else 0
                below[node] = own + sum(below.get(child, 0) for child in tree[node])
    return {node: number for node, number in below.items() if node >= 0}


def chains_of(blocks: list[set[int]], cuts: dict[int, int]) -> list[list[int]]:
    """Articulation cells in chains, one after the other along a way that is one cell wide.

    cuts: as `cells_cut_off` gives them. The cell that cuts most off is the first of its chain, and
    the chain that cuts most off is the first; of equal ones that with the lowest cell.
    """
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(cuts)
    bridges = (sorted(block) for block in blocks if len(block) == 2)
    graph.add_edges_from((one, other) for one, other in bridges if one in cuts and other in cuts)
    chains = [
        sorted(chain, key=lambda cell: (-cuts[cell], cell))
        for chain in nx.connected_components(graph)
    ]
    return sorted(chains, key=lambda chain: (-cuts[chain[0]], chain[0]))
