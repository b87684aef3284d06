"""What befalls units of the twin: stands, slow motors, reboots, obstacles, limits, removal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from polygons import area, overlap_m2, square
from test_motion import EMPTY, LADEN, Watch, footprints, hall, lifted, tell, twin_of

from fleet_control.backend import Act, Commands, FaultCode, Releases, no_station_jobs
from fleet_control.errors import FleetError, InvariantError
from twin.kinematic.engine import TICK_S, KinematicTwin
from twin.unit_model import DEFAULT_UNIT

EAST = list(range(1, 20))


def row() -> KinematicTwin:
    twin = twin_of(hall(1, 20), [0])
    tell(twin, 0, 1, EAST)
    return twin


def after(twin: KinematicTwin, seconds: float) -> KinematicTwin:
    twin.advance(twin.time_s + seconds)
    return twin


class Wanderer:
    """Unit 0 on random paths: releases, cuts and reboots, with what it may cover checked."""

    def __init__(self, twin: KinematicTwin, layout, start: int, rng) -> None:
        self.twin, self.layout, self.rng = twin, layout, rng
        self.path = [start]
        self.done = self.cleared = 0

    def release(self, n: int) -> None:
        first = len(self.path)
        for _ in range(n):
            ways = self.layout.neighbours[self.path[-1]]
            self.path.append(int(self.rng.choice(ways[ways >= 0])))
        tell(self.twin, 0, first, self.path[first:])

    def keep(self, kept: int) -> None:
        assert self.done <= kept < len(self.path)
        del self.path[kept + 1 :]

    def advance(self, n_ticks: int) -> None:
        for _ in range(n_ticks):
            reports = self.twin.advance(self.twin.time_s + self.twin.tick_s)
            if 0 in reports.units:
                assert self.done <= reports.done[0] < len(self.path)
                assert self.cleared <= reports.cleared[0] <= reports.done[0] + 1
                self.done, self.cleared = int(reports.done[0]), int(reports.cleared[0])
            self.check()

    def check(self) -> None:
        cells = set(self.path[self.cleared : self.done + 2])
        assert set(self.twin.cells_under(0)) <= cells
        is_laden = bool(self.twin.units["carried"][0] >= 0)
        for body in footprints(self.twin, 0, is_laden, DEFAULT_UNIT):
            inside = sum(
                overlap_m2(body, square(*self.layout.centres_m()[cell], 1.0)) for cell in cells
            )
            assert inside == pytest.approx(area(body), abs=1e-9)


@pytest.mark.parametrize("laden", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_whatever_befalls_a_unit_its_body_is_where_reports_say(seed: int, laden: bool) -> None:
    rng = np.random.default_rng(seed)
    layout = hall(6, 6)
    twin = lifted(layout, 14)[0] if laden else twin_of(layout, [14])
    unit = Wanderer(twin, layout, 14, rng)
    for _ in range(60):
        event = rng.integers(8)
        if event <= 2 and len(unit.path) - unit.done < 20:
            unit.release(int(rng.integers(1, 6)))
        elif event == 3:
            twin.set_speed_factor(0, float(rng.choice([0.0, 0.0, 0.3, 1.0])))
        elif event == 4:
            unit.keep(twin.stop_short(0))
        elif event == 5 and rng.random() < 0.4:
            unit.keep(twin.forget(0))
            assert twin.is_standing(0) or twin.units["factor"][0] > 0
        elif event == 6:
            twin.set_fault(0, FaultCode.BROKEN)
        elif event == 7:
            twin.clear_fault(0)
        unit.advance(int(rng.integers(1, 25)))
    twin.set_speed_factor(0, 1.0)
    twin.clear_fault(0)
    unit.release(3)
    unit.advance(1200)
    assert unit.done == unit.cleared == len(unit.path) - 1, f"seed {seed}"
    assert twin.n_contacts == 0, f"seed {seed}"


@pytest.mark.parametrize("laden", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_a_unit_brakes_no_harder_than_it_can(seed: int, laden: bool) -> None:
    """Pauses, slow motors and cuts at random moments of one long run."""
    rng = np.random.default_rng(seed)
    layout = hall(1, 40)
    twin = lifted(layout, 0)[0] if laden else twin_of(layout, [0])
    limits = LADEN if laden else EMPTY
    tell(twin, 0, 1, list(range(1, 40)))
    watch = Watch(twin)
    for tick in range(900):
        if tick % 40 == 39:
            twin.set_speed_factor(0, float(rng.choice([0.0, 0.2, 0.6, 1.0])))
        if tick == 700:
            twin.stop_short(0)
        watch.step()
    speeds = watch.speeds()
    gains = np.diff(speeds) / TICK_S
    assert gains.max() <= limits.accel_m_s2 + 1e-6
    assert gains.min() >= -limits.decel_m_s2 - 1e-5 / TICK_S, f"seed {seed}"
    assert (speeds == 0.0).sum() > 20


def test_a_unit_that_is_to_stand_stands_where_that_is() -> None:
    twin = after(row(), 2.5)
    at_m = twin.cells_to_stop(0) + int(twin.units["done"][0])
    twin.set_speed_factor(0, 0.0)
    assert not twin.is_standing(0)
    after(twin, 3.0)
    assert twin.is_standing(0)
    assert twin.poses()[0, 0] - 0.5 == pytest.approx(at_m, abs=3e-4)  # rounded to ticks
    twin.set_speed_factor(0, 1.0)
    assert after(twin, 60.0).units["done"][0] == 19


def test_a_slow_unit_keeps_to_its_share_of_the_speed() -> None:
    twin = row()
    twin.set_speed_factor(0, 0.3)
    watch = Watch(twin)
    watch.until(12)
    assert watch.speeds().max() == pytest.approx(0.3 * EMPTY.speed_m_s, abs=1e-6)


def test_turning_and_lifting_freeze_and_go_on() -> None:
    twin = twin_of(hall(3, 3), [4], pods=[4])
    tell(twin, 0, 1, [4], Act.LIFT)
    tell(twin, 0, 2, [1])
    after(twin, 1.0).set_speed_factor(0, 0.0)
    assert twin.is_standing(0)
    assert after(twin, 30.0).units["done"][0] == 0
    twin.set_speed_factor(0, 1.0)
    assert after(twin, DEFAULT_UNIT.lift_s - 1.0 - TICK_S).units["done"][0] == 0
    assert after(twin, TICK_S).units["done"][0] == 1
    after(twin, 0.4).set_speed_factor(0, 0.0)  # in mid-turn
    yaw = after(twin, 1.0).poses()[0, 2]
    assert 0.1 < yaw < 1.5
    assert twin.is_standing(0)
    assert after(twin, 10.0).poses()[0, 2] == yaw
    twin.set_speed_factor(0, 1.0)
    assert after(twin, 10.0).units["done"][0] == 2


def test_stopping_short_is_at_the_first_centre_within_braking() -> None:
    for seconds in np.arange(0.0, 5.0, 0.3).tolist():
        twin = row()
        after(twin, seconds)
        least = int(twin.units["done"][0]) + twin.cells_to_stop(0)
        kept = twin.stop_short(0)
        assert kept - 1 < least <= kept + 1e-6
        after(twin, 20.0)
        assert twin.is_standing(0)
        assert twin.poses()[0, 0] == pytest.approx(kept + 0.5)
        tell(twin, 0, kept + 1, [kept + 1])
        assert after(twin, 10.0).units["done"][0] == kept + 1


def test_an_act_that_has_begun_is_finished_when_stopping_and_undone_by_a_reboot() -> None:
    for call, kept, carried in (("stop_short", 1, 0), ("forget", 0, -1)):
        twin = twin_of(hall(1, 3), [0], pods=[0])
        tell(twin, 0, 1, [0], Act.LIFT)
        tell(twin, 0, 2, [1])
        after(twin, 1.0)
        assert getattr(twin, call)(0) == kept
        after(twin, 20.0)
        assert twin.units["carried"][0] == carried
        assert twin.units["done"][0] == kept


def test_a_reboot_between_two_cells_leaves_the_step_to_the_next() -> None:
    twin = after(row(), 2.0)
    done, place = int(twin.units["done"][0]), twin.poses()[0, 0]
    twin.set_speed_factor(0, 0.0)
    assert twin.forget(0) == done + 1
    assert twin.is_standing(0)
    assert twin.cells_under(0) == [done, done + 1]
    assert after(twin, 5.0).units["done"][0] == done
    assert twin.poses()[0, 0] == place
    twin.set_speed_factor(0, 1.0)
    assert after(twin, 20.0).units["done"][0] == done + 1
    with pytest.raises(InvariantError, match=f"is released after step {done + 1}"):
        tell(twin, 0, done + 3, [done + 3])
    tell(twin, 0, done + 2, [done + 2])


@pytest.mark.parametrize("turns", [False, True])
def test_a_turn_beyond_the_cell_keeps_its_step_open(turns: bool) -> None:
    """Who gives up the step in mid-turn may only be free of it if nothing reaches out any more."""
    unit = replace(DEFAULT_UNIT, pod_side_m=0.8, pod_turns=turns)
    for way in ("reboot", "stand", "go on"):
        twin = after(twin_of(hall(3, 3), [4], pods=[0], unit=unit), 0)
        tell(twin, 0, 1, [1, 2])
        after(twin, 0.3)
        assert 0.1 < twin.poses()[0, 2] < 1.4
        if way == "stand":
            twin.set_speed_factor(0, 0.0)
            after(twin, 1.0)
        kept = twin.forget(0) if way == "reboot" else twin.stop_short(0)
        assert kept == int(turns), way
        assert twin.cells_under(0) == ([4, 1] if turns else [4])
        twin.set_speed_factor(0, 1.0)
        after(twin, 10.0)
        assert twin.poses()[0, 2] == pytest.approx(np.pi / 2)
        assert twin.units["done"][0] == kept


def test_a_fault_is_told_once_the_unit_stands() -> None:
    twin = after(row(), 2.5)
    twin.set_fault(0, FaultCode.BROKEN)
    reports = after(twin, 0.2).advance(twin.time_s)
    assert not reports.faults.any()
    reports = twin.advance(twin.time_s + 5.0)
    assert reports.faults.tolist() == [FaultCode.BROKEN]
    assert not len(after(twin, 60.0).advance(twin.time_s).units)
    twin.retry(0)  # of no use against that
    assert twin.advance(twin.time_s + 60.0).units.size == 0
    twin.clear_fault(0)
    reports = twin.advance(twin.time_s + 60.0)
    assert (reports.faults.tolist(), reports.done.tolist()) == ([0], [19])


def test_a_unit_broken_between_two_cells_is_told_at_connect() -> None:
    twin = after(row(), 2.5)
    twin.set_fault(0, FaultCode.BROKEN)
    after(twin, 5.0)
    done, place = int(twin.units["done"][0]), twin.poses()[0, 0]
    state = twin.connect()
    assert state.cells.tolist() == [done]
    assert (state.done.tolist(), state.bases.tolist()) == ([0], [1])
    reports = twin.advance(twin.time_s + 1.0)
    assert reports.faults.tolist() == [FaultCode.BROKEN]
    twin.clear_fault(0)
    assert twin.poses()[0, 0] == place
    reports = twin.advance(twin.time_s + 10.0)
    assert reports.done.tolist() == [1]
    tell(twin, 0, 2, [done + 2])


@pytest.mark.parametrize("place_s", [0.0, 2.5])
def test_units_stop_before_an_obstacle_and_go_on_without_it(place_s: float) -> None:
    twin = twin_of(hall(1, 20), [0])
    tell(twin, 0, 1, EAST[:4])
    after(twin, place_s)
    assert twin.place_obstacle(9)
    tell(twin, 0, 5, EAST[4:])
    reports = twin.advance(60.0)
    assert (reports.done.tolist(), reports.faults.tolist()) == ([8], [FaultCode.PATH_BLOCKED])
    twin.retry(0)
    after(twin, 5.0)
    assert twin.units["fault"][0] == FaultCode.PATH_BLOCKED
    twin.remove_obstacle(9)
    reports = twin.advance(120.0)
    assert (reports.done.tolist(), reports.faults.tolist()) == ([19], [0])
    assert twin.n_contacts == 0


def test_nothing_falls_on_a_unit_or_before_its_wheels() -> None:
    twin = after(row(), 1.0)
    assert not twin.place_obstacle(0)
    assert not twin.place_obstacle(12)  # within the run that it has begun
    after(twin, 0.6)
    assert not twin.has_obstacle(12)
    after(twin, 60.0)
    assert twin.has_obstacle(0)
    assert twin.has_obstacle(12)
    assert twin.n_contacts == 0
    twin.place_obstacle(19)
    twin.remove_obstacle(19)
    tell(twin, 0, 20, [18])
    assert not after(twin, 20.0).has_obstacle(19)


def test_obstacles_lie_where_units_drive() -> None:
    twin = row()
    for cell in (-1, 20):
        with pytest.raises(FleetError, match=f"nothing can be put on cell {cell}"):
            twin.place_obstacle(cell)


def test_the_monitor_sees_an_obstacle() -> None:
    twin = twin_of(hall(1, 6), [0])
    twin.place_obstacle(1)
    twin._units["x"][0] = 0.8
    twin._units["yaw"][0] = 0.1
    tell(twin, 0, 1, [1])
    twin._units["heading"][0] = 1
    assert after(twin, 0.2).n_contacts == 0  # blocked, so it does not even turn
    twin.retry(0)
    twin.set_speed_factor(0, 1.0)
    twin._solid[1] = 1
    assert after(twin, 0.5).n_contacts == 1


def test_failed_acts_are_counted() -> None:
    twin = twin_of(hall(1, 3), [0], pods=[0])
    twin.fail_acts(0, 2)
    tell(twin, 0, 1, [0], Act.LIFT)
    for _ in range(2):
        assert after(twin, 5.0).units["fault"][0] == FaultCode.LIFT_FAILED
        twin.retry(0)
        assert twin.units["fault"][0] == 0
    reports = twin.advance(twin.time_s + 5.0)
    assert (reports.done.tolist(), reports.faults.tolist()) == ([1], [0])
    assert twin.units["carried"][0] == 0


def limited(twin: KinematicTwin, first: int, cells: list[int], limits: list[float]) -> None:
    n = len(cells)
    columns = [np.full(n, 0), np.arange(first, first + n), np.array(cells)]
    releases = Releases(
        *(column.astype(np.int32) for column in columns), np.zeros(n, dtype=np.int8),
        np.array(limits, dtype=np.float32),
    )  # fmt: skip
    twin.send(Commands(releases, no_station_jobs()))


def test_speed_limits_hold_in_their_cells_and_not_beyond() -> None:
    twin = twin_of(hall(1, 30), [0])
    limits = [np.inf] * 8 + [0.5] * 3 + [np.inf] * 10
    watch, released = Watch(twin), 0
    while watch.done < len(limits):
        while released < len(limits) and released - watch.done < 5:
            limited(twin, released + 1, [released + 1], limits[released : released + 1])
            released += 1
        watch.step()
    places, speeds = np.array(watch.poses)[1:, 0], watch.speeds()
    slow = (places > 8.5) & (places < 11.5)  # on the way to the centres of cells 9 to 11
    assert speeds[slow].max() <= 0.5 + 1e-6
    assert speeds[places < 6.5].max() > 1.2
    assert speeds[places > 13.5].max() > 1.2


@pytest.mark.parametrize("limit", [0.0, -1.0, np.nan])
def test_a_speed_limit_that_nobody_could_keep_is_refused(limit: float) -> None:
    twin = twin_of(hall(1, 30), [0])
    with pytest.raises(InvariantError, match="unit 0, step 2: a speed limit of"):
        limited(twin, 1, [1, 2], [0.5, limit])
    limited(twin, 1, [1], [0.5])


def test_a_unit_is_carried_off_with_its_pod_and_put_back() -> None:
    twin = twin_of(hall(2, 6), [0, 9], pods=[0])
    tell(twin, 0, 1, [0], Act.LIFT)
    tell(twin, 0, 2, [1, 2, 3])
    after(twin, 5.5)
    twin.take_off(0)
    assert twin.cells_under(0) == []
    assert np.isnan(twin.poses()[0]).all()
    assert twin.pod_cells().tolist() == [-1]
    tell(twin, 1, 1, [3, 2, 1, 0])  # through where it was
    after(twin, 30.0)
    assert twin.n_contacts == 0
    with pytest.raises(InvariantError, match="unit 0 is released steps and is not on the floor"):
        tell(twin, 0, 3, [3])
    assert twin.connect().cells.tolist() == [-1, 0]
    twin.put_on(0, 5, 2)
    assert twin.cells_under(0) == [5]
    tell(twin, 0, 1, [4])
    tell(twin, 0, 2, [4], Act.LOWER)
    after(twin, 20.0)
    assert twin.pod_cells().tolist() == [4]
    tell(twin, 1, 1, [1, 2, 3, 4, 5])  # the monitor sees it again
    after(twin, 20.0)
    assert twin.n_contacts == 1
