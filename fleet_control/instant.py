"""A backend without motion: steps are done the moment time passes, or after random delays.

For tests of the controller, which then need no physics and still see everything a controller can
see of a floor: progress, proof of leaving, pods, faults, pauses and lines. With `Chaos` units fall
out of step, and what they say about leaving a cell comes early or late, always within the rules of
`fleet_control.backend.Reports`.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet_control.backend import (
    Act,
    Commands,
    Condition,
    Conditions,
    FaultCode,
    FleetState,
    Reports,
    Request,
    Retractions,
    StationJobs,
)
from fleet_control.errors import FleetError
from fleet_control.streams import Streams
from layouts import Layout
from layouts.geometry import neighbour_table


@dataclass(frozen=True, slots=True)
class Chaos:
    """Steps take random times: none at all with probability `share_at_once`, otherwise
    exponentially distributed around `step_s`."""

    rng: np.random.Generator
    step_s: float = 1.0
    share_at_once: float = 0.2

    def delays_s(self) -> tuple[float, float]:
        """Time until a step is done, and until the cells before it are proved left."""
        if self.rng.random() < self.share_at_once:
            return 0.0, 0.0
        takes_s = float(self.rng.exponential(self.step_s))
        return takes_s, takes_s * float(self.rng.uniform(0.5, 1.5))


class InstantBackend:
    """Implements `Backend` for a floor on which nothing takes time but people and `chaos`.

    cells: int32[n_units] where units start, all different. headings: int8[n_units]. pod_cells:
    int32[n_pods], where pods stand. line_s: seconds that people take for a line. chaos: random
    delays of units; None for none.
    """

    def __init__(
        self, layout: Layout, cells: NDArray[np.int32], headings: NDArray[np.int8],
        pod_cells: NDArray[np.int32], line_s: float = 6.0, chaos: Chaos | None = None,
    ) -> None:  # fmt: skip
        n_units = len(cells)
        self._layout, self._line_s, self._chaos = layout, line_s, chaos
        self._beside = neighbour_table(layout.n_rows, layout.n_cols).tolist()
        self._headings = np.array(headings, dtype=np.int8)
        self._carried = np.full(n_units, -1, dtype=np.int32)
        self._pod_cells = np.array(pod_cells, dtype=np.int32)
        self._pod_at = {int(cell): pod for pod, cell in enumerate(pod_cells)}
        self._faults = np.zeros(n_units, dtype=np.int8)
        self._due: list[tuple[float, int, int, int, bool]] = []
        self._lines_due: list[tuple[float, int, int, int, int]] = []
        self._fails = [0] * n_units
        self._is_paused = [False] * n_units
        self._cancelled: list[int] = []
        self._flags_told = np.zeros(n_units, dtype=np.int8)
        self._busy_until = [0.0] * len(layout.stations)
        self._n_queued = 0
        self.time_s = 0.0
        self._begin_streams(np.array(cells, dtype=np.int32))

    def _begin_streams(self, cells: NDArray[np.int32]) -> None:
        n_units = len(cells)
        self._streams = Streams(self._layout.n_rows, self._layout.n_cols, cells)
        self._steps = [[(int(cell), int(Act.DRIVE))] for cell in cells]
        self._done = np.zeros(n_units, dtype=np.int32)
        self._cleared = np.zeros(n_units, dtype=np.int32)
        self._is_busy = [False] * n_units
        self._told = np.zeros((3, n_units), dtype=np.int32)

    def connect(self) -> FleetState:
        open_units = np.flatnonzero((self._done < self._streams.last_steps) & (self._faults == 0))
        if len(open_units):
            unit = int(open_units[0])
            raise FleetError(
                f"unit {unit} has done {self._done[unit]} of {self._streams.last_steps[unit]} "
                "released steps; let time pass until it stands, then connect"
            )
        cells = [self._steps[unit][done][0] for unit, done in enumerate(self._done.tolist())]
        self._due, self._cancelled = [], []
        self._begin_streams(np.array(cells, dtype=np.int32))
        self._flags_told = self._flags()
        return FleetState(
            self.time_s, np.array(cells, dtype=np.int32), self._headings.copy(),
            self._carried.copy(), self._pod_cells.copy(),
            conditions=self._conditions(np.flatnonzero(self._flags_told)),
        )  # fmt: skip

    def send(self, commands: Commands) -> None:
        releases = commands.releases
        self._streams.admit(releases)
        requests = commands.requests
        for unit, kind in zip(requests.units.tolist(), requests.kinds.tolist(), strict=True):
            self._obey(unit, Request(kind))
        rows = zip(
            releases.units.tolist(), releases.cells.tolist(), releases.acts.tolist(), strict=True
        )
        for unit, cell, act in rows:
            self._steps[unit].append((cell, act))
            self._begin_step(unit, self.time_s)
        self._accept(commands.station_jobs)

    def _obey(self, unit: int, request: Request) -> None:
        """A step that has begun is always finished first."""
        if request is Request.CANCEL:
            self._cut(unit)
            if unit not in self._cancelled:
                self._cancelled.append(unit)
        elif request is Request.RETRY:
            self._faults[unit] = FaultCode.NONE
        elif request in (Request.PAUSE, Request.RESUME):
            self._is_paused[unit] = request is Request.PAUSE
        self._begin_step(unit, self.time_s)

    def _cut(self, unit: int) -> int:
        """Forget all steps that have not begun; returns the last one left."""
        kept = int(self._done[unit]) + self._is_busy[unit]
        del self._steps[unit][kept + 1 :]
        self._streams.cut(unit, kept, self._steps[unit][kept][0])
        self._faults[unit] = FaultCode.NONE
        return kept

    def fail_acts(self, unit: int, n_times: int) -> None:
        """The next attempts to lift or lower do not work (simulator only: not on the seam)."""
        self._fails[unit] = n_times

    def _begin_step(self, unit: int, now_s: float) -> None:
        step = int(self._done[unit]) + 1
        if self._is_busy[unit] or self._faults[unit] or step == len(self._steps[unit]):
            return
        if self._is_paused[unit]:
            return
        self._is_busy[unit] = True
        takes_s, leaves_s = self._chaos.delays_s() if self._chaos else (0.0, 0.0)
        self._n_queued += 2
        if self._steps[unit][step][1] == Act.DRIVE:
            heapq.heappush(self._due, (now_s + leaves_s, self._n_queued, unit, step, False))
        heapq.heappush(self._due, (now_s + takes_s, self._n_queued + 1, unit, step, True))

    def _accept(self, jobs: StationJobs) -> None:
        rows = zip(jobs.stations.tolist(), jobs.jobs.tolist(), jobs.lines.tolist(), strict=True)
        for station, job, line in rows:
            end_s = max(self._busy_until[station], self.time_s) + self._line_s
            self._busy_until[station] = end_s
            self._n_queued += 1
            heapq.heappush(self._lines_due, (end_s, self._n_queued, station, job, line))

    def advance(self, until_s: float) -> Reports:
        self.time_s = max(self.time_s, until_s)
        while self._due and self._due[0][0] <= self.time_s:
            now_s, _, unit, step, is_end = heapq.heappop(self._due)
            if is_end:
                self._end_step(unit, step, now_s)
            else:
                self._cleared[unit] = max(self._cleared[unit], step)
        return self._news()

    def _end_step(self, unit: int, step: int, now_s: float) -> None:
        self._is_busy[unit] = False
        cell, act = self._steps[unit][step]
        if act == Act.DRIVE:
            self._headings[unit] = self._beside[self._steps[unit][step - 1][0]].index(cell)
        else:
            self._faults[unit] = self._try(act, unit, cell)
            if self._faults[unit]:
                return
            self._cleared[unit] = step
        self._done[unit] = step
        self._begin_step(unit, now_s)

    def _try(self, act: int, unit: int, cell: int) -> FaultCode:
        if self._fails[unit]:
            self._fails[unit] -= 1
            return FaultCode.LIFT_FAILED
        return self._lift(unit, cell) if act == Act.LIFT else self._lower(unit, cell)

    def _lift(self, unit: int, cell: int) -> FaultCode:
        if self._carried[unit] >= 0:
            return FaultCode.POD_IN_THE_WAY
        pod = self._pod_at.pop(cell, -1)
        if pod < 0:
            return FaultCode.NO_POD
        self._carried[unit] = pod
        self._pod_cells[pod] = -1
        return FaultCode.NONE

    def _lower(self, unit: int, cell: int) -> FaultCode:
        pod = int(self._carried[unit])
        if pod < 0:
            return FaultCode.NO_POD
        if cell in self._pod_at:
            return FaultCode.POD_IN_THE_WAY
        self._pod_at[cell] = pod
        self._pod_cells[pod] = cell
        self._carried[unit] = -1
        return FaultCode.NONE

    def _flags(self) -> NDArray[np.int8]:
        stands = np.array(self._is_paused) & ~np.array(self._is_busy)
        return np.where(stands, Condition.PAUSED, 0).astype(np.int8)

    def _conditions(self, rows: NDArray[np.intp]) -> Conditions:
        sessions = np.zeros(len(rows), dtype=np.int32)
        return Conditions(rows.astype(np.int32), self._flags_told[rows], sessions)

    def _condition_news(self) -> Conditions:
        flags = self._flags()
        changed = np.flatnonzero(flags != self._flags_told)
        self._flags_told = flags
        return self._conditions(changed)

    def _retractions(self) -> Retractions:
        given_up = sorted(unit for unit in self._cancelled if not self._is_busy[unit])
        self._cancelled = [unit for unit in self._cancelled if self._is_busy[unit]]
        kept = np.array([self._cut(unit) for unit in given_up], dtype=np.int32)
        return Retractions(np.array(given_up, dtype=np.int32), kept)

    def _news(self) -> Reports:
        retractions = self._retractions()
        now = np.stack([self._done, self._cleared, self._faults])
        units = np.flatnonzero((now != self._told).any(axis=0)).astype(np.int32)
        self._told = now
        lines = []
        while self._lines_due and self._lines_due[0][0] <= self.time_s:
            lines.append(heapq.heappop(self._lines_due))
        table = np.array([line[2:] for line in lines], dtype=np.int32).reshape(-1, 3).T
        return Reports(
            self.time_s, units, self._done[units], self._cleared[units], self._faults[units],
            table[0], table[1], table[2], np.array([line[0] for line in lines]),
            self._condition_news(), retractions,
        )  # fmt: skip

    def cells_under(self, unit: int) -> set[int]:
        """Cells that the body may cover now (simulator only: not on the seam)."""
        last = int(self._done[unit]) + self._is_busy[unit]
        steps = self._steps[unit][int(self._cleared[unit]) : last + 1]
        return {cell for cell, _ in steps}

    def close(self) -> None:
        """Nothing to let go of."""
