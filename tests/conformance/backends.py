"""The backends that have to pass, and a floor to try them on. A new backend is one line here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from bridged import BridgedFleet
from gatewayed import GatewayedFleet

from fleet_control.backend import (
    Act,
    Backend,
    Commands,
    FleetState,
    Releases,
    Reports,
    StationJobs,
    no_releases,
    no_station_jobs,
)  # fmt: skip
from fleet_control.instant import Chaos, InstantBackend
from layouts import Layout, Station, StationKind, open_layout
from twin.kinematic.engine import KinematicTwin
from twin.link import Noise
from twin.linked import LinkedTwin
from twin.people import People
from twin.physics.engine import PhysicsTwin
from twin.physics.options import PLANAR, PhysicsOptions

N_ROWS, N_COLS = 6, 8
Maker = Callable[[Layout, np.ndarray, np.ndarray, np.ndarray], Backend]
"""Of a layout, cells and headings of units and cells of pods."""


def _chaotic(layout: Layout, *fleet: np.ndarray) -> InstantBackend:
    return InstantBackend(layout, *fleet, chaos=Chaos(np.random.default_rng(11)))


def _kinematic(layout: Layout, *fleet: np.ndarray) -> KinematicTwin:
    return KinematicTwin(layout, *fleet, People(len(layout.stations), seed=3))


def _physics(layout: Layout, *fleet: np.ndarray) -> PhysicsTwin:
    pytest.importorskip("pybullet", reason="pybullet is not installed")
    return PhysicsTwin(layout, *fleet, People(len(layout.stations), seed=3))


def _planar(layout: Layout, *fleet: np.ndarray) -> PhysicsTwin:
    pytest.importorskip("pybullet", reason="pybullet is not installed")
    people = People(len(layout.stations), seed=3)
    return PhysicsTwin(layout, *fleet, people, options=PhysicsOptions(PLANAR))


def _linked(layout: Layout, *fleet: np.ndarray) -> LinkedTwin:
    return LinkedTwin(layout, _kinematic(layout, *fleet))


def _lossy(layout: Layout, *fleet: np.ndarray) -> LinkedTwin:
    linked = LinkedTwin(layout, _kinematic(layout, *fleet), seed=7)
    linked.link.set_noise(Noise(loss=0.1, duplicate=0.1, delay_s=0.05, reorder=0.02))
    return linked


def _bridge(layout: Layout, *fleet: np.ndarray) -> BridgedFleet:
    return BridgedFleet(layout, *fleet)


def _lossy_bridge(layout: Layout, *fleet: np.ndarray) -> BridgedFleet:
    bridged = BridgedFleet(layout, *fleet, seed=5)
    bridged.noise.set_noise(Noise(loss=0.1, duplicate=0.1, delay_s=0.05, reorder=0.02))
    return bridged


BACKENDS: dict[str, Maker] = {
    "instant": InstantBackend,
    "instant, out of step": _chaotic,
    "kinematic": _kinematic,
    "physics": _physics,
    "physics, planar": _planar,
    "linked": _linked,
    "linked, lossy": _lossy,
    "bridge": _bridge,
    "bridge, lossy": _lossy_bridge,
    "gateway": GatewayedFleet,
}
PATIENT = (_lossy, _lossy_bridge, GatewayedFleet)
"""Those whose units answer late, so that `connect` takes its time."""
SOLID = (_physics, _planar)
"""Those whose bodies cannot be where others are."""
RESOLUTION_S = 0.05
"""Half of it is how far `Reports.time_s` may be from the time asked for."""


def floor() -> Layout:
    """Open floor of 6 x 8 cells with two stations on its southern edge."""
    stations = tuple(
        Station(name, StationKind.PICK, cell=(N_ROWS - 1) * N_COLS + col)
        for name, col in (("S1", 2), ("S2", 5))
    )
    return open_layout("hall", np.ones((N_ROWS, N_COLS), dtype=np.int8), stations=stations)


def cell(row: int, col: int) -> int:
    return row * N_COLS + col


def ints(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int32)


class Rig:
    """A backend on the floor, told what to do in plain lists; every report is kept and checked."""

    def __init__(
        self, make: Maker, cells: list[int], pods: list[int] | None = None, headings: int = 0
    ) -> None:
        self.backend = make(
            floor(), ints(cells), np.full(len(cells), headings, dtype=np.int8), ints(pods or [])
        )
        self.steps = [[(start, Act.DRIVE)] for start in cells]
        self.done = [0] * len(cells)
        self.cleared = [0] * len(cells)
        self.faults = [0] * len(cells)
        self.reports: list[Reports] = []
        self.lines: list[tuple[float, int, int, int]] = []
        self.now_s = 0.0

    def connect(self) -> FleetState:
        """Connect; a backend may take time to find out where everything is."""
        state = self.backend.connect()
        assert state.time_s >= self.now_s - RESOLUTION_S / 2
        self.now_s = max(self.now_s, state.time_s)
        return state

    def resend(self, unit: int, first: int) -> None:
        """Say again, as a controller that has connected again, what was released to the unit."""
        steps = self.steps[unit][first:]
        self.send([(unit, first + i, *step) for i, step in enumerate(steps)])

    def release(self, unit: int, *steps: int | tuple[int, Act]) -> None:
        """Next steps of one unit: a cell to drive to, or (cell, act)."""
        self.send(self.rows(unit, *steps))

    def rows(self, unit: int, *steps: int | tuple[int, Act]) -> list[tuple[int, int, int, int]]:
        first = len(self.steps[unit])
        pairs = [step if isinstance(step, tuple) else (step, Act.DRIVE) for step in steps]
        self.steps[unit] += pairs
        return [(unit, first + i, *pair) for i, pair in enumerate(pairs)]

    def send(self, rows: list[tuple[int, int, int, int]]) -> None:
        units, steps, cells, acts = zip(*rows, strict=True)
        releases = Releases(ints(units), ints(steps), ints(cells), np.array(acts, dtype=np.int8))
        self.backend.send(Commands(releases, no_station_jobs()))

    def give_lines(self, *rows: tuple[int, int, int, int]) -> None:
        """Rows of (station, job, line, quantity)."""
        columns = [ints(column) for column in zip(*rows, strict=True)]
        self.backend.send(Commands(no_releases(), StationJobs(*columns)))

    def advance(self, seconds: float) -> Reports:
        self.now_s += seconds
        reports = self.backend.advance(self.now_s)
        self._check(reports)
        self.reports.append(reports)
        return reports

    def _check(self, reports: Reports) -> None:
        """What holds for all reports of all backends."""
        assert abs(reports.time_s - self.now_s) <= RESOLUTION_S / 2
        assert not self.reports or reports.time_s >= self.reports[-1].time_s
        assert (np.diff(reports.units) > 0).all()
        rows = zip(reports.units, reports.done, reports.cleared, reports.faults, strict=True)
        for unit, done, cleared, fault in rows:
            before = self.done[unit], self.cleared[unit], self.faults[unit]
            assert (done, cleared, fault) != before, f"unit {unit} reports nothing new"
            assert before[0] <= done < len(self.steps[unit])
            assert before[1] <= cleared <= min(done + 1, len(self.steps[unit]) - 1)
            self.done[unit], self.cleared[unit], self.faults[unit] = done, cleared, fault
        lines = list(
            zip(
                reports.line_times_s, reports.line_stations, reports.line_jobs, reports.lines,
                strict=True,
            )
        )  # fmt: skip
        assert [line[0] for line in lines] == sorted(line[0] for line in lines)
        assert all(line[0] <= reports.time_s for line in lines)
        self.lines += lines

    def settle(self, limit_s: float = 120.0, pause_s: float = 0.5) -> None:
        """Let time pass until every unit has done all its steps or has a fault."""
        end_s = self.now_s + limit_s
        while any(
            (self.done[u] < len(self.steps[u]) - 1 or self.cleared[u] < self.done[u])
            and not self.faults[u]
            for u in range(len(self.steps))
        ):
            assert self.now_s < end_s, f"steps done {self.done}, cleared {self.cleared}"
            self.advance(pause_s)
