"""The kinematic twin: a Backend whose units obey speed, acceleration and turn limits exactly.

Time advances in fixed ticks. The collision monitor watches every tick and is independent of the
controller: it sees poses and loads, never plans or reservations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Commands, FleetState, Releases, Reports
from fleet_control.errors import FleetError, InvariantError
from fleet_control.streams import Streams
from layouts import CellKind, Layout
from twin.kinematic.kernels import (
    N_PARTNERS,
    NOBODY,
    RING,
    accept_steps,
    collect_news,
    rebin,
    run_ticks,
)
from twin.kinematic.state import UNIT
from twin.people import People
from twin.unit_model import DEFAULT_UNIT, MotionLimits, UnitModel

TICK_S = 0.04
MAX_CONTACTS_A_CALL = 4096


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact that began at time_s. other: unit, -1 obstacle or edge of the floor, -2 pod.

    cell, x_m, y_m: where the centre of `unit` was at that moment; cell is the nearest of the floor.
    """

    time_s: float
    unit: int
    other: int
    cell: int
    x_m: float
    y_m: float


class KinematicTwin:
    """Implements `Backend` for a simulated floor.

    cells: int32[n_units] where units start, all different and driveable. headings: int8[n_units].
    pod_cells: int32[n_pods], where pods stand. people: who works at the stations.
    Raises FleetError where a unit could not turn, or a pod not stand, within a cell of the floor.
    """

    def __init__(
        self, layout: Layout, cells: NDArray[np.int32], headings: NDArray[np.int8],
        pod_cells: NDArray[np.int32], people: People, unit: UnitModel = DEFAULT_UNIT,
        tick_s: float = TICK_S,
    ) -> None:  # fmt: skip
        _check_fit(unit, layout)
        n_units = len(cells)
        self._layout, self._people = layout, people
        self.tick_s, self._tick = tick_s, 0
        self._limits = np.array([_row(unit.empty), _row(unit.laden)])
        self._centres = layout.centres_m()
        self._cells = np.full((n_units, RING), -1, dtype=np.int32)
        self._cells[:, 0] = cells
        self._acts = np.zeros((n_units, RING), dtype=np.int8)
        self._units = np.zeros(n_units, dtype=UNIT)
        self._units["x"], self._units["y"] = self._centres[cells].T
        self._units["heading"] = headings
        self._units["yaw"] = headings * (np.pi / 2)
        for name in ("carried", "square", "after", "before"):
            self._units[name] = -1
        self._units["contact_tick"] = NOBODY
        self._streams = Streams(layout.n_rows, layout.n_cols, cells)
        self._pod_at = np.full(layout.n_cells, -1, dtype=np.int32)
        self._pod_at[pod_cells] = np.arange(len(pod_cells), dtype=np.int32)
        self._n_pods = len(pod_cells)
        self._told = np.zeros((n_units, 3), dtype=np.int32)  # done, cleared, fault
        self._news = [np.empty(n_units, dtype=np.int32) for _ in range(3)]
        self._fault_news = np.empty(n_units, dtype=np.int8)
        solid = (layout.kinds == CellKind.OBSTACLE) | (layout.kinds == CellKind.HUMAN)
        self._solid = solid.astype(np.uint8)
        self._sizes = _sizes(unit, layout.cell_size_m)
        self._set_up_squares()
        self._contacts: list[Contact] = []
        self.n_contacts = 0

    def _set_up_squares(self) -> None:
        """Lists of units by square of floor, two of the largest bodies wide."""
        bin_m, layout = float(self._sizes[-1]), self._layout
        self._n_bin_cols = int(layout.n_cols * layout.cell_size_m / bin_m) + 4
        n_bin_rows = int(layout.n_rows * layout.cell_size_m / bin_m) + 4
        self._heads = np.full(n_bin_rows * self._n_bin_cols, -1, dtype=np.int32)
        for index in range(len(self._units)):
            rebin(self._units, index, bin_m, self._n_bin_cols, self._heads)
        self._partners = np.full((len(self._units), N_PARTNERS, 2), NOBODY, dtype=np.int64)
        self._contact_rows = np.empty((MAX_CONTACTS_A_CALL, 5))

    @property
    def time_s(self) -> float:
        return self._tick * self.tick_s

    def connect(self) -> FleetState:
        units = self._units
        under_way = np.flatnonzero((units["done"] < units["released"]) & (units["fault"] == 0))
        if len(under_way):
            unit = int(under_way[0])
            raise FleetError(
                f"unit {unit} has done {units['done'][unit]} of {units['released'][unit]} released "
                "steps; let time pass until it stands, then connect"
            )
        cells = self._cells[np.arange(len(units)), units["done"] % RING]
        self._begin_streams(cells)
        return FleetState(
            self.time_s, cells, units["heading"].copy(), units["carried"].copy(), self.pod_cells()
        )

    def _begin_streams(self, cells: NDArray[np.int32]) -> None:
        """Step 0 of every unit is where it stands, and all there is to tell is news again."""
        self._streams = Streams(self._layout.n_rows, self._layout.n_cols, cells)
        self._cells[:, 0] = cells
        for name in ("done", "cleared", "released", "first", "last", "outlook_step"):
            self._units[name] = 0
        self._told[:] = 0

    def send(self, commands: Commands) -> None:
        self._accept(commands.releases)
        outlook = commands.outlook
        self._units["outlook_step"][outlook.units] = outlook.steps
        self._units["outlook_cell"][outlook.units] = outlook.cells
        self._people.accept(commands.station_jobs, self.time_s)

    def _accept(self, releases: Releases) -> None:
        """Remember released steps. Rows of a unit ascend, so that its last row says how far."""
        if not len(releases.units):
            return
        self._streams.admit(releases)
        is_kept = accept_steps(
            self._units, releases.units, releases.steps, releases.cells, releases.acts,
            self._cells, self._acts,
        )  # fmt: skip
        if not is_kept:
            raise InvariantError(f"steps are released {RING} or more ahead of a unit")

    def advance(self, until_s: float) -> Reports:
        n_ticks = round(until_s / self.tick_s) - self._tick
        if n_ticks > 0:
            self._run(n_ticks)
        lines = self._people.finished_until(self.time_s)
        n_rows = collect_news(
            self._units, self._told, self._news[0], self._news[1], self._news[2], self._fault_news
        )
        units, done, cleared = (column[:n_rows].copy() for column in self._news)
        faults = self._fault_news[:n_rows].copy()
        return Reports(self.time_s, units, done, cleared, faults, *lines)

    def _run(self, n_ticks: int) -> None:
        n_new = run_ticks(
            self._tick + 1, n_ticks, self.tick_s, self._limits, self._sizes,
            self._layout.n_rows, self._layout.n_cols, self._units, self._cells, self._acts,
            self._centres, self._pod_at, self._solid, self._n_bin_cols, self._heads,
            self._partners, self._contact_rows,
        )  # fmt: skip
        self._tick += n_ticks
        self.n_contacts += n_new
        for tick, unit, other, x_m, y_m in self._contact_rows[:n_new].tolist():
            cell = self._layout.cell_at(x_m, y_m)
            contact = Contact(tick * self.tick_s, int(unit), int(other), cell, x_m, y_m)
            self._contacts.append(contact)

    @property
    def units(self) -> NDArray[np.void]:
        """UNIT[n_units], all about each unit (simulator only; to be read, not written)."""
        return self._units

    @property
    def step_cells(self) -> NDArray[np.int32]:
        """int32[n_units, RING], cell of step s in column s % RING (simulator only)."""
        return self._cells

    def pod_cells(self) -> NDArray[np.int32]:
        """int32[n_pods], cell of each standing pod, -1 for those carried."""
        pod_cells = np.full(self._n_pods, -1, dtype=np.int32)
        standing = np.flatnonzero(self._pod_at >= 0)
        pod_cells[self._pod_at[standing]] = standing
        return pod_cells

    def poses(self) -> NDArray[np.float64]:
        """float64[n_units, 3]: x, y in metres and yaw in radians, world frame."""
        return np.column_stack([self._units[name] for name in ("x", "y", "yaw")])

    def take_contacts(self) -> list[Contact]:
        """Contacts that began since the last call (simulator only: not on the seam)."""
        contacts, self._contacts = self._contacts, []
        return contacts

    def close(self) -> None:
        """Nothing to let go of."""


