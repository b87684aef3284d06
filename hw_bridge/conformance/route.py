"""Orders along cells of a floor, and what can be broken in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hw_bridge.translate.floor_names import FloorNames
from hw_bridge.vda5050.action import Action
from hw_bridge.vda5050.names import OrderName
from hw_bridge.vda5050.order import Edge, Node, Order
from layouts import Layout
from layouts.geometry import neighbour_table


def straight_run(layout: Layout, cell: int, longest: int) -> list[int]:
    """Cells of the longest straight way that begins there, with at most so many steps."""
    ahead = neighbour_table(layout.n_rows, layout.n_cols)
    free = layout.driveable
    best = [cell]
    for heading in range(4):
        run = [cell]
        while len(run) <= longest:
            after = int(ahead[run[-1], heading])
            if after < 0 or not free[after]:
                break
            run.append(after)
        best = max(best, run, key=len)
    return best


@dataclass(frozen=True)
class Route:
    """An order's nodes: cells, and actions at each where there are any."""

    name: OrderName
    cells: Sequence[int]
    floor: FloorNames
    actions: dict[int, tuple[Action, ...]]

    def order(
        self, header: dict[str, Any], update: int, first: int, last: int, n_ahead: int = 0
    ) -> Order:
        """Nodes first..last, and so many more that are not released."""
        rows = range(first, last + n_ahead + 1)
        return Order(
            **header,
            order_id=str(self.name),
            order_update_id=update,
            nodes=tuple(self._node(row, row <= last) for row in rows),
            edges=tuple(self._edge(row, row <= last) for row in rows[1:]),
        )

    def _node(self, row: int, released: bool) -> Node:
        cell = self.cells[row]
        return Node(
            node_id=self.floor.names[cell],
            sequence_id=2 * row,
            released=released,
            actions=self.actions.get(row, ()),
            node_position=self.floor.position(cell),
        )

    def _edge(self, row: int, released: bool) -> Edge:
        name = self.floor.edge(self.cells[row - 1], self.cells[row])
        return Edge(edge_id=name, sequence_id=2 * row - 1, released=released, actions=())
