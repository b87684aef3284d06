"""Whether paths solve a problem, looked at apart from everything that finds paths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.conflicts import ConflictCheck
from fleet_control.mapf.grid import Grid
from layouts import Layout

MOST_TOLD = 20


def plan_faults(
    floor: Layout | Grid,
    starts: NDArray[np.int32],
    goals: NDArray[np.int32],
    cells: NDArray[np.int32],
    allow_cycles: bool = True,
) -> list[str]:
    """What is wrong (the first 20), nothing where the paths are a solution.

    cells: int32[n_steps + 1, n_agents], cell of each agent after each step.
    """
    if cells.ndim != 2 or cells.shape[1] != len(starts) or not len(cells):
        return [f"paths of {cells.shape[-1] if cells.size else 0} agents; expected {len(starts)}"]

    def place(cell: int) -> str:
        return f"({cell % floor.n_cols},{cell // floor.n_cols})"

    faults = []
    for word, row, wanted in (("starts", 0, starts), ("ends", -1, goals)):
        for agent in np.flatnonzero(cells[row] != wanted).tolist():
            is_at, should = place(int(cells[row, agent])), place(int(wanted[agent]))
            faults += [f"agent {agent} {word} at {is_at}, not at {should}"]
    before, after = cells[:-1], cells[1:]
    is_legal = (before == after) | (floor.neighbours[before] == after[..., None]).any(axis=-1)
    for step, agent in np.argwhere(~is_legal).tolist():
        ends = f"{place(int(before[step, agent]))} to {place(int(after[step, agent]))}"
        faults.append(f"agent {agent} may not go from {ends} in step {step + 1}")
    conflicts = ConflictCheck(len(floor.neighbours), len(starts)).of_plan(
        np.ascontiguousarray(cells, dtype=np.int32)
    )
    faults += [str(found) for found in conflicts if not (allow_cycles and found.kind == "cycle")]
    return faults[:MOST_TOLD]
