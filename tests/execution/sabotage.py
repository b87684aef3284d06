"""Execution broken on purpose, in ways that a slip of the pen could break it.

Each sabotage replaces a compiled kernel of the executor with a function of the same arguments. They
come with the executor's own assertions in place or taken out.
"""

from __future__ import annotations

import numpy as np
import pytest

from fleet_control.execution import executor, kernels
from fleet_control.execution.kernels import DRIVE, RING_MASK

EXECUTOR = "fleet_control.execution.executor"


def free_one_step_early(units, done, cleared, unit_done, unit_cleared, released, *rest) -> int:
    """Takes reaching a centre as proof of having left the cell that the centre is in."""
    early = np.maximum(cleared, np.minimum(done + 1, released[units])).astype(np.int32)
    return kernels.free_cells(units, done, early, unit_done, unit_cleared, released, *rest)


def free_unchecked(
    units, done, cleared, unit_done, unit_cleared, released, cells, tickets, acts, serving, owners,
    visits, driven,
) -> int:  # fmt: skip
    """Frees as it should and looks at nothing."""
    for unit, now_done, now_cleared in zip(units, done, cleared, strict=True):
        for step in range(unit_cleared[unit], now_cleared):
            if acts[unit, (step + 1) & RING_MASK] == DRIVE:
                owners[cells[unit, step & RING_MASK]] = -1
                serving[cells[unit, step & RING_MASK]] += 1
        unit_done[unit], unit_cleared[unit] = now_done, now_cleared
    return -1


def _release(check_owners: bool):
    def release_out_of_turn(
        base_length, unit_done, released, committed, cells, tickets, acts, serving, owners,
        is_ready, bars, headings, out_units, out_steps, out_cells, out_acts,
    ) -> int:  # fmt: skip
        """Releases without asking whose turn it is."""
        n_out = 0
        for unit in range(len(released)):
            while released[unit] < min(committed[unit], unit_done[unit] + base_length):
                step = released[unit] + 1
                cell, act = cells[unit, step & RING_MASK], acts[unit, step & RING_MASK]
                if act == DRIVE:
                    if check_owners and owners[cell] >= 0:
                        return -1 - cell
                    owners[cell] = unit
                released[unit] = step
                out_units[n_out], out_steps[n_out] = unit, step
                out_cells[n_out], out_acts[n_out] = cell, act
                n_out += 1
        return n_out

    return release_out_of_turn


def look_away(*_: object) -> int:
    """Finds every holding as it should be."""
    return -1


RELEASE_OUT_OF_TURN = {"release_steps": _release(check_owners=True)}
RELEASE_UNSEEN = {"release_steps": _release(check_owners=False)}
RELEASE_UNCHECKED = {**RELEASE_UNSEEN, "find_bad_holding": look_away}
RELEASE_AND_FREE_UNCHECKED = {**RELEASE_UNCHECKED, "free_cells": free_unchecked}
FREE_EARLY = {"free_cells": free_one_step_early}


def sabotage(monkeypatch: pytest.MonkeyPatch, replaced: dict) -> None:
    for name, function in replaced.items():
        assert hasattr(executor, name)
        monkeypatch.setattr(f"{EXECUTOR}.{name}", function)
