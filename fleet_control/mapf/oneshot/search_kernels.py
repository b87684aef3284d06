"""Search over configurations (LaCAM*): complete, and optimal once it has nothing left to expand.

Okumura, "LaCAM: Search-Based Algorithm for Quick Multi-Agent Pathfinding" (AAAI 2023) and
"Improving LaCAM for Scalable Eventually Optimal Multi-Agent Pathfinding" (IJCAI 2023). A node is a
configuration; every visit takes the next constraint of its own tree, which grows breadth first and
fixes one agent more with each level, and asks the generator for a configuration under it. Known
configurations are rewired when they are reached at less cost. The cost of a step is the number of
agents that do not wait at their goals in it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleet_control.compile import kernel
from fleet_control.mapf.oneshot.generator_kernels import Floor, Scratch, generate
from fleet_control.mapf.oneshot.graph_kernels import UNREACHABLE, draw, zobrist

SPENT, NEEDS_ROOM, FOUND, EXHAUSTED = 0, 1, 2, 3
"""Why a call of `search` ended."""
N_NODES, N_CONSTRAINTS, N_EDGES, N_OPEN, GOAL, BOUND, N_COUNTS = 0, 1, 2, 3, 4, 5, 6
"""Places in Tree.counts. GOAL: its node or -1. BOUND: only less than this cost is looked for."""
NO_BOUND = 1 << 60


class Tree(NamedTuple):
    """All that is known, in arrays that grow from outside.

    Over nodes: configurations and orders (n_nodes, n_agents; the order is that of `generate`),
    parents, steps and costs from the start, bounds of the costs to the goal, first and last
    constraint that waits and first edge (-1 for none), n_open: how often the node is in `open`.
    Over constraints: parent, cell, depth, next in the queue. Over edges: node, cost, next. table:
    nodes by hash, -1 where free, its length a power of two. open: a stack of nodes. queue,
    is_queued: over nodes, for rewiring. ranking: int32[n_agents], agents by the length of their
    ways, longest first. fixed: int32[n_agents], scratch.
    """

    counts: NDArray[np.int64]
    configurations: NDArray[np.int32]
    orders: NDArray[np.int32]
    parents: NDArray[np.int32]
    depths: NDArray[np.int32]
    costs: NDArray[np.int64]
    bounds: NDArray[np.int64]
    first_constraint: NDArray[np.int32]
    last_constraint: NDArray[np.int32]
    first_edge: NDArray[np.int32]
    n_open: NDArray[np.int32]
    queue: NDArray[np.int32]
    is_queued: NDArray[np.bool_]
    constraint_parent: NDArray[np.int32]
    constraint_cell: NDArray[np.int32]
    constraint_depth: NDArray[np.int32]
    constraint_next: NDArray[np.int32]
    edge_node: NDArray[np.int32]
    edge_cost: NDArray[np.int32]
    edge_next: NDArray[np.int32]
    open: NDArray[np.int32]
    table: NDArray[np.int32]
    ranking: NDArray[np.int32]
    fixed: NDArray[np.int32]


@kernel
def hash_of(cells: NDArray[np.int32]) -> int:
    """Zobrist hash of a configuration, 63 bits."""
    word = np.uint64(0)
    for agent in range(cells.size):
        word ^= zobrist(agent, cells[agent])
    return int(word >> np.uint64(1))


@kernel
def _slot_of(tree: Tree, cells: NDArray[np.int32]) -> int:
    """Place in the table of that configuration, or where it belongs."""
    mask = tree.table.size - 1
    slot = hash_of(cells) & mask
    while tree.table[slot] >= 0:
        known = tree.configurations[tree.table[slot]]
        is_same = True
        for agent in range(cells.size):
            if known[agent] != cells[agent]:
                is_same = False
                break
        if is_same:
            return slot
        slot = (slot + 1) & mask
    return slot


@kernel
def fill_table(tree: Tree) -> None:
    """Enter all nodes into an empty table, after it has grown."""
    mask = tree.table.size - 1
    for node in range(tree.counts[N_NODES]):
        slot = hash_of(tree.configurations[node]) & mask
        while tree.table[slot] >= 0:
            slot = (slot + 1) & mask
        tree.table[slot] = node


@kernel
def _add_constraint(tree: Tree, node: int, parent: int, cell: int, depth: int) -> None:
    constraint = tree.counts[N_CONSTRAINTS]
    tree.counts[N_CONSTRAINTS] += 1
    tree.constraint_parent[constraint] = parent
    tree.constraint_cell[constraint] = cell
    tree.constraint_depth[constraint] = depth
    tree.constraint_next[constraint] = -1
    if tree.first_constraint[node] < 0:
        tree.first_constraint[node] = constraint
    else:
        tree.constraint_next[tree.last_constraint[node]] = constraint
    tree.last_constraint[node] = constraint


@kernel
def _push(tree: Tree, node: int) -> None:
    tree.open[tree.counts[N_OPEN]] = node
    tree.counts[N_OPEN] += 1
    tree.n_open[node] += 1


@kernel
def _add_node(floor: Floor, tree: Tree, cells: NDArray[np.int32], parent: int, cost: int) -> int:
    """Enter a new configuration, and have it expanded next. parent: -1 for the start."""
    node = int(tree.counts[N_NODES])
    tree.counts[N_NODES] += 1
    tree.table[_slot_of(tree, cells)] = node
    bound = np.int64(0)
    count = 0
    for k in range(cells.size):
        agent = tree.ranking[k]
        if parent >= 0:
            agent = tree.orders[parent, k]
        tree.configurations[node, agent] = cells[agent]
        bound += np.int64(floor.distances[agent, cells[agent]])
        if cells[agent] != floor.goals[agent]:
            tree.orders[node, count] = agent
            count += 1
    for agent in tree.ranking:  # who is at its goal has waited for nothing: to the end
        if cells[agent] == floor.goals[agent]:
            tree.orders[node, count] = agent
            count += 1
    tree.parents[node] = parent
    tree.depths[node] = 0
    if parent >= 0:
        tree.depths[node] = tree.depths[parent] + 1
    tree.costs[node] = cost
    tree.bounds[node] = bound
    tree.first_constraint[node] = -1
    tree.first_edge[node] = -1
    tree.n_open[node] = 0
    tree.is_queued[node] = False
    _add_constraint(tree, node, -1, -1, 0)
    _push(tree, node)
    return node


@kernel
def begin(floor: Floor, tree: Tree, starts: NDArray[np.int32]) -> None:
    """Enter the configuration that all begins with."""
    _add_node(floor, tree, starts, -1, 0)
    if tree.bounds[0] == 0:
        tree.counts[GOAL] = 0
        tree.counts[BOUND] = 0


@kernel
def _step_cost(floor: Floor, before: NDArray[np.int32], after: NDArray[np.int32]) -> int:
    cost = 0
    for agent in range(before.size):
        if before[agent] != after[agent] or after[agent] != floor.goals[agent]:
            cost += 1
    return cost


@kernel
def _next_constraint(floor: Floor, tree: Tree, scratch: Scratch, node: int) -> int:
    """Take the next constraint of a node, and queue those that fix one agent more."""
    constraint = int(tree.first_constraint[node])
    depth = tree.constraint_depth[constraint]
    if depth < floor.goals.size:
        agent = tree.orders[node, depth]
        here = tree.configurations[node, agent]
        n_cells = floor.degrees[here] + 1
        turn = draw(scratch.rng) % n_cells
        for k in range(n_cells):
            place = (k + turn) % n_cells
            cell = here
            if place < n_cells - 1:
                cell = floor.moves[here, place]
            if floor.distances[agent, cell] != UNREACHABLE:
                _add_constraint(tree, node, constraint, cell, depth + 1)
    tree.first_constraint[node] = tree.constraint_next[constraint]
    return constraint


@kernel
def _add_edge(tree: Tree, node: int, other: int, cost: int) -> bool:
    """False where it is known."""
    edge = tree.first_edge[node]
    while edge >= 0:
        if tree.edge_node[edge] == other:
            return False
        edge = tree.edge_next[edge]
    edge = tree.counts[N_EDGES]
    tree.counts[N_EDGES] += 1
    tree.edge_node[edge] = other
    tree.edge_cost[edge] = cost
    tree.edge_next[edge] = tree.first_edge[node]
    tree.first_edge[node] = edge
    return True


@kernel
def _rewire(tree: Tree, node: int) -> None:
    """Carry a lower cost of this node on to all that is reached over it."""
    size = tree.queue.size
    tree.queue[0] = node
    tree.is_queued[node] = True
    head, count = 0, 1
    while count > 0:
        node = tree.queue[head]
        head = (head + 1) % size
        count -= 1
        tree.is_queued[node] = False
        edge = tree.first_edge[node]
        while edge >= 0:
            other = tree.edge_node[edge]
            cost = tree.costs[node] + tree.edge_cost[edge]
            if cost < tree.costs[other]:
                tree.costs[other] = cost
                tree.parents[other] = node
                if cost + tree.bounds[other] < tree.counts[BOUND] and tree.n_open[other] == 0:
                    _push(tree, other)
                if not tree.is_queued[other]:
                    tree.is_queued[other] = True
                    tree.queue[(head + count) % size] = other
                    count += 1
            edge = tree.edge_next[edge]


@kernel
def _reach(floor: Floor, tree: Tree, node: int, cells: NDArray[np.int32]) -> None:
    """Take in a configuration that is one step from the node's."""
    cost = _step_cost(floor, tree.configurations[node], cells)
    known = tree.table[_slot_of(tree, cells)]
    if known < 0:
        known = _add_node(floor, tree, cells, node, tree.costs[node] + cost)
        _add_edge(tree, node, known, cost)
    elif known != node:
        is_new = _add_edge(tree, node, known, cost)
        if is_new and tree.costs[node] + cost < tree.costs[known]:
            tree.costs[known] = tree.costs[node] + cost
            tree.parents[known] = node
            _rewire(tree, known)
        if tree.costs[known] + tree.bounds[known] < tree.counts[BOUND]:
            _push(tree, known)
    if tree.bounds[known] == 0 and tree.counts[GOAL] < 0:
        tree.counts[GOAL] = known


