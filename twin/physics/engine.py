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
from twin.floor.monitor_kernels import rebin
from twin.floor.sizes import limits_of, sizes_of
from twin.floor.step_kernels import ACTING, BIN_M, HALF_LENGTH, HALF_POD, LIFT, PLACED, RING_MASK
from twin.floor.twin import Twin
from twin.floor.world import Mishap, MishapKind
from twin.people import People
from twin.physics.loads import draw_loads
from twin.physics.localise import Localiser
from twin.physics.mishaps import LOOK_EVERY_TICKS, MishapWatch
from twin.physics.space import PLATE_M, TICK_S, TILT, Space, Wall
from twin.physics.steer_kernels import find_near_pods, steer
from twin.physics.walls import walls_of
from twin.unit_model import DEFAULT_UNIT, UnitModel

MARGIN_M = 0.02
"""Units measure where they are, and say that they have left a cell when they are so much beyond."""


class PhysicsTwin(Twin):
    """Units with bodies. Arguments as of `Twin`; seed: of what lies on each pod and of
    what units believe of themselves; is_shown: in a window, at no more than real time.

    Raises PhysicsError where pybullet is missing, or a screen for the window."""

    has_bodies = True

    def __init__(
        self, layout: Layout, cells: NDArray[np.int32], headings: NDArray[np.int8],
        pod_cells: NDArray[np.int32], people: People, unit: UnitModel = DEFAULT_UNIT,
        seed: int = 0, *, is_shown: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(layout, cells, headings, pod_cells, people, unit, TICK_S)
        n_units, n_pods = len(cells), len(pod_cells)
        self._set_limits = limits_of(unit), sizes_of(unit, layout)
        self._set_limits[1][[HALF_LENGTH, HALF_POD]] += MARGIN_M
        self._lift_m, self._cell_m = unit.body.lift_m, layout.cell_size_m
        self._commands, self._state = np.zeros((n_units, 3)), np.zeros((n_units, 6))
        self._loads = np.full(n_units, -1, dtype=np.int32)
        self._overloaded = np.zeros(n_units, dtype=np.uint8)
        self._stalled = np.zeros(n_units, dtype=np.int32)
        self._strain = np.zeros((2, n_units))
        self._watch_mishaps = MishapWatch(n_units)
        self._mishaps: list[Mishap] = []
        self._space = Space(
            unit,
            n_units,
            draw_loads(unit.body, n_pods, seed),
            list(walls_of(layout)),
            is_shown=is_shown,
        )
        self._is_near, self._is_shown = np.zeros((2, n_pods), dtype=np.uint8)
        self._lying: set[int] = set()
        self._touching: set[tuple[int, int]] = set()
        self._space.pod_poses[:, :2] = self._centres[pod_cells]
        for index in range(n_units):
            self._put_body(index)
        self._space.read(self._state)
        self._wheel_turns = np.zeros((n_units, 2))
        self._localiser: Localiser | None = None
        if not unit.localisation.is_exact:
            self._localiser = Localiser(unit, self._state[:, :3], self._centres, seed)

    def _put_body(self, index: int) -> None:
        unit = self._units[index]
        self._space.put_unit(index, float(unit["x"]), float(unit["y"]), float(unit["yaw"]))
        self._loads[index] = -1
        if unit["carried"] >= 0:
            self._load_up(index, int(unit["carried"]), (unit["x"], unit["y"], 0.0), is_up=True)

    def _load_up(
        self, index: int, pod: int, pose: tuple[float, float, float], *, is_up: bool
    ) -> None:
        self._space.load_up(index, pod, pose, is_up)
        self._loads[index] = pod

    # ------------------------------------------------------------------ time

    def _move(self, n_ticks: int) -> int:
        n_contacts = 0
        for tick in range(self._tick + 1, self._tick + 1 + n_ticks):
            self._steer()
            self._exchange_loads()
            self._show_pods()
            self._space.step(self._commands)
            self._read()
            n_contacts = self._note_contacts(tick, n_contacts)
            if tick % LOOK_EVERY_TICKS == 0:
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
        self._space.read_wheels(self._wheel_turns)
        self._localiser.update(self._wheel_turns, poses, self._nearest_cells(poses))
        return self._localiser.believed

    def _nearest_cells(self, poses: NDArray[np.float64]) -> NDArray[np.int64]:
        n_rows, n_cols = self._layout.n_rows, self._layout.n_cols
        cols = np.clip(poses[:, 0] // self._cell_m, 0, n_cols - 1).astype(np.int64)
        rows = np.clip(poses[:, 1] // self._cell_m, 0, n_rows - 1).astype(np.int64)
        return (n_rows - 1 - rows) * n_cols + cols

    def _exchange_loads(self) -> None:
        """A pod rests on the plate from when the plate begins to rise until it is set down."""
        units = self._units
        busy = (units["mode"] == ACTING) | (units["carried"] != self._loads)
        for index in np.flatnonzero(busy & ~self.is_off).tolist():
            unit, load = units[index], int(self._loads[index])
            is_acting = unit["mode"] == ACTING
            if load >= 0 and unit["carried"] < 0 and not is_acting:
                self._loads[index] = -1
                self._space.set_down(index)
            elif load < 0 and is_acting and unit["carried"] < 0:
                slot = (unit["done"] + 1) & RING_MASK
                pod = int(self._pod_at[self._cells[index, slot]])
                if self._acts[index, slot] == LIFT and pod >= 0 and unit["fails"] == 0:
                    self._load_up(
                        index, pod, tuple(self._space.pod_poses[pod].tolist()), is_up=False
                    )

    def _show_pods(self) -> None:
        """Pods have bodies where a unit that moves could touch them."""
        find_near_pods(
            self._units, self._pod_at, self._loads, self._layout.n_rows, self._layout.n_cols,
            self._cell_m, self._is_near,
        )  # fmt: skip
        changed = np.flatnonzero(self._is_near != self._is_shown)
        if len(changed):
            is_near = self._is_near[changed] != 0
            self._space.show_pods(changed[is_near].tolist(), changed[~is_near].tolist())
            self._is_shown[:] = self._is_near

    def _read(self) -> None:
        self._space.read(self._state)
        units = self._units
        for column, name in enumerate(("x", "y", "yaw")):
            units[name] = self._state[:, column]
        for index in np.flatnonzero(units["awake"]).tolist():
            rebin(units, index, float(self._sizes[BIN_M]), self._n_bin_cols, self._heads)

    def _note_contacts(self, tick: int, n_contacts: int) -> int:
        touching = set(self._space.contacts())
        for unit, other in sorted(touching - self._touching):
            if n_contacts < len(self._contact_rows):
                x_m, y_m = self._state[unit, :2]
                self._contact_rows[n_contacts] = tick, unit, other, x_m, y_m
            n_contacts += 1
        self._touching = touching
        return n_contacts

    def _note_mishaps(self, tick: int) -> None:
        slips, torques = self._strain
        self._space.strain(slips, torques)
        found = self._watch_mishaps.look(self._state[:, TILT], slips, torques)
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
        poses = self._space.pod_poses.copy()
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
        self._space.take_unit(unit)

    def put_on(self, unit: int, cell: int, heading: int) -> None:
        super().put_on(unit, cell, heading)
        self._put_body(unit)
        self._space.read(self._state)
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
            self._space.take_obstacle(cell)
        for cell in lying - self._lying:
            x_m, y_m = self._centres[cell].tolist()
            half = self._cell_m / 2 - 0.01
            self._space.put_obstacle(cell, Wall((x_m, y_m), (half, half)))
        self._lying = lying

    def close(self) -> None:
        self._space.close()
