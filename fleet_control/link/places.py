"""Where among its steps does a unit stand that has forgotten them?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Act


def step_at(
    cells: NDArray[np.int32], acts: NDArray[np.int8], cell: int, beyond: int, is_laden: bool,
    was_laden: int, is_past_first: bool = False,
) -> int:  # fmt: skip
    """Index of the first step after which a unit can be at this place with this load, or -1.

    cells, acts: of the last step known to be done and of all released after it. is_past_first: the
    unit has left the first cell altogether; it may be -1 then, unknown.
    cell: centre that the unit reached last. beyond: the cell that it also covers, between two
    centres, or -1. was_laden: load after the first step: 1, 0, or -1 where nobody knows.

    A place that comes up twice is taken as the first: everything is then as it was there, so that
    what follows can be done again; and no cell is held but those the unit covers, either way.
    """
    # What is known is right in any case; the unknown cell counts where nothing else will do.
    known = [step for step in range(len(cells)) if cells[step] == cell]
    unknown = [0] if cells[0] < 0 else []
    for step in known + unknown:
        if not _leads_to(cells, acts, step, beyond):
            continue
        if beyond < 0 and (cells[step] < 0 or (step == 0 and is_past_first)):
            continue
        expected = _load_after(acts, step, was_laden)
        if expected < 0 or bool(expected) == is_laden:
            return step
    return -1


def _leads_to(cells: NDArray[np.int32], acts: NDArray[np.int8], step: int, beyond: int) -> bool:
    if beyond < 0:
        return True
    is_last = step + 1 == len(cells)
    return not is_last and acts[step + 1] == Act.DRIVE and cells[step + 1] == beyond


def _load_after(acts: NDArray[np.int8], step: int, was_laden: int) -> int:
    """1 laden, 0 empty, -1 unknown: by the act before, else the load before, else the act after."""
    for act in acts[step:0:-1].tolist():
        if act != Act.DRIVE:
            return int(act == Act.LIFT)
    if was_laden >= 0:
        return was_laden
    for act in acts[step + 1 :].tolist():
        if act != Act.DRIVE:
            return int(act == Act.LOWER)
    return -1
