"""What is left of a step's time or budget goes into a better plan (EPIBT+LNS; AAAI 2026).

A unit weighs the more the more urgent it is: (1 - rank / n)^2. The search is one thread. It pays on
dense floors, and these are small: a few chains for each unit are soon tried (docs/bench.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.epibt_improve_kernels import improve
from fleet_control.mapf.operations import Operations
from fleet_control.mapf.planner import PlannerOptions

MAX_LOOKS = 1000
"""Operations looked at for one chain."""
BATCH = 32
"""Chains between two looks at a clock: some milliseconds at most."""
IDLE_ROUNDS = 2
"""With a clock the search ends when so many chains for each unit have gained nothing."""
SCALE = 256
"""Of weights, which are whole numbers so that sums are exact."""


class Improver:
    """Holds memory and chance. Batches make no difference to what is found."""

    def __init__(self, n_units: int, options: PlannerOptions) -> None:
        self._options = options
        self._gains = np.zeros(n_units, dtype=np.int64)
        self._state = np.array([2 * options.seed + 1], dtype=np.uint64)

    def improve(
        self, is_held: NDArray[np.bool_], ranks: NDArray[np.int32], reach: NDArray[np.int32],
        table: Operations, ranked: NDArray[np.int16], counts: NDArray[np.int32],
        costs: NDArray[np.int32], used: NDArray[np.int32], chosen: NDArray[np.int32],
        stack: NDArray[np.int32], cursors: NDArray[np.int32], before: NDArray[np.int32],
        on_stack: NDArray[np.bool_],
    ) -> int:  # fmt: skip
        """What the plan gains; arrays as of the kernel. ranks: int32[n_units], 0 most urgent."""
        options, n_units, is_over = self._options, len(ranks), self._options.is_over
        weights = weights_of(ranks)
        total = n_done = n_idle = 0
        while n_done < options.improvements:
            n = options.improvements - n_done
            if is_over is not None:
                n = min(n, BATCH)
                if is_over() or n_idle >= IDLE_ROUNDS * n_units:
                    break
            gained = improve(
                n, MAX_LOOKS, self._state, weights, is_held, reach, table.nodes, ranked, counts,
                costs, options.allow_cycles, used, chosen, stack, cursors, before, self._gains,
                on_stack,
            )  # fmt: skip
            total += gained
            n_done += n
            n_idle = 0 if gained else n_idle + n
        return total


def weights_of(ranks: NDArray[np.int32]) -> NDArray[np.int64]:
    """int64[n_units], from 1 to SCALE + 1."""
    shares = SCALE - SCALE * ranks.astype(np.int64) // max(len(ranks), 1)
    return np.asarray(1 + shares * shares // SCALE, dtype=np.int64)
