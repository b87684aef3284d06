"""What every unit could do in the next steps, looked at in several threads.

No unit's outlook depends on another's, so that it is the same with any number of threads.
"""

from __future__ import annotations

import numpy as np

from fleet_control.mapf.epibt_ahead_kernels import look_ahead
from fleet_control.mapf.grid import CELL_COST
from fleet_control.mapf.operations import Operations
from fleet_control.mapf.scene import Scene
from fleet_control.processors import even_shares, in_threads, usable_processors

MOST_THREADS = 4
FEWEST_A_THREAD = 1000
"""Units; less is not worth a thread's start."""
ROOM = 256
"""Different costs of the operations of one unit up to which they are counted into order."""


class Outlook:
    """Where operations lead and what they cost.

    reach: int32[n_units, n_nodes], cell of each beginning, -1 where the unit may not go. ranked:
    int16[n_units, n], the cheapest first, of which the first counts[unit] can be driven. costs:
    int32[n_units, n], by number of the operation.
    """

    def __init__(self, table: Operations, n_units: int) -> None:
        self._table = table
        n, n_nodes = len(table.actions), len(table.parents)
        self.reach = np.full((n_units, n_nodes), -1, dtype=np.int32)
        self.ranked = np.zeros((n_units, n), dtype=np.int16)
        self.counts = np.zeros(n_units, dtype=np.int32)
        self.costs = np.zeros((n_units, n), dtype=np.int32)
        most = min(usable_processors(), MOST_THREADS, n_units // FEWEST_A_THREAD)
        self._scratch = [_Scratch(n_nodes, n) for _ in range(max(most, 1))]

    def fill(self, scene: Scene) -> None:
        """For all units that are on the floor."""
        grid, table = scene.grid, self._table

        def fill_some(first: int, last: int, scratch: _Scratch) -> None:
            node_headings, node_costs, arrivals = scratch.of_nodes
            look_ahead(
                first, last, scene.cells, scene.headings, scene.aims, scene.slots, scene.loads,
                grid.neighbours, grid.surcharges, grid.through, grid.zones, grid.compact,
                scene.fields, table.parents, table.actions_to, table.nodes, CELL_COST, self.reach,
                self.ranked, self.counts, self.costs, node_headings, node_costs, arrivals,
                scratch.keys, scratch.drivable, scratch.places,
            )  # fmt: skip

        n, n_threads = len(scene.cells), len(self._scratch)
        shares = zip(even_shares(n, n_threads), self._scratch, strict=True)
        in_threads(n_threads, fill_some, [(*share, scratch) for share, scratch in shares])


class _Scratch:
    """Of one thread."""

    def __init__(self, n_nodes: int, n: int) -> None:
        self.of_nodes = np.zeros((3, n_nodes), dtype=np.int64)
        self.keys = np.zeros(n, dtype=np.int64)
        self.drivable = np.zeros(n, dtype=np.int16)
        self.places = np.zeros(ROOM, dtype=np.int32)
