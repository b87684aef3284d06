"""The floor that emulated units drive on: the twin, and what their sensors read of it.

Steps that motors are given are handed to the twin together, before time passes. A unit that stands
for several reasons drives again when the last of them is over (twin.causes).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import Commands, FaultCode, Outlook, Releases, no_station_jobs
from gridfleet.emulator.battery import Batteries, BatteryModel
from gridfleet.emulator.localisation import Localisation, Odometry
from hw_bridge.vda5050.names import node_id
from layouts import CellKind, Layout
from twin.causes import Cause
from twin.floor.step_kernels import RING
from twin.kinematic.engine import KinematicTwin

WATCHED = ("done", "cleared", "fault", "mode", "carried", "factor")
"""Fields of a unit that are news to its agent when they change, beside whether it moves."""


@dataclass(frozen=True, slots=True)
class SensorOptions:
    """seed: of everything that is drawn here."""

    seed: int = 0
    battery: BatteryModel = field(default_factory=BatteryModel)
    odometry: Odometry = field(default_factory=Odometry)


class Floor:
    """The twin must not be given steps by anybody else.

    cells_driven: by all units, lifts and lowerings counted as one each. labels: of each pod, "" for
    one whose label nobody has read yet. names: node of each cell. batteries, localisation: of all
    units. starts_s: when each unit knows where it is. is_charging: bool[n_units].
    """

    def __init__(
        self, layout: Layout, twin: KinematicTwin, labels: list[str] | None = None,
        options: SensorOptions = SensorOptions(),
    ) -> None:  # fmt: skip
        n_units = len(twin.units)
        self.layout, self.twin = layout, twin
        self.labels = list(labels) if labels is not None else [""] * len(twin.pod_cells())
        self.names = [node_id(cell, layout.n_cols) for cell in range(layout.n_cells)]
        self.batteries = Batteries(n_units, options.battery, options.seed)
        self.localisation = Localisation(n_units, options.odometry, options.seed)
        self.starts_s = [-math.inf] * n_units
        self._centres_m = layout.centres_m()
        self._is_charger = layout.kinds == CellKind.CHARGER
        self._solid = ~layout.driveable
        self._factors = np.ones((n_units, len(Cause)))
        self._rows: list[tuple[int, int, int, int, float]] = []
        self._outlook: dict[int, tuple[int, int]] = {}
        self.is_charging = self._on_chargers(self.cells_of_units())
        self._seen = self._look()
        self._carried = twin.units["carried"].copy()
        self.cells_driven = 0

    @property
    def time_s(self) -> float:
        return self.twin.time_s

    @property
    def n_units(self) -> int:
        return len(self.twin.units)

    def cell_of(self, unit: int) -> int:
        """Where it stands, or the last centre that it passed."""
        return int(self.twin.step_cells[unit, int(self.twin.units["done"][unit]) % RING])

    def name_of_step(self, unit: int, step: int) -> str:
        """Node of the cell where that step leads, one of those that the twin remembers."""
        return self.names[self.twin.step_cells.item(unit, step % RING)]

    def cells_of_units(self) -> NDArray[np.int32]:
        """int32[n_units], the same for all."""
        slots = self.twin.units["done"] % RING
        cells: NDArray[np.int32] = self.twin.step_cells[np.arange(self.n_units), slots]
        return cells

    def cell_at(self, x_m: float, y_m: float) -> int:
        """The cell that a point lies in; -1 for one that is off the floor, or none."""
        if not (math.isfinite(x_m) and math.isfinite(y_m)):
            return -1
        cell = self.layout.cell_at(x_m, y_m)
        gap_m = np.abs(self._centres_m[cell] - (x_m, y_m)).max()
        return cell if gap_m <= self.layout.cell_size_m / 2 else -1

    def can_drive(self, from_cell: int, cell: int) -> bool:
        """Whether a unit can drive from that cell to this one in a straight line, and nothing is
        built there. Directions of lanes are rules, and no wall."""
        if cell < 0:
            return False
        row, col = divmod(from_cell, self.layout.n_cols)
        to_row, to_col = divmod(cell, self.layout.n_cols)
        is_next = abs(row - to_row) + abs(col - to_col) == 1
        return is_next and not bool(self._solid[cell])

    # ------------------------------------------------------------------ what motors do

    def give_step(self, unit: int, step: int, cell: int, act: int, speed_m_s: float) -> None:
        """The next step of the unit; it may begin at once."""
        self._rows.append((unit, step, cell, act, speed_m_s))
        self._outlook.pop(unit, None)

    def look_ahead(self, unit: int, step: int, cell: int) -> None:
        """Where that step of the unit, which it may not do yet, will lead."""
        self._outlook[unit] = step, cell

    def stop_short(self, unit: int) -> int:
        """Let all steps lapse after the first centre where it can stop; returns that step."""
        self.hand_over()
        return self.twin.stop_short(unit)

    def hinder(self, unit: int, cause: Cause, factor: float) -> None:
        """The unit drives, for that cause, with this share of its speed; 1 all of it."""
        if self._factors[unit, cause] != factor:
            self._factors[unit, cause] = factor
            self.twin.set_speed_factor(unit, float(self._factors[unit].min()))

    def hand_over(self) -> None:
        """Give the twin all steps that motors were given."""
        if not (self._rows or self._outlook):
            return
        # Rows of one unit have to follow each other, whoever was given something in between.
        rows = sorted(self._rows, key=_unit_of_row)
        hints = [(unit, *hint) for unit, hint in self._outlook.items()]
        self._rows, self._outlook = [], {}
        units, steps, cells, acts = _columns([row[:4] for row in rows], 4)
        speeds = np.array([row[4] for row in rows], dtype=np.float32)
        is_limited = bool(len(speeds)) and bool(np.isfinite(speeds).any())
        releases = Releases(
            units, steps, cells, acts.astype(np.int8), speeds if is_limited else None
        )
        self.twin.send(Commands(releases, no_station_jobs(), Outlook(*_columns(hints, 3))))

    # ------------------------------------------------------------------ time

    def move(self, until_s: float) -> bool:
        """Let time pass; False where none has passed."""
        self.hand_over()
        before_s, units = self.time_s, self.twin.units
        done = int(units["done"].sum())
        if not self.twin.move(until_s):
            return False
        cells = self.cells_of_units()
        self.cells_driven += int(units["done"].sum()) - done
        self.is_charging = self._on_chargers(cells)
        self.batteries.pass_time(self.time_s - before_s, units, self.is_charging)
        self.localisation.follow(units["done"], self._centres_m[cells])
        for unit, is_found in self.localisation.changes(self.time_s):
            if is_found:
                self.twin.clear_fault(unit)
            else:
                self.twin.set_fault(unit, FaultCode.LOST_PLACE)
        return True

    def _on_chargers(self, cells: NDArray[np.int32]) -> NDArray[np.bool_]:
        """bool[n_units], stands on a charger: contact is made by standing there."""
        stands = (self.twin.units["along"] == 0.0) & ~self.twin.is_off
        is_there: NDArray[np.bool_] = self._is_charger[cells] & stands
        return is_there

    def news(self) -> NDArray[np.intp]:
        """Units of which something has changed since the last call, in ascending order."""
        now = self._look()
        changed = np.flatnonzero((now != self._seen).any(axis=1))
        self._seen = now
        return changed

    def _look(self) -> NDArray[np.float64]:
        """float64[n_units, k], all that is news when it changes."""
        units = self.twin.units
        moves = (units["speed"] != 0.0) | (units["turn_rate"] != 0.0)
        return np.column_stack([*(units[name] for name in WATCHED), moves, units["along"] > 0.0])

    def new_loads(self) -> list[tuple[int, int]]:
        """(unit, pod) of units that have lifted a pod since the last call."""
        carried = self.twin.units["carried"]
        rows = np.flatnonzero((carried != self._carried) & (carried >= 0))
        self._carried = carried.copy()
        return [(int(unit), int(carried[unit])) for unit in rows]


def _unit_of_row(row: tuple[int, int, int, int, float]) -> int:
    return row[0]


def _columns(rows: Sequence[tuple[int, ...]], n: int) -> NDArray[np.int32]:
    """int32[n, k] of k rows."""
    return np.array(rows, dtype=np.int32).reshape(-1, n).T.copy()
