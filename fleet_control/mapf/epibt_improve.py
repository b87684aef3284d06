"""What is left of a step's time or budget goes into a better plan (EPIBT+LNS; AAAI 2026).

A unit weighs the more the more urgent it is: 1 + (1 - rank / n)^2. Weights down to nothing let the
urgent push the others about for next to nothing: 3 % fewer tasks on the league's small random floor
and on its warehouse with 10,000 units (docs/bench.md). It pays on dense floors; where these are
small, a few chains for each unit are soon tried.

A large fleet is searched in two parts of the floor at once, each by a thread. A chain stays within
its part: units that could come over the line between the parts keep what they hold in this step,
and the line lies elsewhere in the next. So no thread reads what the other writes, and the outcome
is the same whichever is ahead, and on one core. Where no ring of units may move at once there is
one part alone, since a ring may lie across the line.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.epibt_improve_kernels import improve
from fleet_control.mapf.grid import Grid
from fleet_control.mapf.operations import Operations
from fleet_control.mapf.planner import PlannerOptions
from fleet_control.processors import even_shares, in_threads, usable_processors

MAX_LOOKS = 300
"""Operations looked at for one chain: three times as many cost far more time and gain nothing."""
BATCH = 32
"""Chains between two looks at a clock: some milliseconds at most."""
IDLE_ROUNDS = 2
"""With a clock the search ends when so many chains for each unit have gained nothing."""
SCALE = 256
"""Of weights, which are whole numbers so that sums are exact."""
PARTED_UNITS = 2000
"""Fleets from this size on are searched in two parts."""
GOLDEN = 0.618034
"""Multiples of it, modulo 1, lie evenly spread however many there are."""


class Improver:
    """Holds memory and chance. Batches make no difference to what is found."""

    def __init__(self, grid: Grid, n_units: int, options: PlannerOptions) -> None:
        self._options, self._grid = options, grid
        n_parts = 2 if options.allow_cycles and n_units >= PARTED_UNITS else 1
        self._parts = [_Part(n_units, options, 2 * options.seed + 1)]
        if n_parts == 2:
            self._parts.append(_Part(n_units, options, (1 << 32) + 2 * options.seed + 1))
        self._n_threads = min(n_parts, usable_processors())
        self._n_lines = 0

    def improve(
        self, is_held: NDArray[np.bool_], ranks: NDArray[np.int32], reach: NDArray[np.int32],
        table: Operations, ranked: NDArray[np.int16], counts: NDArray[np.int32],
        costs: NDArray[np.int32], used: NDArray[np.int32], chosen: NDArray[np.int32],
    ) -> int:  # fmt: skip
        """What the plan gains; arrays as of the kernel. ranks: int32[n_units], 0 most urgent."""
        plan = (
            weights_of(ranks), reach, table.nodes, ranked, counts, costs,
            self._options.allow_cycles, used, chosen,
        )  # fmt: skip
        n_chains, n_parts = self._options.improvements, len(self._parts)
        if n_parts == 1:
            return self._parts[0].search(n_chains, is_held, *plan)
        shares = [last - first for first, last in even_shares(n_chains, n_parts)]
        kept = self._kept(reach[:, 0], is_held, table.actions.shape[1])

        def search(part: _Part, share: int, stays: NDArray[np.bool_]) -> int:
            return part.search(share, stays, *plan)

        parts = list(zip(self._parts, shares, kept, strict=True))
        return sum(in_threads(self._n_threads, search, parts))

    def _kept(
        self, cells: NDArray[np.int32], is_held: NDArray[np.bool_], depth: int
    ) -> list[NDArray[np.bool_]]:
        """bool[n_units] for either part: all but the units that stay in it whatever they do."""
        self._n_lines += 1
        grid = self._grid
        rows, cols = np.divmod(cells, grid.n_cols)
        along = cols if grid.n_cols >= grid.n_rows else rows
        share = 0.35 + 0.3 * (GOLDEN * self._n_lines % 1.0)
        line = np.quantile(along[~is_held], share) if not is_held.all() else 0.0
        return [is_held | (along + depth >= line), is_held | (along - depth < line)]


class _Part:
    """Memory and chance of the search in one part of the floor."""

    def __init__(self, n_units: int, options: PlannerOptions, state: int) -> None:
        self._options = options
        self._state = np.array([state], dtype=np.uint64)
        self._of_units = np.zeros((3, n_units), dtype=np.int32)
        self._gains = np.zeros(n_units, dtype=np.int64)
        self._on_stack = np.zeros(n_units, dtype=bool)

    def search(
        self, n_chains: int, is_held: NDArray[np.bool_], weights: NDArray[np.int64],
        reach: NDArray[np.int32], nodes: NDArray[np.int32], ranked: NDArray[np.int16],
        counts: NDArray[np.int32], costs: NDArray[np.int32], allow_cycles: bool,
        used: NDArray[np.int32], chosen: NDArray[np.int32],
    ) -> int:  # fmt: skip
        """Try so many chains, or as many as the clock allows; what they gain."""
        is_over = self._options.is_over
        stack, cursors, before = self._of_units
        units = np.flatnonzero(~is_held).astype(np.int32)
        total = n_done = n_idle = 0
        while n_done < n_chains and len(units):
            n = n_chains - n_done
            if is_over is not None:
                n = min(n, BATCH)
                if is_over() or n_idle >= IDLE_ROUNDS * len(units):
                    break
            gained = improve(
                n, MAX_LOOKS, self._state, units, weights, is_held, reach, nodes, ranked, counts,
                costs, allow_cycles, used, chosen, stack, cursors, before, self._gains,
                self._on_stack,
            )  # fmt: skip
            total += gained
            n_done += n
            n_idle = 0 if gained else n_idle + n
        return total


def weights_of(ranks: NDArray[np.int32]) -> NDArray[np.int64]:
    """int64[n_units], from SCALE for the least urgent to twice that."""
    shares = SCALE - SCALE * ranks.astype(np.int64) // max(len(ranks), 1)
    return np.asarray(SCALE + shares * shares // SCALE, dtype=np.int64)
