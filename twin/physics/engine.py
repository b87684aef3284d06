"""The physics twin: a Backend whose units have masses, wheels, motors and lifts.

Each control tick, the motion controllers of all units (twin.physics.steer_kernels) look where they
believe to be and tell wheels and lifts what to do; then pybullet moves the bodies. What the units
tell the fleet controller is what their motion controllers know. Contacts are those of the bodies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import FaultCode
from layouts import Layout
from layouts.geometry import cells_at
from twin.floor.sizes import limits_of, sizes_of
from twin.floor.step_kernels import ACTING, BIN_M, HALF_LENGTH, HALF_POD, LIFT, PLACED, RING_MASK
from twin.floor.twin import Twin
from twin.floor.world import Mishap, MishapKind
from twin.people import People
from twin.physics.encounters import Encounters
from twin.physics.loads import draw_loads
from twin.physics.localise import Localiser
from twin.physics.mishaps import LOOK_EVERY_TICKS, MishapWatch
from twin.physics.options import DEFAULT_PHYSICS, PhysicsOptions
from twin.physics.space import (
    LEFT_TURN,
    PLATE_M,
    RIGHT_TURN,
    SLIP_M_S,
    TILT,
    TORQUE_SHARE,
    Pair,
    Pose,
    Wall,
)
from twin.physics.steer_kernels import find_near_pods, follow_bodies, steer
from twin.physics.walls import walls_of
from twin.physics.worlds import Worlds, tick_of
from twin.unit_model import DEFAULT_UNIT, UnitModel

MARGIN_M = 0.02
"""Units measure where they are, and say that they have left a cell when they are so much beyond."""


class PhysicsTwin(Twin):
    """Units with bodies. Arguments as of `Twin`; seed: of what lies on each pod and of what units
    believe of themselves; options: how finely to look, and on how many processes; is_shown: in a
    window, at no more than real time.

    Raises PhysicsError where pybullet is missing, or a screen for the window."""

    has_bodies = True

    def __init__(
        self, layout: Layout, cells: NDArray[np.int32], headings: NDArray[np.int8],
        pod_cells: NDArray[np.int32], people: People, unit: UnitModel = DEFAULT_UNIT,
        seed: int = 0, options: PhysicsOptions = DEFAULT_PHYSICS, *, is_shown: bool = False,
    ) -> None:  # fmt: skip
        tick_s = tick_of(options.detail)
        super().__init__(layout, cells, headings, pod_cells, people, unit, tick_s)
        n_units, n_pods = len(cells), len(pod_cells)
        self._set_limits = limits_of(unit), sizes_of(unit, layout)
        self._set_limits[1][[HALF_LENGTH, HALF_POD]] += MARGIN_M
        self._lift_m, self._cell_m = unit.body.lift_m, layout.cell_size_m
        self._loads = np.full(n_units, -1, dtype=np.int32)
        self._overloaded = np.zeros(n_units, dtype=np.uint8)
        self._stalled = np.zeros(n_units, dtype=np.int32)
        self._watch_mishaps = MishapWatch(n_units)
        self._mishaps: list[Mishap] = []
        self._worlds = Worlds(
            options, unit, self._centres[cells], draw_loads(unit.body, n_pods, seed),
            list(walls_of(layout)), is_shown=is_shown,
        )  # fmt: skip
        self._commands, self._state = self._worlds.commands, self._worlds.state
        self._is_near = np.zeros((self._worlds.n_worlds, n_pods), dtype=np.uint8)
        self._encounters = Encounters(
            self._sizes, layout.n_rows, layout.n_cols, n_units, self._n_bin_cols
        )
        self._is_window = is_shown
        self._lying: set[int] = set()
        self._touching: set[tuple[int, int]] = set()
        self._worlds.pod_poses[:, :2] = self._centres[pod_cells]
        for index in range(n_units):
            self._put_body(index)
        self._localiser: Localiser | None = None
        if not unit.localisation.is_exact:
            self._localiser = Localiser(unit, self._state[:, :3], self._centres, seed)

    def _put_body(self, index: int) -> None:
        unit = self._units[index]
        self._worlds.put_unit(index, (float(unit["x"]), float(unit["y"]), float(unit["yaw"])))
        self._loads[index] = -1
        if unit["carried"] >= 0:
            pose = float(unit["x"]), float(unit["y"]), 0.0
            self._load_up(index, int(unit["carried"]), pose, is_up=True)

    def _load_up(self, index: int, pod: int, pose: Pose, *, is_up: bool) -> None:
        self._worlds.load_up(index, pod, pose, is_up=is_up)
        self._loads[index] = pod

    # ------------------------------------------------------------------ time

    def _move(self, n_ticks: int) -> int:
        n_contacts = 0
        for tick in range(self._tick + 1, self._tick + 1 + n_ticks):
            self._steer()
            self._exchange_loads()
            self._show_pods()
            looks = tick % LOOK_EVERY_TICKS == 0
            touching = self._worlds.step(strains=looks)
            self._follow_bodies(tick)
            n_contacts = self._note_contacts(tick, touching, n_contacts)
            if looks:
                self._note_mishaps(tick)
        return n_contacts

    def _steer(self) -> None:
        limits, sizes = self._set_limits
        believed = self._believed()
        heights = np.ascontiguousarray(self._state[:, PLATE_M])
        steer(
            self.tick_s, limits, sizes, self._lift_m, self._layout.n_cols, self._units,
            self._cells, self._acts, self._speeds, self._centres, self._pod_at, self._solid,
            believed, heights, self._loads, self._commands, self._overloaded,
            self._stalled,
        )  # fmt: skip

    def _believed(self) -> NDArray[np.float64]:
        """float64[n_units, 3], where the units believe to be."""
        poses = np.ascontiguousarray(self._state[:, :3])
        if self._localiser is None:
            return poses
        turns = self._state[:, LEFT_TURN : RIGHT_TURN + 1]
        layout = self._layout
        cells = cells_at(poses, layout.n_rows, layout.n_cols, self._cell_m)
        self._localiser.update(turns, poses, cells)
        return self._localiser.believed

    def _exchange_loads(self) -> None:
        """A pod rests on the plate from when the plate begins to rise until it is set down."""
        units = self._units
        busy = (units["mode"] == ACTING) | (units["carried"] != self._loads)
        for index in np.flatnonzero(busy & ~self.is_off).tolist():
            unit, load = units[index], int(self._loads[index])
            is_acting = unit["mode"] == ACTING
            if load >= 0 and unit["carried"] < 0 and not is_acting:
                self._loads[index] = -1
                self._worlds.set_down(index, load)
            elif load < 0 and is_acting and unit["carried"] < 0:
                slot = (unit["done"] + 1) & RING_MASK
                pod = int(self._pod_at[self._cells[index, slot]])
                if self._acts[index, slot] == LIFT and pod >= 0 and unit["fails"] == 0:
                    self._load_up(
                        index, pod, tuple(self._worlds.pod_poses[pod].tolist()), is_up=False
                    )

    def _show_pods(self) -> None:
        """Pods have bodies where a unit that moves could touch them, and where somebody looks."""
        worlds = self._worlds
        if self._is_window:
            self._is_near[:] = 1
            self._is_near[:, self._loads[self._loads >= 0]] = 0
            worlds.show_pods(self._is_near)
            return
        find_near_pods(
            self._units, self._sizes, self._pod_at, worlds.pod_poses, self._loads,
            self._layout.n_rows, self._layout.n_cols, worlds.only_laden, worlds.world_of,
            self._is_near,
        )  # fmt: skip
        worlds.show_pods(self._is_near)

    def _follow_bodies(self, tick: int) -> None:
        bin_m = float(self._sizes[BIN_M])
        follow_bodies(self._units, self._state, bin_m, self._n_bin_cols, self._heads)
        if self._worlds.n_worlds > 1:
            pairs = self._encounters.look(tick, self._units, self._pod_at, self._solid, self._heads)
            self._worlds.unite(pairs)

    def _note_contacts(self, tick: int, pairs: list[Pair], n_contacts: int) -> int:
        touching = set(pairs)
        for unit, other in sorted(touching - self._touching):
            if n_contacts < len(self._contact_rows):
                x_m, y_m = self._state[unit, :2]
                self._contact_rows[n_contacts] = tick, unit, other, x_m, y_m
            n_contacts += 1
        self._touching = touching
        return n_contacts

    def _note_mishaps(self, tick: int) -> None:
        columns = (self._state[:, column] for column in (TILT, SLIP_M_S, TORQUE_SHARE))
        found = self._watch_mishaps.look(*columns)
        for unit in np.flatnonzero(self._overloaded).tolist():
            found.append((unit, MishapKind.OVERLOADED, 0.0))
        self._overloaded[:] = 0
        for unit, kind, value in found:
            x_m, y_m = self._state[unit, :2].tolist()
            cell = self._layout.cell_at(x_m, y_m)
            self._mishaps.append(Mishap(tick * self.tick_s, unit, kind, cell, value))
            if kind is MishapKind.TIPPED:
                self.set_fault(unit, FaultCode.BROKEN)

    def pod_poses(self) -> NDArray[np.float64]:
        poses = self._worlds.pod_poses.copy()
        poses[self._loads[self._loads >= 0]] = np.nan
        return poses

    def lift_shares(self) -> NDArray[np.float64]:
        return np.clip(self._state[:, PLATE_M] / self._lift_m, 0.0, 1.0)

    def take_mishaps(self) -> list[Mishap]:
        mishaps, self._mishaps = self._mishaps, []
        return mishaps

    # ------------------------------------------------------------------ what befalls units

    def take_off(self, unit: int) -> None:
        super().take_off(unit)
        self._worlds.take_unit(unit)

    def put_on(self, unit: int, cell: int, heading: int) -> None:
        super().put_on(unit, cell, heading)
        self._put_body(unit)
        if self._localiser is not None:
            self._localiser.reset(unit, self._state[unit, :3])

    def place_obstacle(self, cell: int) -> bool:
        lies = super().place_obstacle(cell)
        self._lay_obstacles()
        return lies

    def remove_obstacle(self, cell: int) -> None:
        super().remove_obstacle(cell)
        self._lay_obstacles()

    def _settle(self) -> None:
        super()._settle()
        self._lay_obstacles()

    def _lay_obstacles(self) -> None:
        """Bodies for what lies on the floor now."""
        lying = set(np.flatnonzero(self._solid == PLACED).tolist())
        for cell in self._lying - lying:
            self._worlds.take_obstacle(cell)
        for cell in lying - self._lying:
            x_m, y_m = self._centres[cell].tolist()
            half = self._cell_m / 2 - 0.01
            self._worlds.put_obstacle(cell, Wall((x_m, y_m), (half, half)))
        self._lying = lying

    def close(self) -> None:
        self._worlds.close()
