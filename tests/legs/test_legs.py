"""Legs: the recorder against a slow search of the whole history, and what a leg is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plain_legs import History, legs_of

from fleet_control.backend import (
    Act,
    Commands,
    Outlook,
    Releases,
    no_releases,
    no_station_jobs,
)
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from layouts import open_layout
from twin.kinematic.engine import TICK_S, KinematicTwin
from twin.legs import LegKind, LegRecorder
from twin.people import People
from twin.unit_model import DEFAULT_UNIT, EMPTY, LADEN, Calibration

SETTLING = replace(DEFAULT_UNIT, calibration=Calibration(EMPTY, LADEN, 3.0, 3.0, 0.13))
NONE = np.empty(0, dtype=np.int32)


def hall(n_rows: int, n_cols: int):
    return open_layout("hall", np.ones((n_rows, n_cols), dtype=np.int8))


class Floor:
    """A unit in a hall, told cell by cell, and the recorder that watches it."""

    def __init__(self, n_rows: int, n_cols: int, cell: int, pods=(), unit=DEFAULT_UNIT) -> None:
        layout, start = hall(n_rows, n_cols), np.array([cell], dtype=np.int32)
        self.twin = KinematicTwin(
            layout, start, np.zeros(1, dtype=np.int8), np.array(pods, dtype=np.int32),
            People(0, 0), unit,
        )  # fmt: skip
        self.recorder = LegRecorder(self.twin, n_cols, layout.cell_size_m)
        self.step = 0

    def tell(self, *cells: int, act: Act = Act.DRIVE, speeds=None) -> None:
        n = len(cells)
        steps = np.arange(self.step + 1, self.step + n + 1, dtype=np.int32)
        self.step += n
        releases = Releases(
            np.zeros(n, dtype=np.int32), steps, np.array(cells, dtype=np.int32),
            np.full(n, act, dtype=np.int8),
            None if speeds is None else np.array(speeds, dtype=np.float32),
        )  # fmt: skip
        self.twin.send(Commands(releases, no_station_jobs()))

    def hint(self, cell: int) -> None:
        zero, at = np.zeros(1, dtype=np.int32), np.array([self.step + 1], dtype=np.int32)
        outlook = Outlook(zero, at, np.array([cell], dtype=np.int32))
        self.twin.send(Commands(no_releases(), no_station_jobs(), outlook))

    def go(self, seconds: float) -> None:
        self.twin.advance(self.twin.time_s + seconds)

    def rows(self) -> list[tuple]:
        """(kind, length, seconds, is laden, is free) of each leg."""
        legs = self.recorder.legs()
        return [
            (LegKind(k), length, round(lasted, 6), bool(laden), bool(free))
            for k, length, lasted, laden, free in zip(
                legs.kind, legs.length, legs.lasted_s, legs.is_laden, legs.is_free, strict=True
            )
        ]


@pytest.mark.parametrize("unit", [DEFAULT_UNIT, SETTLING], ids=["as set", "settling"])
def test_the_recorder_finds_what_a_slow_search_finds(unit) -> None:
    simulation = Simulation(
        Scenario(layout="teaching", hours=0.03, seed=7, unit=unit), keeps_legs=True
    )
    layout, twin = simulation.layout, simulation._twin
    history = History(twin)
    simulation.run()
    expected = list(legs_of(history, layout.n_cols, layout.cell_size_m, twin.limits))
    legs = simulation.legs.legs()
    found = [
        (round(end / TICK_S), unit, kind, laden, round(begin / TICK_S), length, cell, free)
        for end, unit, kind, laden, begin, length, cell, free in zip(
            legs.end_s.tolist(), legs.unit.tolist(), legs.kind.tolist(), legs.is_laden.tolist(),
            legs.begin_s.tolist(), legs.length.tolist(), legs.cell.tolist(),
            legs.is_free.tolist(), strict=True,
        )
    ]  # fmt: skip
    assert len(found) > 200
    assert found == [row[:8] for row in expected]
    assert {row[2] for row in found} == set(LegKind)


def test_a_free_run_lasts_as_long_as_the_formula_says() -> None:
    floor = Floor(1, 12, 0)
    floor.tell(*range(1, 10))
    floor.go(12.0)
    # 9 m at 1.5 m/s, and 1.5 s to speed up and to brake.
    assert floor.rows() == [(LegKind.RUN, 9.0, pytest.approx(7.5, abs=TICK_S), False, True)]


def test_lengthened_in_time_is_free_and_too_late_is_not() -> None:
    floor = Floor(1, 12, 0)
    floor.tell(1, 2, 3, 4)
    floor.go(1.6)
    floor.tell(5, 6)
    floor.go(10.0)
    floor.tell(7, 8)
    floor.go(2.0)  # it brakes for the end at 2 m by now
    floor.tell(9)
    floor.go(10.0)
    assert [(row[1], row[4]) for row in floor.rows()] == [(6.0, True), (3.0, False)]


def test_limits_and_slowness_make_a_leg_unfree() -> None:
    floor = Floor(1, 12, 0)
    floor.tell(1, 2, 3, speeds=[0.5, 0.5, 0.5])
    floor.go(10.0)
    floor.tell(4, 5)
    floor.twin.set_speed_factor(0, 0.5)
    floor.go(10.0)
    floor.twin.set_speed_factor(0, 1.0)
    floor.tell(6, 7, speeds=[9.0, 9.0])
    floor.go(10.0)
    assert [row[4] for row in floor.rows()] == [False, False, True]


def test_turns_lifts_and_queueing() -> None:
    floor = Floor(3, 3, 0, pods=[3])
    floor.tell(3)  # south: a quarter turn to the right
    floor.go(10.0)
    floor.tell(3, act=Act.LIFT)
    floor.go(10.0)
    floor.hint(0)  # back north: half a turn, then it waits
    floor.go(4.0)
    floor.tell(0)
    floor.go(10.0)
    floor.tell(0, act=Act.LOWER)
    floor.go(10.0)
    rows = floor.rows()
    assert [(row[0], row[1], row[3]) for row in rows] == [
        (LegKind.TURN, 1.0, False), (LegKind.RUN, 1.0, False), (LegKind.LIFT, 0.0, False),
        (LegKind.TURN, 2.0, True), (LegKind.QUEUE, 0.0, True), (LegKind.RUN, 1.0, True),
        (LegKind.LOWER, 0.0, True),
    ]  # fmt: skip
    assert rows[2][2] == rows[6][2] == 3.0
    assert rows[3][2] + rows[4][2] == pytest.approx(4.0, abs=TICK_S), "turning, then waiting"


def test_what_is_broken_off_is_no_leg() -> None:
    floor = Floor(1, 5, 0, pods=[0])
    floor.tell(0, act=Act.LIFT)
    floor.go(1.0)
    floor.twin.take_off(0)
    floor.go(1.0)
    assert floor.rows() == []


@pytest.mark.parametrize("settle_s", [0.0, 0.02, 0.05, 0.13])
def test_units_settle_for_as_long_as_they_are_said_to(settle_s: float) -> None:
    measured = Calibration(EMPTY, LADEN, 3.0, 3.0, settle_s)
    floor = Floor(1, 60, 0, unit=replace(DEFAULT_UNIT, calibration=measured))
    for cell in range(1, 51):
        floor.tell(cell)
        floor.go(4.0)
    lasted = [row[2] for row in floor.rows()]
    assert len(lasted) == 50
    assert sum(lasted) / 50 == pytest.approx(2.0 + settle_s, abs=TICK_S / 50)
    assert max(lasted) - min(lasted) <= TICK_S + 1e-9


def test_a_step_is_done_when_the_unit_has_settled() -> None:
    measured = Calibration(EMPTY, LADEN, 3.0, 3.0, 1.0)
    floor = Floor(1, 5, 0, unit=replace(DEFAULT_UNIT, calibration=measured))
    floor.tell(1)
    floor.go(2.4)
    assert floor.twin.units["done"][0] == 0
    assert floor.twin.poses()[0, 0] == pytest.approx(1.5, abs=1e-6), "it stands at the centre"
    floor.tell(2)  # goes on at once
    floor.go(0.4)
    assert floor.twin.units["speed"][0] > 0.2


def test_a_calibration_moves_the_kinematic_units() -> None:
    measured = Calibration(replace(EMPTY, speed_m_s=1.0), LADEN, 2.0, 1.0)
    floor = Floor(1, 12, 0, pods=[8], unit=replace(DEFAULT_UNIT, calibration=measured))
    floor.tell(*range(1, 9))
    floor.go(12.0)
    floor.tell(8, act=Act.LIFT)
    floor.go(4.0)
    assert [row[2] for row in floor.rows()] == [pytest.approx(9.0, abs=TICK_S), 2.0]
