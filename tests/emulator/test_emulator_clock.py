"""The fleet's clock beside real time, and what units believe of where they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from emulated import rig

from gridfleet.emulator import clock
from gridfleet.emulator.building import EmulatorOptions
from gridfleet.emulator.clock import MOST_BEHIND_S, STEP_S, RealTimeRun
from gridfleet.emulator.floor import SensorOptions
from gridfleet.emulator.localisation import Localisation, Odometry


class SlowFleet:
    """A fleet that needs so much real time for each step. now_s: the wall's clock."""

    def __init__(self, step_costs_s: float) -> None:
        self.time_s = self.late_s = self.now_s = 0.0
        self._costs_s = step_costs_s
        self.sockets = self.units = self
        self.is_any_due = False
        self.steps: list[float] = []

    def open_some(self) -> bool:
        return False

    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    def pass_time(self, until_s: float) -> bool:
        self.steps.append(until_s - self.time_s)
        self.time_s = until_s
        self.now_s += self._costs_s
        return True

    def exchange(self, at_most: int) -> int:
        self.now_s += 1e-5
        return 0


@pytest.mark.parametrize("speed", [1.0, 4.0])
def test_a_fast_enough_fleet_keeps_real_time(monkeypatch, speed: float) -> None:
    fleet = SlowFleet(step_costs_s=0.001)
    monkeypatch.setattr(clock.time, "monotonic", lambda: fleet.now_s)
    run = RealTimeRun(fleet, speed)
    run.go_on(60.0, lambda: False)
    assert fleet.now_s == pytest.approx(60.0 / speed, abs=0.05)
    assert run.lost_s == 0.0


def test_a_fleet_that_is_too_slow_falls_behind_and_counts_by_how_much(monkeypatch) -> None:
    fleet = SlowFleet(step_costs_s=2 * STEP_S)
    monkeypatch.setattr(clock.time, "monotonic", lambda: fleet.now_s)
    run = RealTimeRun(fleet)
    run.go_on(20.0, lambda: False)
    assert max(fleet.steps) == pytest.approx(STEP_S)  # no unit ever jumps
    assert run.lost_s == pytest.approx(fleet.now_s - fleet.time_s - MOST_BEHIND_S, abs=0.3)
    assert fleet.late_s == run.lost_s > 15.0


def test_a_short_stall_is_caught_up_with(monkeypatch) -> None:
    fleet = SlowFleet(step_costs_s=0.001)
    monkeypatch.setattr(clock.time, "monotonic", lambda: fleet.now_s)
    run = RealTimeRun(fleet)
    run.go_on(5.0, lambda: False)
    fleet.now_s += 0.8 * MOST_BEHIND_S
    run.go_on(10.0, lambda: False)
    assert run.lost_s == 0.0
    assert fleet.now_s == pytest.approx(10.0, abs=0.05)


def test_errors_grow_between_markers_and_a_marker_ends_them() -> None:
    told = Localisation(1, Odometry(drift=0.1), seed=1)
    done = np.array([0], dtype=np.int32)
    for step in range(1, 4):
        done[0] = step
        told.follow(done, np.array([[step, 0.0]]))
        assert told.drift_m(0, 0.0) == (0.0, 0.0)
        assert abs(told.drift_m(0, 0.9)[0]) > 0.0
        assert told.drift_m(0, 0.5)[0] == pytest.approx(told.drift_m(0, 1.0)[0] / 2)


def test_several_missed_markers_in_a_row_and_the_place_is_lost() -> None:
    told = Localisation(1, Odometry(drift=0.1, missed=0.999, lost_after=3, search_s=5.0), seed=1)
    done = np.array([0], dtype=np.int32)
    for step in range(1, 4):
        assert not told.changes(float(step))
        done[0] = step
        told.follow(done, np.array([[step, 0.0]]))
    assert abs(told.drift_m(0, 0.0)[0]) > 0.0  # errors add up where no marker is read
    assert told.changes(4.0) == [(0, False)]
    assert told.changes(8.0) == []
    assert told.changes(9.0) == [(0, True)]
    assert told.drift_m(0, 0.0) == (0.0, 0.0)


def test_a_unit_that_misses_markers_loses_its_place_and_finds_it(tmp_path: Path) -> None:
    odometry = Odometry(missed=0.6, search_s=4.0)
    options = EmulatorOptions(sensors=SensorOptions(odometry=odometry))
    with rig(tmp_path, [0], options=options) as it:
        it.order("U1", 1, [0, *([1, 0] * 10)])
        it.until(lambda: any(e.error_type == "LOST_PLACE" for e in it.heard["U1"][0].errors))
        assert not it.heard["U1"][0].mobile_robot_position.localized
        it.until(lambda: not it.heard["U1"][0].errors)
        it.until(lambda: it.heard["U1"][0].last_node_sequence_id == 40, limit_s=300.0)