@kernel
def _has_room(tree: Tree) -> bool:
    n_nodes = tree.counts[N_NODES]
    return bool(
        n_nodes < tree.parents.size and 2 * n_nodes < tree.table.size
        and tree.counts[N_CONSTRAINTS] + 6 <= tree.constraint_cell.size
        and tree.counts[N_EDGES] < tree.edge_node.size
        and tree.counts[N_OPEN] + n_nodes + 2 <= tree.open.size
    )  # fmt: skip


@kernel
def search(
    floor: Floor, guided: Floor, n_guided: int, tree: Tree, scratch: Scratch, n_visits: int
) -> tuple[int, int]:  # fmt: skip
    """Visit nodes so often at most. Returns why it ended and how many visits that took.

    guided: the floor with the guide for distances; the first n_guided steps follow it.

    FOUND: there is a (better) way to the goal; counts[BOUND] is its cost. EXHAUSTED: no way costs
    less than counts[BOUND]. NEEDS_ROOM: let the arrays grow and call again.
    """
    for visit in range(n_visits):
        if not _has_room(tree):
            return NEEDS_ROOM, visit
        while tree.counts[N_OPEN] > 0:
            node = tree.open[tree.counts[N_OPEN] - 1]
            is_worth = tree.costs[node] + tree.bounds[node] < tree.counts[BOUND]
            if is_worth and tree.first_constraint[node] >= 0:
                break
            tree.counts[N_OPEN] -= 1
            tree.n_open[node] -= 1
        if tree.counts[N_OPEN] == 0:
            return EXHAUSTED, visit
        node = tree.open[tree.counts[N_OPEN] - 1]
        constraint = _next_constraint(floor, tree, scratch, node)
        depth = tree.constraint_depth[constraint]
        fixed = tree.fixed[:depth]
        while depth > 0:
            depth -= 1
            fixed[depth] = tree.constraint_cell[constraint]
            constraint = tree.constraint_parent[constraint]
        follows = guided if tree.depths[node] < n_guided else floor
        if generate(follows, scratch, tree.configurations[node], tree.orders[node], fixed):
            _reach(floor, tree, node, scratch.chosen)
        goal = tree.counts[GOAL]
        if goal >= 0 and tree.costs[goal] < tree.counts[BOUND]:
            tree.counts[BOUND] = tree.costs[goal]
            return FOUND, visit + 1
    return SPENT, n_visits
