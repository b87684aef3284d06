"""The twin as a backend: what every engine takes from a controller and tells it.

Time advances in fixed ticks. What units say of themselves, and are asked beside steps, goes through
their agents; faults come from outside (twin.faults).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import (
    Act,
    Commands,
    FleetState,
    Releases,
    Reports,
    Request,
    Requests,
)
from fleet_control.errors import FleetError, InvariantError
from fleet_control.streams import Streams
from layouts import Layout
from twin.floor.mechanics import is_between
from twin.floor.step_kernels import ACTING, DRIVING, IDLE, RING, accept_steps, collect_news
from twin.floor.world import World
from twin.people import LineReports, People
from twin.perfect_agents import PerfectAgents
from twin.unit_model import UnitModel

_NO_SPEEDS = np.empty(0, dtype=np.float32)


class Twin(World):
    """Implements `Backend` for a simulated floor; an engine says how its units move.

    cells: int32[n_units] where units start, all different and driveable. headings: int8[n_units].
    pod_cells: int32[n_pods], where pods stand. people: who works at the stations.
    Raises FleetError where a unit could not turn, or a pod not stand, within a cell of the floor.
    """

    def __init__(
        self, layout: Layout, cells: NDArray[np.int32], headings: NDArray[np.int8],
        pod_cells: NDArray[np.int32], people: People, unit: UnitModel, tick_s: float,
    ) -> None:  # fmt: skip
        super().__init__(layout, cells, headings, pod_cells, unit, tick_s)
        self._people = people
        self._news = [np.empty(len(cells), dtype=np.int32) for _ in range(3)]
        self._fault_news = np.empty(len(cells), dtype=np.int8)
        self.agents = PerfectAgents(self)

    def connect(self) -> FleetState:
        units = self._units
        under_way = np.flatnonzero((units["done"] < units["released"]) & (units["fault"] == 0))
        if len(under_way):
            unit = int(under_way[0])
            raise FleetError(
                f"unit {unit} has done {units['done'][unit]} of {units['released'][unit]} released "
                "steps; let time pass until it stands, then connect"
            )
        is_open = self._begin_streams()
        cells = np.where(self.is_off, np.int32(-1), self._cells[:, 0])
        heading, carried, *progress = (
            units[name].copy() for name in ("heading", "carried", "done", "cleared", "released")
        )
        done, cleared, bases = progress if is_open else (None, None, None)
        return FleetState(
            self.time_s, cells, heading, carried, self.pod_cells(), done, cleared, bases,
            self.agents.connect(),
        )  # fmt: skip

    def _begin_streams(self) -> bool:
        """Step 0 of every unit is where it stands, and its fault, if any, is news again.

        Returns whether any stands between two cells: its step 1, to the next one, stays open."""
        units, everyone = self._units, np.arange(len(self._units))
        here, ahead = (self._cells[everyone, (units["done"] + i) % RING] for i in (0, 1))
        is_open = np.array([is_between(unit) for unit in units], dtype=bool)
        units["mode"][~is_open & np.isin(units["mode"], (DRIVING, ACTING))] = IDLE
        self._cells[:, 0], self._cells[:, 1] = here, ahead
        self._acts[:, 1], self._speeds[:, 1] = Act.DRIVE, np.inf
        units["cleared"] = np.where(is_open, units["cleared"] - units["done"], 0)
        units["last"] = units["released"] = is_open
        for name in ("done", "first", "outlook_step"):
            units[name] = 0
        self._streams = Streams(self._layout.n_rows, self._layout.n_cols, here)
        for unit in np.flatnonzero(is_open).tolist():
            self._streams.cut(unit, 1, int(ahead[unit]))
        self._told[:] = 0
        self._told[:, 1] = units["cleared"]
        return bool(is_open.any())

    def send(self, commands: Commands) -> None:
        releases = commands.releases
        if self.agents.n_deaf:
            releases = _heard(
                releases, self.agents.is_deaf & ~_is_admitted(commands.requests, self)
            )
        self._accept(releases)
        if len(commands.requests.units):
            self.agents.ask(commands.requests)
        outlook = commands.outlook
        self._units["outlook_step"][outlook.units] = outlook.steps
        self._units["outlook_cell"][outlook.units] = outlook.cells
        self._people.accept(commands.station_jobs, self.time_s)

    def _accept(self, releases: Releases) -> None:
        """Remember released steps. Rows of a unit ascend, so that its last row says how far."""
        if not len(releases.units):
            return
        speeds = _NO_SPEEDS if releases.speeds_m_s is None else releases.speeds_m_s
        self._check(releases, speeds)
        self._streams.admit(releases)
        is_kept = accept_steps(
            self._units, releases.units, releases.steps, releases.cells, releases.acts,
            speeds, self._cells, self._acts, self._speeds,
        )  # fmt: skip
        if not is_kept:
            raise InvariantError(f"steps are released {RING} or more ahead of a unit")

    def _check(self, releases: Releases, speeds: NDArray[np.float32]) -> None:
        """What the check of streams does not see."""
        if len(speeds) and not (speeds > 0.0).all():
            row = int(np.flatnonzero(~(speeds > 0.0))[0])
            raise InvariantError(
                f"unit {releases.units[row]}, step {releases.steps[row]}: a speed limit of "
                f"{speeds[row]:g} m/s; the unit would never arrive"
            )
        if self.n_off:
            known = releases.units[(releases.units >= 0) & (releases.units < len(self.is_off))]
            for unit in known[self.is_off[known]].tolist():
                raise InvariantError(f"unit {unit} is released steps and is not on the floor")

    def move(self, until_s: float) -> bool:
        """Let time pass without asking for news; False where none has passed."""
        n_ticks = round(until_s / self.tick_s) - self._tick
        if n_ticks > 0:
            self._run(n_ticks)
        return n_ticks > 0

    def take_lines(self) -> LineReports:
        """Stations, jobs, lines and times of lines that were finished since the last call."""
        return self._people.finished_until(self.time_s)

    def advance(self, until_s: float) -> Reports:
        self.move(until_s)
        lines = self.take_lines()
        own_news = self.agents.news() if self.agents.is_busy else ()
        n_rows = collect_news(
            self._units, self._told, self._news[0], self._news[1], self._news[2], self._fault_news
        )
        units, done, cleared = (column[:n_rows].copy() for column in self._news)
        faults = self._fault_news[:n_rows].copy()
        return Reports(self.time_s, units, done, cleared, faults, *lines, *own_news)

    def close(self) -> None:
        """Nothing to let go of."""


def _is_admitted(requests: Requests, twin: World) -> NDArray[np.bool_]:
    """bool[n_units], admitted by the same commands: requests come before releases."""
    is_admitted = np.zeros(len(twin.units), dtype=bool)
    is_admitted[requests.units[requests.kinds == Request.ADMIT]] = True
    return is_admitted & ~twin.is_off


def _heard(releases: Releases, is_deaf: NDArray[np.bool_]) -> Releases:
    """Without the rows of units that do not hear: they say later which steps they have."""
    is_known = (releases.units >= 0) & (releases.units < len(is_deaf))
    rows = ~(is_known & is_deaf[np.where(is_known, releases.units, 0)])
    speeds = releases.speeds_m_s
    return Releases(
        releases.units[rows],
        releases.steps[rows],
        releases.cells[rows],
        releases.acts[rows],
        None if speeds is None else speeds[rows],
    )
