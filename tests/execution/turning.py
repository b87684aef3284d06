"""Units whose pods turn with them on small random floors, judged by samples of their bodies.

The checker works out from cells and acts alone when a unit may turn, and shares no code with the
executor. A body has to lie in the cells that its unit holds, and in rims along cells where it may
turn; bodies of two units must have no sample in common.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from checker import Checker
from floors import COMMIT_MOVES, executor_of, random_floor, random_step

from fleet_control.backend import Act, Commands, no_station_jobs
from layouts import Layout
from twin.kinematic.engine import KinematicTwin
from twin.people import People
from twin.unit_model import DEFAULT_UNIT, UnitModel

UNIT = replace(DEFAULT_UNIT, pod_side_m=0.8, pod_turns=True)
CYCLE_S = 0.2
WALL_GAP_M = 0.1
N_SIDE = 12


class TurningChecker(Checker):
    """headings: of all units at the start."""

    def __init__(self, starts, base_length, label, layout: Layout, unit: UnitModel) -> None:
        super().__init__(starts, base_length, label)
        self.layout, self.unit = layout, unit
        pod_m = math.hypot(unit.pod_side_m, unit.pod_side_m)
        self.rim_m = (max(pod_m, math.hypot(unit.length_m, unit.width_m)) - layout.cell_size_m) / 2
        self.may_face = [{0} for _ in self.steps]
        self.since = [0 for _ in self.steps]

    def _visit(self, unit: int, cell: int) -> None:
        self.visited[cell].append(unit)

    def note_retraction(self, unit: int, kept: int) -> None:
        """It may have turned for the first step that it has given up, if all before are done."""
        super().note_retraction(unit, kept)
        if kept == self.done[unit]:
            self.may_face[unit], self.since[unit] = set(range(4)), kept

    def turns(self, unit: int) -> set[int]:
        """Cells that the unit has not left and may turn on."""
        found, facing = set(), set(self.may_face[unit])
        for step in range(self.since[unit] + 1, len(self.steps[unit])):
            here, (there, act) = self.steps[unit][step - 1][0], self.steps[unit][step]
            if act != Act.DRIVE:
                continue
            way = self.layout.neighbours[here].tolist().index(there)
            if facing != {way} and self.cleared[unit] < step:
                found.add(here)
            facing = {way}
        return found

    def beside(self, cell: int) -> list[int]:
        n_cols = self.layout.n_cols
        east, west = cell % n_cols + 1 < n_cols, cell % n_cols > 0
        near = [cell - n_cols, cell + n_cols] + [cell + 1] * east + [cell - 1] * west
        return [other for other in near if 0 <= other < self.layout.n_cells]

    def look(self, poses: np.ndarray, laden: np.ndarray) -> None:
        """All bodies at one moment."""
        for unit in range(len(poses)):
            self._look_at(unit, poses[unit], bool(laden[unit]))
            far = np.hypot(*(poses[:unit, :2] - poses[unit, :2]).T)
            for other in np.flatnonzero(far < 1.2).tolist():
                if self._has_common(unit, other, poses, laden):
                    self.fail(f"units {unit} and {other} overlap")

    def _look_at(self, unit: int, pose: np.ndarray, is_laden: bool) -> None:
        layout = self.layout
        points = samples(pose, is_laden, self.unit)
        cols, ups = np.floor(points).astype(int).T
        cells = layout.n_cols * (layout.n_rows - 1 - ups) + cols
        is_off = (cols < 0) | (cols >= layout.n_cols) | (ups < 0) | (ups >= layout.n_rows)
        outside = is_off | ~np.isin(cells, list(self.held(unit)))
        if not outside.any():
            return
        turns = sorted(self.turns(unit))
        for (x, y), cell, off in zip(points[outside], cells[outside], is_off[outside], strict=True):
            if off or not layout.driveable[cell]:
                if not self._is_in_gap(x, y):
                    self.fail(f"unit {unit} is in a wall at {x:.3f}, {y:.3f}")
                continue
            depth = min(
                (self._depth(x, y, int(cell), turn) for turn in turns if cell in self.beside(turn)),
                default=np.inf,
            )
            if depth > self.rim_m + 1e-9:
                self.fail(f"unit {unit} is {depth:.3f} m within cell {cell}, turning on {turns}")

    def _depth(self, x: float, y: float, cell: int, turn: int) -> float:
        """How far the point is beyond the border between the cells."""
        here, there = self.layout.centres_m()[turn], self.layout.centres_m()[cell]
        return float((np.array([x, y]) - here) @ (there - here)) - 0.5

    def _is_in_gap(self, x: float, y: float) -> bool:
        gaps = [min(v % 1.0, 1.0 - v % 1.0) for v in (x, y)]
        return min(gaps) < self.layout.wall_gap_m

    def _has_common(self, unit: int, other: int, poses: np.ndarray, laden: np.ndarray) -> bool:
        """Whether samples of one lie in the other."""
        for one, two in ((unit, other), (other, unit)):
            some = samples(poses[one], bool(laden[one]), self.unit)
            for pose, half in bodies(poses[two], bool(laden[two]), self.unit):
                if inside(some, pose, half).any():
                    return True
        return False


def bodies(pose: np.ndarray, is_laden: bool, unit: UnitModel) -> list:
    """Pose and half sizes of chassis and pod."""
    found = [(pose, (unit.length_m / 2, unit.width_m / 2))]
    if is_laden:
        found.append((pose, (unit.pod_side_m / 2, unit.pod_side_m / 2)))
    return found


def samples(pose: np.ndarray, is_laden: bool, unit: UnitModel) -> np.ndarray:
    """float64[k, 2], points on the sides of all bodies, just within them."""
    side = np.linspace(-1, 1, N_SIDE)
    ring = np.concatenate([
        np.column_stack(pair)
        for end in (-np.ones(N_SIDE), np.ones(N_SIDE)) for pair in ((side, end), (end, side))
    ])  # fmt: skip
    return np.concatenate([
        turned(ring * (1 - 1e-6) * half, yaw) + np.array([x, y])
        for (x, y, yaw), half in bodies(pose, is_laden, unit)
    ])  # fmt: skip


def turned(points: np.ndarray, yaw: float) -> np.ndarray:
    cos, sin = math.cos(yaw), math.sin(yaw)
    return points @ np.array([[cos, sin], [-sin, cos]])


def inside(points: np.ndarray, pose: np.ndarray, half: tuple[float, float]) -> np.ndarray:
    return (np.abs(turned(points - pose[:2], -pose[2])) < half).all(axis=1)


class TurningFloor:
    """Executor and kinematic twin; half of the units lift a pod first. Every cycle is checked."""

    def __init__(self, seed: int, base_length: int = 3) -> None:
        self.rng = np.random.default_rng(seed)
        layout, cells = random_floor(self.rng, pillars=False)
        self.layout = layout = replace(layout, wall_gap_m=WALL_GAP_M)
        n_units = max(2, int(self.rng.uniform(0.2, 0.7) * len(cells)))
        starts = self.rng.permutation(cells)[:n_units].astype(np.int32)
        pods, headings = starts[::2].copy(), np.zeros(n_units, dtype=np.int8)
        self.twin = KinematicTwin(layout, starts, headings, pods, People(0, 0), UNIT)
        self.executor = executor_of(layout.n_cells, starts, base_length, UNIT, layout.n_cols)
        self.checker = TurningChecker(starts, base_length, f"seed {seed}", layout, UNIT)
        for unit in range(0, n_units, 2):
            self.executor.commit_act(unit, Act.LIFT)
        self.planner = random_step(self.rng, layout)
        self.is_ready = np.ones(n_units, dtype=bool)
        self.n_cycles = 0

    def plan(self) -> None:
        ex = self.executor
        ex.commit(self.planner(ex.end_cells, ex.end_headings, ex.ahead >= COMMIT_MOVES))

    def cycle(self) -> None:
        ex = self.executor
        releases = ex.release(self.is_ready)
        self.checker.note_releases(releases)
        self.checker.check_owners(ex.owners)
        self.twin.send(Commands(releases, no_station_jobs(), ex.outlook()))
        self.n_cycles += 1
        for part in (0.5, 1.0):
            reports = self.twin.advance((self.n_cycles - 1 + part) * CYCLE_S)
            self.checker.note_reports(reports)
            self.checker.look(self.twin.poses(), self.twin.units["carried"] >= 0)
            ex.absorb(reports)
        ex.check_holdings()

    def interrupt(self, unit: int) -> None:
        """Switch the unit off and on, or freeze it and let it give up its steps, if it can now."""
        if self.rng.random() < 0.5:
            kept = self.twin.forget(unit)
        else:
            self.twin.set_speed_factor(unit, 0.0)
            while not self.twin.is_standing(unit):
                self.cycle()
            kept = self.twin.stop_short(unit)
        self.executor.cut()
        self.executor.retract(unit, kept)
        self.checker.note_retraction(unit, kept)
        for _ in range(int(self.rng.integers(12))):
            self.cycle()
        self.twin.set_speed_factor(unit, 1.0)

    def drain(self, limit: int = 2000) -> None:
        ex = self.executor
        for _ in range(limit):
            if (ex.done == ex.committed).all() and (ex.cleared == ex.committed).all():
                return
            self.cycle()
        left = np.flatnonzero(ex.done < ex.committed).tolist()
        raise AssertionError(f"{self.checker.label}: units {left} wait for ever")
