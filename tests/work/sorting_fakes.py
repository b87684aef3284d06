"""A fleet that sorts parcels in no time and checks that stations are not overrun."""

from __future__ import annotations

import numpy as np
from work_fakes import CYCLE_S, line_reports, make_floor

from fleet_control.events import EventLog
from fleet_control.work.sortation import SortationWork
from fleet_control.work.work import Deed
from layouts import StationKind

INDUCT, EJECT = StationKind.INDUCT, StationKind.EJECT


class InstantSorter:
    """Units arrive after a random few cycles, people take one cycle.

    Where asked for, units stop at random for some seconds, and what people report is repeated and
    late; all that is drawn from a generator of its own, so that nothing else changes."""

    def __init__(
        self, seed: int, parcels_per_hour: float = 3000.0, n_units: int = 12, *,
        has_failures: bool = False, has_repeats: bool = False, is_late: bool = False,
    ) -> None:  # fmt: skip
        self.rng = np.random.default_rng(seed)
        n_inducts, n_chutes = int(self.rng.integers(1, 4)), int(self.rng.integers(1, 7))
        kinds = [INDUCT] * n_inducts + [EJECT] * n_chutes
        self.layout = make_floor(kinds, self.rng.integers(0, 3, len(kinds)).tolist(), 12)
        self.log = EventLog()
        self.work = SortationWork(self.layout, n_units, parcels_per_hour, seed, self.log)
        self.free = set(range(n_units))
        self.errands: dict[int, object] = {}
        self.at: dict[int, int] = {}
        self.bound: dict[int, int] = {}
        self.jobs: list[tuple[float, int, int, int]] = []
        self.luck = np.random.default_rng(seed)
        self.has_failures, self.has_repeats, self.is_late = has_failures, has_repeats, is_late
        self.stopped_until = np.zeros(n_units)
        self.reported: list[tuple[float, int, int, int]] = []
        self.on_the_way: list[tuple[float, tuple[float, int, int, int]]] = []
        self.n_returned = self.n_kept = self.n_repeated = 0
        self.now_s = 0.0

    def cycle(self) -> None:
        self.now_s += CYCLE_S
        if self.has_failures:
            self.stop_some()
        for unit in self.rng.permutation(sorted(self.errands)).tolist():
            self._finish(unit)
        done = [(self.now_s - 0.05, s, j, line) for _, s, j, line in self.jobs]
        self.jobs = []
        self.work.advance(self.now_s, line_reports(self.now_s, self.send(done)))
        tasks = self.work.open_tasks()
        assert (np.diff(tasks.tasks) > 0).all(), "not oldest first"
        free = sorted(unit for unit in self.free if self.stopped_until[unit] <= self.now_s)
        for task in tasks.tasks[: len(free)].tolist():
            unit = free.pop()
            self.free.discard(unit)
            self.work.begin(task, unit, self.now_s)
            if self.has_failures and self.luck.random() < 0.1:
                self.stop(unit)
        for unit, errand in self.work.take_errands():
            assert unit not in self.errands
            self.errands[unit] = errand
            self.at.pop(unit, None)
            self.bound.pop(unit, None)
            if errand.deed is Deed.SERVICE:
                self.bound[unit] = errand.cell
        for row, station in enumerate(self.layout.stations):
            most = 1 + len(station.queue) + (3 if station.kind is EJECT else 0)
            assert list(self.bound.values()).count(station.cell) <= most, row
        jobs = self.work.take_station_jobs()
        for s, j, line, quantity in zip(
            jobs.stations.tolist(), jobs.jobs.tolist(), jobs.lines.tolist(),
            jobs.quantities.tolist(), strict=True,
        ):  # fmt: skip
            assert quantity == (-1 if self.layout.stations[s].kind is INDUCT else 1)
            self.jobs.append((self.now_s, s, j, line))

    def stop_some(self) -> None:
        for unit in range(len(self.stopped_until)):
            if self.luck.random() < 0.01:
                self.stop(unit)

    def stop(self, unit: int) -> None:
        """Free units too: they have nothing to give back."""
        task, is_closed = self.work.task_of(unit), np.ones(self.layout.n_cells, dtype=bool)
        assert self.work.redirect(unit, is_closed, self.now_s) is None
        is_returned = self.work.give_back(unit, self.now_s)
        self.stopped_until[unit] = self.now_s + self.luck.uniform(0, 20)
        self.n_kept += task >= 0 and not is_returned
        self.n_returned += is_returned
        if is_returned:
            assert unit not in self.at, "with a parcel, or about to get one"
            self.errands.pop(unit, None)
            self.bound.pop(unit, None)
            self.free.add(unit)
        assert (self.work.task_of(unit) < 0) == (task < 0 or is_returned)

    def send(self, rows: list[tuple[float, int, int, int]]) -> list[tuple[float, int, int, int]]:
        """What arrives of it now, with what arrives again."""
        if self.is_late:
            delays_s = self.luck.uniform(0, 20, len(rows)) * (self.luck.random(len(rows)) < 0.3)
            self.on_the_way += zip((self.now_s + delays_s).tolist(), rows, strict=True)
            rows = [row for due_s, row in self.on_the_way if due_s <= self.now_s]
            self.on_the_way = [(due, row) for due, row in self.on_the_way if due > self.now_s]
        self.reported += rows
        if self.has_repeats and self.reported and self.luck.random() < 0.5:
            again = self.luck.integers(len(self.reported), size=4).tolist()
            rows = rows + [self.reported[i] for i in again]
            self.n_repeated += len(again)
        return sorted(rows)

    def _finish(self, unit: int) -> None:
        errand = self.errands[unit]
        if self.stopped_until[unit] > self.now_s:
            return
        if errand.deed is Deed.SERVICE:
            if errand.cell in self.at.values() or self.rng.random() < 0.8:
                return
            self.at[unit] = errand.cell
        del self.errands[unit]
        self.work.errand_done(unit, self.now_s)
        if self.work.task_of(unit) < 0:
            self.free.add(unit)
