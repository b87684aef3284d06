"""The kinematic twin: a Backend whose units obey speed, acceleration and turn limits exactly.

Time advances in fixed ticks. The collision monitor watches every tick and is independent of the
controller: it sees poses and loads, never plans or reservations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Commands, FleetState, Releases, Reports
from layouts import CellKind, Layout
from twin.kinematic.kernels import RING, YAW, X, Y, run_ticks
from twin.people import People
from twin.unit_model import DEFAULT_UNIT, MotionLimits, UnitModel

TICK_S = 0.04
MAX_CONTACTS_A_CALL = 4096


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact that began at time_s. other: unit, -1 obstacle or edge of the floor, -2 pod."""

    time_s: float
    unit: int
    other: int
    x_m: float
    y_m: float


class KinematicTwin:
    """Implements `Backend` for a simulated floor.

    cells: int32[n_units] where units start, all different and driveable. headings: int8[n_units].
    pod_cells: int32[n_pods], where pods stand. people: who works at the stations.
    """

    def __init__(
        self, layout: Layout, cells: NDArray[np.int32], headings: NDArray[np.int8],
        pod_cells: NDArray[np.int32], people: People, unit: UnitModel = DEFAULT_UNIT,
        tick_s: float = TICK_S,
    ) -> None:  # fmt: skip
        n_units = len(cells)
        self._layout, self._unit, self._people = layout, unit, people
        self._tick_s, self._tick = tick_s, 0
        self._limits = np.array([_row(unit.empty), _row(unit.laden)])
        self._centres = layout.centres_m()
        self._headings = headings.astype(np.int8).copy()
        self._mode = np.zeros(n_units, dtype=np.int8)
        self._done, self._cleared, self._released = np.zeros((3, n_units), dtype=np.int32)
        self._first, self._last = np.zeros((2, n_units), dtype=np.int32)
        self._cells = np.full((n_units, RING), -1, dtype=np.int32)
        self._cells[:, 0] = cells
        self._acts = np.zeros((n_units, RING), dtype=np.int8)
        self._motion = np.zeros((n_units, 8))
        self._motion[:, [X, Y]] = self._centres[cells]
        self._motion[:, YAW] = self._headings * np.pi / 2
        self._carried = np.full(n_units, -1, dtype=np.int32)
        self._pod_at = np.full(layout.n_cells, -1, dtype=np.int32)
        self._pod_at[pod_cells] = np.arange(len(pod_cells), dtype=np.int32)
        self._n_pods = len(pod_cells)
        self._faults = np.zeros(n_units, dtype=np.int8)
        self._told_done, self._told_cleared = np.zeros((2, n_units), dtype=np.int32)
        self._told_faults = np.zeros(n_units, dtype=np.int8)
        solid = (layout.kinds == CellKind.OBSTACLE) | (layout.kinds == CellKind.HUMAN)
        self._solid = solid.astype(np.uint8)
        self._set_up_bins(n_units)
        self.contacts: list[Contact] = []
        self.n_contacts = 0

    def _set_up_bins(self, n_units: int) -> None:
        layout, unit = self._layout, self._unit
        diagonal = max(unit.pod_side_m * 2**0.5, float(np.hypot(unit.length_m, unit.width_m)))
        self._bin_m = max(layout.cell_size_m, 2 * diagonal)
        self._n_bin_cols = int(layout.n_cols * layout.cell_size_m / self._bin_m) + 4
        n_bin_rows = int(layout.n_rows * layout.cell_size_m / self._bin_m) + 4
        self._heads = np.full(n_bin_rows * self._n_bin_cols, -1, dtype=np.int32)
        self._bins, self._after, self._before = np.full((3, n_units), -1, dtype=np.int32)
        for index in range(n_units):
            x, y = self._motion[index, [X, Y]]
            square = (int(y / self._bin_m) + 1) * self._n_bin_cols + int(x / self._bin_m) + 1
            self._bins[index] = square
            self._after[index] = self._heads[square]
            if self._heads[square] >= 0:
                self._before[self._heads[square]] = index
            self._heads[square] = index
        self._partners = np.full(n_units, -9, dtype=np.int64)
        self._contact_ticks = np.full(n_units, -9, dtype=np.int64)
        self._contact_rows = np.empty((MAX_CONTACTS_A_CALL, 3), dtype=np.int64)

    @property
    def time_s(self) -> float:
        return self._tick * self._tick_s

    def connect(self) -> FleetState:
        at = np.arange(len(self._done)), self._done % RING
        pod_cells = np.full(self._n_pods, -1, dtype=np.int32)
        standing = np.flatnonzero(self._pod_at >= 0)
        pod_cells[self._pod_at[standing]] = standing
        return FleetState(
            self.time_s, self._cells[at].copy(), self._headings.copy(), self._carried.copy(),
            pod_cells,
        )  # fmt: skip

    def send(self, commands: Commands) -> None:
        self._accept(commands.releases)
        self._people.accept(commands.station_jobs, self.time_s)

    def _accept(self, releases: Releases) -> None:
        """Remember released steps; each unit's numbers go on where they ended."""
        if len(releases.units):
            slots = releases.steps % RING
            self._cells[releases.units, slots] = releases.cells
            self._acts[releases.units, slots] = releases.acts
            np.maximum.at(self._released, releases.units, releases.steps)

    def advance(self, until_s: float) -> Reports:
        n_ticks = round(until_s / self._tick_s) - self._tick
        if n_ticks > 0:
            self._run(n_ticks)
        lines = self._people.finished_until(self.time_s)
        changed = (
            (self._done != self._told_done)
            | (self._cleared != self._told_cleared)
            | (self._faults != self._told_faults)
        )
        units = np.flatnonzero(changed).astype(np.int32)
        self._told_done[units] = self._done[units]
        self._told_cleared[units] = self._cleared[units]
        self._told_faults[units] = self._faults[units]
        return Reports(
            self.time_s, units, self._done[units], self._cleared[units], self._faults[units],
            *lines,
        )  # fmt: skip

    def _run(self, n_ticks: int) -> None:
        unit, layout = self._unit, self._layout
        n_new = run_ticks(
            self._tick + 1, n_ticks, self._tick_s, self._limits, unit.length_m / 2,
            unit.width_m / 2, unit.pod_side_m / 2, unit.lift_s, unit.lower_s,
            layout.cell_size_m, layout.n_rows, layout.n_cols, self._mode, self._done,
            self._cleared, self._released, self._headings, self._first, self._last,
            self._cells, self._acts, self._motion, self._centres, self._carried, self._pod_at,
            self._faults, self._solid, self._bin_m, self._n_bin_cols, self._bins, self._heads,
            self._after, self._before, self._partners, self._contact_ticks,
            self._contact_rows,
        )  # fmt: skip
        self._tick += n_ticks
        self.n_contacts += n_new
        for tick, index, other in self._contact_rows[: min(n_new, MAX_CONTACTS_A_CALL)].tolist():
            x, y = self._motion[index, [X, Y]].tolist()
            self.contacts.append(Contact(tick * self._tick_s, index, other, x, y))

    def poses(self) -> NDArray[np.float64]:
        """float64[n_units, 3]: x, y in metres and yaw in radians, world frame."""
        return self._motion[:, [X, Y, YAW]].copy()

    def take_contacts(self) -> list[Contact]:
        """Contacts that began since the last call (simulator only: not on the seam)."""
        contacts, self.contacts = self.contacts, []
        return contacts

    def close(self) -> None:
        """Nothing to let go of."""


def _row(limits: MotionLimits) -> list[float]:
    return [
        limits.speed_m_s, limits.accel_m_s2, limits.decel_m_s2, limits.turn_rate_rad_s,
        limits.turn_accel_rad_s2,
    ]  # fmt: skip


__all__ = ["TICK_S", "Contact", "KinematicTwin"]
