"""Fleets whose units fail and whose line reports are repeated and late, at random by seed.

What goes wrong is drawn from a generator of its own, so that nothing else changes.
"""

from __future__ import annotations

import numpy as np
from work_fakes import CYCLE_S, InstantFleet, line_reports

from fleet_control.backend import Reports
from fleet_control.work.work import Deed


class FailingFleet(InstantFleet):
    """Units stop at any moment for up to some seconds; cells close for a moment."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.luck = np.random.default_rng(self.n_units)
        self.stopped_until = np.zeros(self.n_units)
        self.n_returned = self.n_kept = self.n_redirected = 0

    def cycle(self) -> None:
        for unit in range(self.n_units):
            if self.luck.random() < 0.01:
                self.stop(unit)
            elif unit in self.errands and self.luck.random() < 0.05:
                self.close_goal(unit)
        super().cycle()

    def stop(self, unit: int) -> None:
        had_task = self.work.task_of(unit) >= 0
        is_returned = self.work.give_back(unit, self.now_s)
        assert is_returned == (had_task and unit not in self.pod_of)
        assert (self.work.task_of(unit) >= 0) == (had_task and not is_returned)
        if is_returned:
            self.errands.pop(unit, None)
        self.n_returned += is_returned
        self.n_kept += had_task and not is_returned
        self.stopped_until[unit] = self.now_s + self.luck.uniform(0, 20)

    def close_goal(self, unit: int) -> None:
        """The unit's goal and a random share of the others cannot be reached now."""
        before = self.errands[unit]
        is_closed = self.luck.random(self.layout.n_cells) < self.luck.choice([0.1, 0.5, 0.95, 1.0])
        is_closed[before.cell] = True
        free = self.stock.free_cells()
        others = free[~is_closed[free]].tolist()
        errand = self.work.redirect(unit, is_closed, self.now_s)
        assert (errand is not None) == (before.deed is Deed.LOWER and len(others) > 0)
        if errand is not None:
            assert (errand.cell in others, errand.deed, errand.is_laden) == (True, Deed.LOWER, True)
            assert before.cell in self.stock.free_cells()
            del self.errands[unit]
            self._start_errand(unit, errand)
            self.n_redirected += 1

    def _begin_tasks(self) -> None:
        """Units that stand are given no task; some fail before they know of their errand."""
        offered = self.work.open_tasks()
        assert (np.diff(offered.tasks) > 0).all(), "not oldest first"
        free = [
            unit
            for unit in range(self.n_units)
            if self.work.task_of(unit) < 0 and self.stopped_until[unit] <= self.now_s
        ]
        for task in self.rng.permutation(offered.tasks)[: len(free)].tolist():
            unit = free.pop()
            self.work.begin(task, unit, self.now_s, int(self.luck.integers(self.layout.n_cells)))
            if self.luck.random() < 0.1:
                self.stop(unit)

    def _finish_errand(self, unit: int) -> None:
        if self.stopped_until[unit] <= self.now_s:
            super()._finish_errand(unit)


class RepeatingFleet(InstantFleet):
    """Every line report may come again, at once or much later."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.luck = np.random.default_rng(self.n_units)
        self.reported: list[tuple[float, int, int, int]] = []
        self.n_repeated = 0

    def _finish_lines(self, before_s: float) -> Reports:
        rows = self.send(super()._finish_lines(before_s))
        self.reported += rows
        if self.reported and self.luck.random() < 0.5:
            again = self.luck.integers(len(self.reported), size=self.luck.integers(1, 6))
            rows = rows + [self.reported[i] for i in again.tolist()]
            self.n_repeated += len(again)
        if rows and self.luck.random() < 0.3:
            rows = rows + rows
        return line_reports(self.now_s, sorted(rows))

    def send(self, reports: Reports) -> list[tuple[float, int, int, int]]:
        columns = (
            reports.line_times_s, reports.line_stations, reports.line_jobs, reports.lines
        )  # fmt: skip
        return list(zip(*(column.tolist() for column in columns), strict=True))


class LateFleet(RepeatingFleet):
    """Line reports are held up for up to some seconds too, each on its own."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.on_the_way: list[tuple[float, tuple[float, int, int, int]]] = []

    def send(self, reports: Reports) -> list[tuple[float, int, int, int]]:
        for row in super().send(reports):
            delay_s = float(self.luck.choice([0.0, CYCLE_S, 30.0]) * self.luck.random())
            self.on_the_way.append((self.now_s + delay_s, row))
        due = [row for due_s, row in self.on_the_way if due_s <= self.now_s]
        self.on_the_way = [(due_s, row) for due_s, row in self.on_the_way if due_s > self.now_s]
        return due
