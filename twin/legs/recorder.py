"""Keeps the legs of all units of a simulated floor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.floor.world import World
from twin.legs.leg_kernels import NOTHING, note_legs
from twin.legs.legs import Legs

LEG = np.dtype(
    [
        ("begin", np.int64),  # ticks
        ("end", np.int64),
        ("length", np.float64),
        ("unit", np.int32),
        ("cell", np.int32),
        ("kind", np.int8),
        ("is_laden", np.int8),
        ("is_free", np.int8),
    ],
    align=True,
)
OPEN_LEG = np.dtype(
    [
        ("begin", np.int64),
        ("cell", np.int32),
        ("done", np.int32),  # step at its beginning
        ("last", np.int32),  # step where a run is to end
        ("kind", np.int8),
        ("is_laden", np.int8),
        ("is_free", np.int8),
        ("is_braking", np.int8),
        ("heading", np.int8),
        ("quarters", np.int8),
    ],
    align=True,
)
_ROOM = 4096


class LegRecorder:
    """Watches a floor from now on, after every tick. Legs that are under way are no legs yet."""

    def __init__(self, world: World, n_cols: int, cell_m: float) -> None:
        self._world, self._n_cols, self._cell_m = world, n_cols, cell_m
        self._open = np.zeros(len(world.units), dtype=OPEN_LEG)
        self._open["kind"] = NOTHING
        self._rows = np.zeros(max(_ROOM, 2 * len(world.units)), dtype=LEG)
        self._n_rows = 0
        world.watch(1, self.look)

    def look(self) -> None:
        """Take in what the tick that has just passed has changed."""
        world = self._world
        if self._n_rows + len(self._open) > len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        self._n_rows = note_legs(
            world.tick, world.units, world.step_cells, world.step_acts, world.limits,
            self._n_cols, self._cell_m, self._open, self._rows, self._n_rows,
        )  # fmt: skip

    def legs(self) -> Legs:
        """All legs that have ended so far."""
        rows: NDArray[np.void] = self._rows[: self._n_rows]
        tick_s = self._world.tick_s
        return Legs(
            unit=rows["unit"].copy(),
            kind=rows["kind"].copy(),
            is_laden=rows["is_laden"].astype(np.bool_),
            begin_s=rows["begin"] * tick_s,
            end_s=rows["end"] * tick_s,
            length=rows["length"].copy(),
            cell=rows["cell"].copy(),
            is_free=rows["is_free"].astype(np.bool_),
            resolution_s=tick_s,
        )
