"""The simulated floor: units, pods and obstacles, watched for contacts. An engine moves the units.

What befalls units is here too, to be called by whoever makes trouble (twin.faults, twin.agents):
simulator only, nothing of it is on the seam.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Act
from fleet_control.streams import Streams
from layouts import CellKind, Layout
from twin.floor import mechanics
from twin.floor.doing import doings, lift_shares
from twin.floor.monitor_kernels import N_PARTNERS, NOBODY, rebin, unlist
from twin.floor.obstacles import Obstacles
from twin.floor.sizes import check_fit, limits_of, sizes_of
from twin.floor.state import UNIT
from twin.floor.step_kernels import BIN_M, DECEL, FAULT_PATH_BLOCKED, LIFT_S, LOWER_S, RING
from twin.unit_model import UnitModel

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


class MishapKind(IntEnum):
    """What befalls bodies, for engines whose units have some."""

    TIPPED = 0
    SLIPPED = 1
    OVERLOADED = 2


@dataclass(frozen=True, slots=True)
class Mishap:
    """Something that began at time_s where the centre of `unit` was near `cell`.

    value: degrees that a tipped unit leans; m/s between a wheel that slips and the floor; share of
    the torque of overloaded wheel motors, 0 for a lift that did not get where it should."""

    time_s: float
    unit: int
    kind: MishapKind
    cell: int
    value: float


class World:
    """Units on a floor. Arguments as of `twin.floor.twin.Twin`.

    units: UNIT[n_units], all about each unit. step_cells: int32[n_units, RING], cell of step s in
    column s % RING; step_acts: int8, what is done there. limits: float64[2, 5], of empty and laden
    units (twin.floor.step_kernels). tick: how many have passed. is_off: bool[n_units], not on the
    floor; n_off: how many. None to be written.
    """

    has_bodies = False
    """Whether units have masses and wheels, so that mishaps befall them."""

    def __init__(
        self, layout: Layout, cells: NDArray[np.int32], headings: NDArray[np.int8],
        pod_cells: NDArray[np.int32], unit: UnitModel, tick_s: float,
    ) -> None:  # fmt: skip
        check_fit(unit, layout, has_pods=len(pod_cells) > 0)
        n_units = len(cells)
        self._layout, self.tick_s, self._tick = layout, tick_s, 0
        self._limits, self._sizes = limits_of(unit), sizes_of(unit, layout)
        self._centres = layout.centres_m()
        self._cells = np.full((n_units, RING), -1, dtype=np.int32)
        self._cells[:, 0] = cells
        self._acts = np.zeros((n_units, RING), dtype=np.int8)
        self._speeds = np.full((n_units, RING), np.inf, dtype=np.float32)
        self._units = _standing(self._centres[cells], headings)
        footprint = unit.footprint(layout.cell_size_m, has_pods=len(pod_cells) > 0)
        self._units["keeps_turn"] = footprint.needs_rims
        self._streams = Streams(layout.n_rows, layout.n_cols, cells)
        self._told = np.zeros((n_units, 3), dtype=np.int32)  # done, cleared, fault
        self._pod_at = np.full(layout.n_cells, -1, dtype=np.int32)
        self._pod_at[pod_cells] = np.arange(len(pod_cells), dtype=np.int32)
        self._n_pods = len(pod_cells)
        solid = (layout.kinds == CellKind.OBSTACLE) | (layout.kinds == CellKind.HUMAN)
        self._solid = solid.astype(np.uint8)
        self._obstacles = Obstacles(self._solid, self._centres, layout.cell_size_m)
        self._factors = np.ones(n_units, dtype=np.float32)
        self._faults_due: dict[int, int] = {}
        self.is_off, self.n_off = np.zeros(n_units, dtype=bool), 0
        self._is_station = np.zeros(layout.n_cells, dtype=bool)
        self._is_station[[station.cell for station in layout.stations]] = True
        self._set_up_squares()
        self._watchers: list[tuple[int, Callable[[], None]]] = []
        self._contacts: list[Contact] = []
        self.n_contacts = 0

    def _set_up_squares(self) -> None:
        """Lists of units by square of floor, two of the largest bodies wide."""
        bin_m, layout = float(self._sizes[BIN_M]), self._layout
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

    @property
    def units(self) -> NDArray[np.void]:
        return self._units

    @property
    def step_cells(self) -> NDArray[np.int32]:
        return self._cells

    @property
    def step_acts(self) -> NDArray[np.int8]:
        return self._acts

    @property
    def limits(self) -> NDArray[np.float64]:
        return self._limits

    @property
    def tick(self) -> int:
        return self._tick

    def _move(self, n_ticks: int) -> int:
        """Let n_ticks pass for all units. Returns how many contacts began; the first of them are in
        `_contact_rows`: tick, unit, other party, x, y."""
        raise NotImplementedError

    def watch(self, every_ticks: int, look: Callable[[], None]) -> None:
        """Call `look` after every so many ticks, for whoever keeps a record (simulator only).

        What happens on the floor does not depend on it. Who looks is no part of the floor: a copy
        by pickle has nobody looking."""
        self._watchers.append((every_ticks, look))

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_watchers": []}

    def _run(self, n_ticks: int) -> None:
        while n_ticks > 0:
            chunk = min([n_ticks, *(every - self._tick % every for every, _ in self._watchers)])
            self._pass(chunk)
            n_ticks -= chunk
            for every, look in self._watchers:
                if self._tick % every == 0:
                    look()
        if self._faults_due or self._obstacles.due:
            self._settle()

    def _pass(self, n_ticks: int) -> None:
        n_new = self._move(n_ticks)
        self._tick += n_ticks
        self.n_contacts += n_new
        for tick, unit, other, x_m, y_m in self._contact_rows[:n_new].tolist():
            cell = self._layout.cell_at(x_m, y_m)
            contact = Contact(tick * self.tick_s, int(unit), int(other), cell, x_m, y_m)
            self._contacts.append(contact)

    def _settle(self) -> None:
        """Faults of units that stand by now, and obstacles where nobody is any more."""
        for unit, code in list(self._faults_due.items()):
            if self.is_standing(unit):
                del self._faults_due[unit]
                self._units["fault"][unit] = code
        self._obstacles.settle(self._units, self._cells)

    def poses(self) -> NDArray[np.float64]:
        """float64[n_units, 3]: x, y in metres and yaw in radians, world frame; nan for units that
        are not on the floor."""
        poses = np.column_stack([self._units[name] for name in ("x", "y", "yaw")])
        poses[self.is_off] = np.nan
        return poses

    def pod_cells(self) -> NDArray[np.int32]:
        """int32[n_pods], cell of each standing pod, -1 for those carried."""
        pod_cells = np.full(self._n_pods, -1, dtype=np.int32)
        standing = np.flatnonzero(self._pod_at >= 0)
        pod_cells[self._pod_at[standing]] = standing
        return pod_cells

    def pod_poses(self) -> NDArray[np.float64]:
        """float64[n_pods, 3]: x, y in metres and yaw in radians of each standing pod, nan for those
        carried."""
        cells = self.pod_cells()
        poses = np.full((self._n_pods, 3), np.nan)
        poses[cells >= 0, :2], poses[cells >= 0, 2] = self._centres[cells[cells >= 0]], 0.0
        return poses

    def doings(self) -> NDArray[np.uint8]:
        """uint8[n_units], what each unit is doing (twin.floor.doing.Doing)."""
        here = self._cells[np.arange(len(self._units)), self._units["done"] % RING]
        return doings(self._units, self._next_acts(), self._is_station[here])

    def lift_shares(self) -> NDArray[np.float64]:
        """float64[n_units], how far up each lift is, 0 to 1."""
        lift_s, lower_s = float(self._sizes[LIFT_S]), float(self._sizes[LOWER_S])
        return lift_shares(self._units, self._next_acts(), lift_s, lower_s)

    def _next_acts(self) -> NDArray[np.int8]:
        everyone = np.arange(len(self._units))
        acts: NDArray[np.int8] = self._acts[everyone, (self._units["done"] + 1) % RING]
        return acts

    def has_pod(self, cell: int) -> bool:
        """Whether a pod stands on the cell."""
        return bool(self._pod_at[cell] >= 0)

    def cells_under(self, unit: int) -> list[int]:
        """Cells that the unit and its pod lie within: one, or two between two centres."""
        if self.is_off[unit]:
            return []
        return mechanics.cells_under(self._units[unit], self._cells[unit])

    def take_contacts(self) -> list[Contact]:
        """Contacts that began since the last call (simulator only: not on the seam)."""
        contacts, self._contacts = self._contacts, []
        return contacts

    def take_mishaps(self) -> list[Mishap]:
        """What has befallen bodies since the last call (simulator only)."""
        return []

    # ------------------------------------------------------------------ what befalls units

    def set_speed_factor(self, unit: int, factor: float) -> None:
        """Let the unit use this share of its speed: 1 all of it; 0 brings it to a stand wherever
        it is, and freezes turning and lifting. Whoever has several causes gives the least."""
        self._factors[unit] = factor
        self._refresh(unit)

    def set_fault(self, unit: int, code: int) -> None:
        """The unit cannot go on: it brakes, and says so once it stands."""
        self._faults_due[unit] = code
        self._refresh(unit)
        self._settle()

    def clear_fault(self, unit: int) -> None:
        """The unit can go on, and tries its next step again."""
        self._faults_due.pop(unit, None)
        self._units["fault"][unit] = 0
        self._refresh(unit)

    def retry(self, unit: int) -> None:
        """Try the step again that a fault keeps from being done; other faults stay."""
        if mechanics.has_step_fault(self._units[unit]):
            self.clear_fault(unit)

    def tell_fault_again(self, unit: int) -> None:
        """The fault of the unit, if it has one, is news."""
        self._told[unit, 2] = 0

    def fail_acts(self, unit: int, n_times: int) -> None:
        """The unit's next attempts to lift or lower do not work: LIFT_FAILED. At most 127."""
        self._units["fails"][unit] = n_times

    def _refresh(self, unit: int) -> None:
        is_held = self._units["fault"][unit] or unit in self._faults_due or self.is_off[unit]
        self._units["factor"][unit] = 0.0 if is_held else self._factors[unit]

    def is_standing(self, unit: int) -> bool:
        """Whether nothing of it moves: at a centre, or held between two or in mid-turn or act."""
        return mechanics.is_standing(self._units[unit])

    def stop_short(self, unit: int) -> int:
        """Let all steps lapse after the first centre where the unit can stop; returns that step.

        A lift or lowering that has begun is finished first, which may fail: ask again then. A fault
        of a step that lapses is over."""
        return self._cut(unit, mechanics.stop_short(self._units[unit], *self._braking(unit)))

    def forget(self, unit: int) -> int:
        """A reboot: the unit stands at once, an act that has begun is undone, and all steps lapse
        but the one to the next centre, for a unit between two. Returns the last one left."""
        return self._cut(unit, mechanics.forget(self._units[unit]))

    def _cut(self, unit: int, kept: int) -> int:
        self._streams.cut(unit, kept, int(self._cells[unit, kept % RING]))
        self.retry(unit)  # the step that could not be done is none any more
        return kept

    def cells_along(self, unit: int) -> float:
        """Where the unit is, in cells beyond the last centre passed."""
        return float(self._units["along"][unit]) / self._layout.cell_size_m

    def cells_to_stop(self, unit: int) -> float:
        """Where the unit would stand if it braked now, in cells beyond the last centre passed."""
        return mechanics.cells_to_stop(self._units[unit], *self._braking(unit))

    def _braking(self, unit: int) -> tuple[float, float]:
        is_laden = int(self._units["carried"][unit] >= 0)
        return float(self._limits[is_laden, DECEL]), self._layout.cell_size_m

    def take_off(self, unit: int) -> None:
        """Carry the unit off the floor, with its pod if it has one. Nothing of it is left there."""
        self.forget(unit)
        unlist(self._units, unit, self._heads)
        mechanics.take_off(self._units[unit])
        self.n_off += int(not self.is_off[unit])
        self.is_off[unit] = True
        self._refresh(unit)

    def put_on(self, unit: int, cell: int, heading: int) -> None:
        """Put the unit down on a cell, with the pod it was carried off with. It has no fault and no
        steps; its stream begins here, at 0, and nothing of that is news."""
        x_m, y_m = self._centres[cell].tolist()
        mechanics.put_on(self._units[unit], x_m, y_m, heading)
        self._cells[unit, 0] = cell
        self._streams.cut(unit, 0, cell)
        self._told[unit] = 0
        self.n_off -= int(self.is_off[unit])
        self.is_off[unit] = False
        self.clear_fault(unit)
        rebin(self._units, unit, float(self._sizes[BIN_M]), self._n_bin_cols, self._heads)

    def restore(
        self, units: NDArray[np.void], cells: NDArray[np.int32], pod_cells: NDArray[np.int32],
        is_off: NDArray[np.bool_], time_s: float,
    ) -> None:  # fmt: skip
        """Everything stands where it stood on a floor before, and all units have been switched off
        and on: a unit between two centres has the step to the next one left.

        units: UNIT[n_units]. cells: int32[n_units, 2], the centre passed last and the one after it.
        pod_cells: int32[n_pods], as of `pod_cells`. is_off: bool[n_units]."""
        self._tick = round(time_s / self.tick_s)
        self._units[:] = units
        self._cells[:, :2], self._acts[:, 1], self._speeds[:, 1] = cells, Act.DRIVE, np.inf
        self._pod_at[:] = -1
        standing = np.flatnonzero(pod_cells >= 0)
        self._pod_at[pod_cells[standing]] = standing
        self._streams = Streams(self._layout.n_rows, self._layout.n_cols, cells[:, 0])
        self.is_off[:], self.n_off = is_off, int(is_off.sum())
        self._heads[:] = -1
        for index in range(len(units)):
            kept = mechanics.restart(self._units[index])
            self._streams.cut(index, kept, int(cells[index, kept]))
            self._refresh(index)
            if not is_off[index]:
                rebin(self._units, index, float(self._sizes[BIN_M]), self._n_bin_cols, self._heads)
        self._told[:] = 0

    def place_obstacle(self, cell: int) -> bool:
        """Something falls on the cell: units stop before it with PATH_BLOCKED. Returns whether it
        lies there yet; where a unit is, or past braking for it, it does as soon as that is over."""
        return self._obstacles.place(cell, self._units, self._cells)

    def has_obstacle(self, cell: int) -> bool:
        """Whether something lies there that is not of the layout."""
        return self._obstacles.lies_on(cell)

    def remove_obstacle(self, cell: int) -> None:
        """The cell is free again, and units that stand before it go on."""
        self._obstacles.remove(cell)
        for unit in np.flatnonzero(self._units["fault"] == FAULT_PATH_BLOCKED).tolist():
            if self._cells[unit, (self._units["done"][unit] + 1) % RING] == cell:
                self.clear_fault(unit)


def _standing(places_m: NDArray[np.float64], headings: NDArray[np.int8]) -> NDArray[np.void]:
    """Records of units that stand at those places, with nothing to do."""
    units = np.zeros(len(places_m), dtype=UNIT)
    units["x"], units["y"] = places_m.T
    units["heading"], units["yaw"] = headings, headings * (np.pi / 2)
    for name in ("carried", "square", "after", "before"):
        units[name] = -1
    units["contact_tick"], units["factor"] = NOBODY, 1.0
    return units