def _row(limits: MotionLimits) -> list[float]:
    return [
        limits.speed_m_s, limits.accel_m_s2, limits.decel_m_s2, limits.turn_rate_rad_s,
        limits.turn_accel_rad_s2,
    ]  # fmt: skip


def _check_fit(unit: UnitModel, layout: Layout) -> None:
    """A cell is safe for its holder only if the body can turn in it (docs/decisions/0002)."""
    turning_m = float(np.hypot(unit.length_m, unit.width_m))
    needed_m = max(turning_m, unit.pod_side_m)
    if needed_m > layout.cell_size_m:
        raise FleetError(
            f"cells of {layout.cell_size_m:g} m on {layout.name} are too small: a unit turns in "
            f"{turning_m:.2f} m and carries pods of {unit.pod_side_m:.2f} m; make cell_size_m at "
            f"least {math.ceil(100 * needed_m) / 100:.2f}"
        )


def _sizes(unit: UnitModel, cell_m: float) -> NDArray[np.float64]:
    """The `sizes` of the kernels: half length, half width, half pod, lift, lower, cell, square."""
    diagonal = max(unit.pod_side_m * 2**0.5, float(np.hypot(unit.length_m, unit.width_m)))
    half = [unit.length_m / 2, unit.width_m / 2, unit.pod_side_m / 2]
    return np.array([*half, unit.lift_s, unit.lower_s, cell_m, max(cell_m, 2 * diagonal)])


__all__ = ["TICK_S", "Contact", "KinematicTwin"]
