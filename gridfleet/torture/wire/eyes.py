"""What is seen from the side: true poses and loads, judged by the oracle of gridfleet.torture.

The emulator tells where everything is. That pods stand where they were set down is worked out here,
so that it need not be believed.
"""

from __future__ import annotations

import math

import numpy as np

from fleet_control.backend import Ints
from gridfleet.emulator.truth import Truth
from gridfleet.torture.oracle import BodySizes, Oracle, Scene, Violation
from layouts import Layout
from twin.unit_model import UnitModel

STILL_M = 1e-4
STILL_RAD = 1e-3
MARGIN_M = 0.02
"""Bodies that reach no further into a cell are not on it."""


def sizes_of(unit: UnitModel, layout: Layout) -> BodySizes:
    return BodySizes(
        unit.length_m, unit.width_m, unit.pod_side_m, layout.cell_size_m, unit.pod_turns,
        layout.wall_gap_m,
    )  # fmt: skip


class Bodies:
    """Which cells bodies are on, by the boxes around them."""

    def __init__(self, layout: Layout, unit: UnitModel) -> None:
        self._layout = layout
        self._half = np.array([unit.length_m, unit.width_m, unit.pod_side_m]) / 2

    def cells(self, pose: np.ndarray, is_laden: bool) -> set[int]:
        """Cells under a unit at x, y, yaw, as it drives from centre to centre."""
        layout, (x, y, yaw) = self._layout, pose.tolist()
        along, across, pod = self._half.tolist()
        cos, sin = abs(math.cos(yaw)), abs(math.sin(yaw))
        half_x, half_y = along * cos + across * sin, along * sin + across * cos
        if is_laden:
            half_x, half_y = max(half_x, pod), max(half_y, pod)
        reach_x, reach_y = (max(0.0, half - MARGIN_M) for half in (half_x, half_y))
        points = ((-reach_x, 0.0), (reach_x, 0.0), (0.0, -reach_y), (0.0, reach_y))
        return {layout.cell_at(x + dx, y + dy) for dx, dy in points}


class Eyes:
    """pod_cells: int32[n_pods], at the start. contacts: so many times have bodies touched, as the
    emulator counts them. seen_s: time of the latest truth. still_s: nobody has moved since, and
    nobody carries anything; inf while that is not so."""

    def __init__(self, layout: Layout, unit: UnitModel, n_units: int, pod_cells: Ints) -> None:
        self._layout = layout
        self.oracle = Oracle(layout, sizes_of(unit, layout), n_units, len(pod_cells))
        self._pod_at = np.full(layout.n_cells, -1, dtype=np.int32)
        self._pod_at[pod_cells] = np.arange(len(pod_cells))
        self._carried = np.full(n_units, -1, dtype=np.int32)
        self._poses = np.zeros((n_units, 3))
        self._nothing = np.full(layout.n_cells, -1, dtype=np.int32)
        self._none = np.empty(0, dtype=np.int32)
        self._nobody = np.zeros(n_units, dtype=bool)
        self.contacts = self.n_seen = 0
        self.seen_s, self.still_s = 0.0, np.inf
        self.contact_violations: list[Violation] = []

    @property
    def violations(self) -> list[Violation]:
        return [*self.oracle.violations, *self.contact_violations]

    def look(self, truth: Truth) -> None:
        self.n_seen += 1
        self.seen_s = truth.head.time_s
        poses = truth.poses.astype(np.float64)
        is_there = np.isfinite(poses[:, 0])
        poses[~is_there] = 0.0
        self._follow_pods(poses, truth.carried)
        self._follow_rest(poses, truth.carried)
        self._count_contacts(truth)
        # Of the controller nothing is known here: no cells are held, and nobody is asked for them.
        self.oracle.look(Scene(
            self.seen_s, poses, truth.carried, is_there, self._nobody, self._pod_at, self._nothing,
            self._none, self._none, self._none, self._none,
        ))  # fmt: skip

    def _follow_pods(self, poses: np.ndarray, carried: Ints) -> None:
        """Pods that were lifted or set down since the last look, on the cell of their unit."""
        for unit in np.flatnonzero(carried != self._carried).tolist():
            before, now = int(self._carried[unit]), int(carried[unit])
            if before >= 0:
                cell = self._layout.cell_at(float(poses[unit, 0]), float(poses[unit, 1]))
                self._pod_at[cell] = before
            if now >= 0:
                self._pod_at[self._pod_at == now] = -1
        self._carried = carried.copy()

    def _follow_rest(self, poses: np.ndarray, carried: Ints) -> None:
        moved = np.abs(poses - self._poses)
        is_still = bool((moved[:, :2] < STILL_M).all() and (moved[:, 2] < STILL_RAD).all())
        if not is_still or (carried >= 0).any():
            self.still_s = np.inf
        elif self.still_s == np.inf:
            self.still_s = self.seen_s
        self._poses = poses

    def _count_contacts(self, truth: Truth) -> None:
        """Told by the emulator's own monitor, every tick; a restarted one begins at 0 again."""
        new = truth.head.contacts - self.contacts
        self.contacts = truth.head.contacts
        if new > 0:
            what = f"bodies have touched {new} times, as the emulator counts"
            self.contact_violations.append(Violation(self.seen_s, "overlap", what))
