"""Units that start again, come and go on a twin without a link: what they say, and when."""

from __future__ import annotations

import numpy as np
import pytest
from test_motion import hall, tell, twin_of

from fleet_control.backend import (
    Act,
    Commands,
    Condition,
    FaultCode,
    Reports,
    Request,
    Requests,
    no_releases,
    no_station_jobs,
)
from twin.kinematic.engine import KinematicTwin


def ask(twin: KinematicTwin, unit: int, kind: Request) -> None:
    requests = Requests(np.array([unit], dtype=np.int32), np.array([kind], dtype=np.int8))
    twin.send(Commands(no_releases(), no_station_jobs(), requests=requests))


def later(twin: KinematicTwin, seconds: float) -> Reports:
    return twin.advance(twin.time_s + seconds)


def flags(reports: Reports) -> list[tuple[int, int, int]]:
    rows = reports.conditions
    return list(zip(rows.units.tolist(), rows.flags.tolist(), rows.sessions.tolist(), strict=True))


def retracted(reports: Reports) -> list[tuple[int, int]]:
    rows = reports.retractions
    return list(zip(rows.units.tolist(), rows.kept.tolist(), strict=True))


def under_way() -> KinematicTwin:
    twin = twin_of(hall(2, 20), [0, 20])
    tell(twin, 0, 1, list(range(1, 15)))
    tell(twin, 1, 1, list(range(21, 35)))
    later(twin, 2.0)
    return twin


def test_a_reboot_is_told_and_later_what_is_left() -> None:
    twin = under_way()
    done = int(twin.units["done"][0])
    twin.agents.reboot(0, 6.0)
    tell(twin, 0, 15, [15])  # nobody hears that
    reports = later(twin, 1.0)
    assert flags(reports) == [(0, Condition.STARTING, 1)]
    assert retracted(reports) == []
    assert later(twin, 4.5).units.tolist() == [1]
    reports = later(twin, 1.0)
    assert flags(reports) == [(0, 0, 1)]
    assert retracted(reports) == [(0, done + 1)]
    tell(twin, 0, done + 2, [done + 2])
    later(twin, 10.0)
    assert twin.units["done"].tolist() == [done + 2, 14]


def test_a_reboot_ends_pauses_and_cancelling() -> None:
    twin = under_way()
    ask(twin, 0, Request.PAUSE)
    ask(twin, 0, Request.CANCEL)
    twin.agents.reboot(0, 2.0)
    reports = later(twin, 5.0)
    assert flags(reports) == [(0, 0, 1)]
    assert len(retracted(reports)) == 1
    later(twin, 5.0)
    assert twin.units["done"][0] == retracted(reports)[0][1]


def test_a_unit_that_was_carried_off_is_lost_and_returns_as_an_arrival() -> None:
    twin = under_way()
    twin.agents.take_off(0)
    assert flags(later(twin, 0.2)) == [(0, Condition.LOST, 0)]
    ask(twin, 0, Request.CANCEL)
    tell(twin, 0, 15, [15])
    for _ in range(5):
        reports = later(twin, 1.0)
        assert 0 not in reports.units
        assert not len(reports.retractions.units)
    twin.agents.put_on(0, 19, 2, start_s=3.0)
    reports = later(twin, 0.2)
    assert flags(reports) == [(0, Condition.STARTING, 1)]
    assert not len(reports.arrivals.units)
    told = []
    for _ in range(40):
        rows = later(twin, 0.2).arrivals
        told += rows.cells.tolist()
        assert rows.headings.dtype == np.int8
        assert rows.carried_pods.dtype == rows.units.dtype == np.int32
    assert 2 <= len(told) <= 4
    assert set(told) == {19}
    tell(twin, 0, 1, [18])  # not admitted yet
    later(twin, 5.0)
    assert twin.units["done"][0] == 0
    ask(twin, 0, Request.ADMIT)
    tell(twin, 0, 1, [18])
    reports = later(twin, 10.0)
    assert not len(reports.arrivals.units)
    assert (0, 1) in list(zip(reports.units.tolist(), reports.done.tolist(), strict=True))


def test_a_fault_is_news_again_after_admission() -> None:
    twin = under_way()
    twin.agents.break_down(0)
    later(twin, 3.0)
    twin.agents.take_off(0)
    twin.agents.put_on(0, 19, 2)
    assert not later(twin, 1.0).faults.any()
    twin.agents.break_down(0)
    later(twin, 1.0)
    ask(twin, 0, Request.ADMIT)
    reports = later(twin, 1.0)
    assert reports.faults[reports.units == 0].tolist() == [FaultCode.BROKEN]
    twin.agents.repair(0)
    reports = later(twin, 1.0)
    assert reports.faults[reports.units == 0].tolist() == [0]


def test_a_controller_that_connects_takes_everyone_on_the_floor() -> None:
    twin = twin_of(hall(1, 9), [0, 4, 8])
    twin.agents.take_off(0)
    twin.agents.take_off(1)
    twin.agents.put_on(1, 5, 0)
    ask(twin, 2, Request.PAUSE)
    twin.agents.set_low_battery(2, True)
    later(twin, 1.0)
    state = twin.connect()
    assert state.cells.tolist() == [-1, 5, 8]
    rows = state.conditions
    assert rows.units.tolist() == [0, 2]
    assert rows.flags.tolist() == [Condition.LOST, Condition.PAUSED | Condition.LOW_BATTERY]
    tell(twin, 1, 1, [6])
    reports = later(twin, 10.0)
    assert flags(reports) == []
    assert reports.units.tolist() == [1]


def test_the_lowest_factor_of_all_causes_counts() -> None:
    twin = under_way()
    agents = twin.agents
    agents.set_slow(0, 0.3)
    ask(twin, 0, Request.PAUSE)
    later(twin, 10.0)
    assert twin.units["factor"].tolist() == [0.0, 1.0]
    ask(twin, 0, Request.RESUME)
    assert twin.units["factor"][0] == pytest.approx(0.3)
    agents.set_stopped(0, True)
    agents.set_slow(0, 1.0)
    assert twin.units["factor"][0] == 0.0
    agents.lose_place(0)
    agents.set_stopped(0, False)
    assert twin.units["factor"][0] == 0.0
    agents.find_place(0)
    assert twin.units["factor"][0] == 1.0


def test_a_unit_in_mid_act_confirms_a_pause_and_keeps_the_act_open() -> None:
    twin = twin_of(hall(1, 3), [0], pods=[0])
    tell(twin, 0, 1, [0], Act.LIFT)
    tell(twin, 0, 2, [1])
    later(twin, 1.0)
    ask(twin, 0, Request.PAUSE)
    assert flags(later(twin, 0.2)) == [(0, Condition.PAUSED, 0)]
    ask(twin, 0, Request.CANCEL)
    assert retracted(later(twin, 0.2)) == [(0, 1)]
    ask(twin, 0, Request.RESUME)
    later(twin, 10.0)
    assert twin.units["done"][0] == 1


def test_an_act_that_fails_while_it_is_cancelled_is_given_up() -> None:
    twin = twin_of(hall(1, 3), [0])
    tell(twin, 0, 1, [0], Act.LIFT)
    later(twin, 1.0)
    ask(twin, 0, Request.CANCEL)
    assert retracted(later(twin, 1.0)) == []
    reports = later(twin, 5.0)
    assert retracted(reports) == [(0, 0)]
    assert not reports.faults.any()
    tell(twin, 0, 1, [1])
    assert later(twin, 5.0).done.tolist() == [1]
