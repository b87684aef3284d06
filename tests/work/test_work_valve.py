"""The valve: closes while units on errands make no headway, opens when the jam has cleared."""

from __future__ import annotations

import numpy as np

from fleet_control.accounting.causes import Cause, FloorView
from fleet_control.backend import Reports, StationJobs, empty_ints, no_station_jobs
from fleet_control.work.valve import Valve
from fleet_control.work.work import Deed, Errand, OpenTasks

N_UNITS = 20
ONE_TASK = OpenTasks(np.array([7], dtype=np.int32), np.array([3], dtype=np.int32))


class FakeWork:
    """Sends every unit on an errand at once and always has a task open."""

    def __init__(self, deed: Deed) -> None:
        self.deed = deed
        self.errands = [(unit, Errand(1, self.deed)) for unit in range(N_UNITS)]
        self.done: list[int] = []

    def advance(self, now_s: float, reports: Reports) -> None:
        pass

    def open_tasks(self) -> OpenTasks:
        return ONE_TASK

    def begin(self, task: int, unit: int, now_s: float, cell: int = -1) -> None:
        pass

    def errand_done(self, unit: int, now_s: float, n_cells: int = 0) -> None:
        self.done.append(unit)

    def follow_on(self, unit: int, now_s: float) -> None:
        return None

    def give_back(self, unit: int, now_s: float) -> bool:
        return unit % 2 == 0

    def redirect(
        self, unit: int, is_closed: np.ndarray, now_s: float, n_before: int = -1
    ) -> Errand | None:
        return Errand(n_before, self.deed) if unit % 2 == 0 else None

    def take_errands(self) -> list[tuple[int, Errand]]:
        errands, self.errands = self.errands, []
        return errands

    def take_station_jobs(self):
        return no_station_jobs()

    def open_station_jobs(self):
        return StationJobs(*np.full((4, 1), 9, dtype=np.int32))

    def task_of(self, unit: int) -> int:
        return -1

    def note_way(self, unit: int, n_cells: float, now_s: float) -> None:
        self.ways = (unit, n_cells, now_s)

    def look(self, now_s: float, floor: FloorView) -> None:
        self.told = floor.tasks_wait()


def news_of(units: range, time_s: float) -> Reports:
    numbers = np.array(units, dtype=np.int32)
    zeros = np.zeros(len(numbers), dtype=np.int32)
    none = empty_ints()
    return Reports(
        time_s, numbers, zeros, zeros, zeros.astype(np.int8), none, none, none, np.empty(0)
    )


def drive(valve: Valve, units: range, begin_s: int, end_s: int) -> None:
    """These units, and nobody else, report every second."""
    for time_s in range(begin_s, end_s):
        valve.advance(float(time_s), news_of(units, float(time_s)))


def started(deed: Deed = Deed.SERVICE, **options: float) -> Valve:
    valve = Valve(FakeWork(deed), N_UNITS, **options)
    valve.advance(0.0, news_of(range(0), 0.0))
    assert len(valve.take_errands()) == N_UNITS
    return valve


def test_it_closes_for_a_jam_and_opens_again() -> None:
    valve = started(close_share=0.2, open_share=0.1)
    drive(valve, range(5, N_UNITS), 1, 20)
    assert valve.is_closed
    assert not len(valve.open_tasks().tasks)
    drive(valve, range(3, N_UNITS), 20, 22)
    assert valve.is_closed, "a share between the two keeps it closed"
    drive(valve, range(2, N_UNITS), 22, 24)
    assert valve.open_tasks() is ONE_TASK
    assert 10 < valve.closed_s < 24


class Floor:
    """On which all units have a task."""

    def stands_in(self, unit: int, station: int) -> bool:
        return unit == station

    def is_stopped(self, unit: int) -> bool:
        return unit == 3

    def is_shut(self, station: int) -> bool:
        return station == 2

    def tasks_wait(self) -> Cause:
        return Cause.NO_UNIT


def test_stations_are_told_why_tasks_wait() -> None:
    valve = started(close_share=0.2, open_share=0.1)
    valve.look(0.0, Floor())
    valve.note_way(4, 7.5, 0.0)
    assert (valve._work.told, valve._work.ways) == (Cause.NO_UNIT, (4, 7.5, 0.0))
    drive(valve, range(5, N_UNITS), 1, 20)
    valve.look(20.0, Floor())
    assert valve._work.told is Cause.CONGESTION


def test_flowing_traffic_passes() -> None:
    valve = started()
    drive(valve, range(N_UNITS), 1, 100)
    assert valve.open_tasks() is ONE_TASK
    assert valve.closed_s == 0.0


def test_a_unit_or_two_on_a_small_floor_say_nothing() -> None:
    valve = started()
    drive(valve, range(1, N_UNITS), 1, 100)
    assert not valve.is_closed


def test_queues_are_no_jam() -> None:
    valve = started()
    cells = np.arange(N_UNITS, dtype=np.int32)
    valve.watch(lambda: cells, np.where(cells < 10, 0, -1))
    drive(valve, range(10, N_UNITS), 1, 100)
    assert not valve.is_closed
    valve.watch(lambda: cells, np.where(cells < 5, 0, -1))
    drive(valve, range(10, N_UNITS), 100, 102)
    assert valve.is_closed


def test_units_on_their_way_to_lift_a_pod_do_not_count() -> None:
    valve = started(Deed.LIFT)
    drive(valve, range(0), 1, 100)
    assert not valve.is_closed


def test_units_without_an_errand_do_not_count() -> None:
    valve = started()
    for unit in range(N_UNITS):
        valve.errand_done(unit, 1.0)
    drive(valve, range(0), 2, 100)
    assert not valve.is_closed


def test_units_that_cannot_go_on_do_not_count_whether_they_keep_their_task_or_not() -> None:
    valve = started()
    for unit in range(N_UNITS):
        assert valve.give_back(unit, 1.0) == (unit % 2 == 0)
    drive(valve, range(0), 2, 100)
    assert not valve.is_closed


def test_a_unit_with_a_new_goal_counts_from_then_on() -> None:
    valve = started()
    nowhere = np.zeros(4, dtype=bool)
    for unit in range(N_UNITS):
        valve.give_back(unit, 1.0)
    drive(valve, range(0), 2, 50)
    goals = [valve.redirect(unit, nowhere, 49.0, 3) for unit in range(N_UNITS)]
    assert [goal.cell for goal in goals if goal is not None] == [3] * (N_UNITS // 2)
    drive(valve, range(0), 50, 55)
    assert not valve.is_closed
    drive(valve, range(0), 55, 60)
    assert valve.is_closed


def test_open_jobs_pass() -> None:
    assert started().open_station_jobs().jobs.tolist() == [9]
