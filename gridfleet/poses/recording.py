"""Records poses of a simulated floor, whatever engine moves it.

Rows go to nameless temporary files in pieces, so that an hour of a thousand units does not have to
fit into memory, and nothing stays behind however the process ends.
"""

from __future__ import annotations

import tempfile
import weakref
from typing import IO

import numpy as np
from numpy.typing import NDArray

from gridfleet.scenario import Scenario
from twin.floor.doing import Doing
from twin.floor.world import World

STATES = (*(doing.name.lower() for doing in Doing), "set_down", "taken")
"""What the column `state` says, by code: what a unit is doing; the last two are those of pods."""
SET_DOWN, TAKEN = len(Doing), len(Doing) + 1
ROW = np.dtype(
    [
        ("time_s", np.float64),
        ("unit", np.int16),
        ("pod", np.int32),
        ("x_m", np.float32),
        ("y_m", np.float32),
        ("yaw_rad", np.float32),
        ("state", np.uint8),
        ("lift", np.float32),
    ]
)
DEFAULT_HZ = {"physics": 10.0}
"""Samples a second where a scenario does not say; 0, none, for engines that are not named."""
DIGITS = 4
"""Decimals that are kept of metres and radians: what is below is noise and does not compress."""
PIECE_ROWS = 100_000


def recorder_for(scenario: Scenario, world: World) -> PoseRecorder | None:
    """A recorder where the scenario wants one."""
    wanted, usual = scenario.poses_hz, DEFAULT_HZ.get(scenario.engine, 0.0)
    hz = usual if wanted is None else wanted
    return PoseRecorder(world, hz) if hz > 0 else None


class PoseRecorder:
    """Looks at the world now and at least `hz` times a simulated second, every whole number of the
    world's ticks."""

    def __init__(self, world: World, hz: float) -> None:
        self._world = world
        names = ROW.names or ()
        self._files: dict[str, IO[bytes]] = {name: tempfile.TemporaryFile() for name in names}  # noqa: SIM115
        weakref.finalize(self, _close, list(self._files.values()))
        self._pieces: list[NDArray[np.void]] = []
        self._n_waiting = 0
        self._pods = np.full((len(world.pod_cells()), 3), np.nan)
        self._look()
        world.watch(max(1, int(1.0 / (hz * world.tick_s) + 1e-9)), self._look)

    def _look(self) -> None:
        pieces = [self._pod_rows(), self._unit_rows()]
        self._pieces += pieces
        self._n_waiting += sum(map(len, pieces))
        if self._n_waiting >= PIECE_ROWS:
            self._flush()

    def _unit_rows(self) -> NDArray[np.void]:
        world, units = self._world, np.flatnonzero(~self._world.is_off)
        rows = self._rows(world.poses()[units])
        rows["unit"], rows["pod"] = units, world.units["carried"][units]
        rows["state"] = world.doings()[units]
        rows["lift"] = np.round(world.lift_shares()[units], DIGITS)
        return rows

    def _pod_rows(self) -> NDArray[np.void]:
        """Pods that stand since the last sample, and those that stood and do so no more."""
        before, self._pods = self._pods, self._world.pod_poses()
        stood, stands = ~np.isnan(before[:, 0]), ~np.isnan(self._pods[:, 0])
        changed = np.flatnonzero(stood != stands)
        is_down = stands[changed]
        rows = self._rows(np.where(is_down[:, None], self._pods[changed], before[changed]))
        rows["unit"], rows["pod"] = -1, changed
        rows["state"], rows["lift"] = np.where(is_down, SET_DOWN, TAKEN), 0.0
        return rows

    def _rows(self, poses: NDArray[np.float64]) -> NDArray[np.void]:
        rows = np.zeros(len(poses), dtype=ROW)
        rows["time_s"] = self._world.time_s
        rows["x_m"], rows["y_m"] = np.round(poses[:, :2], DIGITS).T
        rows["yaw_rad"] = np.round((poses[:, 2] + np.pi) % (2 * np.pi) - np.pi, DIGITS)
        return rows

    def _flush(self) -> None:
        for name, file in self._files.items():
            for piece in self._pieces:
                file.write(piece[name].tobytes())
            file.flush()
        self._pieces, self._n_waiting = [], 0

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """All rows so far, a column each, in the order of time, unit (-1: of a pod) and pod."""
        self._flush()
        return {
            name: np.asarray(np.memmap(file, dtype=ROW[name], mode="r"))
            for name, file in self._files.items()
        }


def _close(files: list[IO[bytes]]) -> None:
    for file in files:
        file.close()
