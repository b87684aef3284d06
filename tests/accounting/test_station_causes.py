"""Why a station has nothing to do: every cause once, and against a fine grid of instants."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from fleet_control.accounting.causes import CAUSES, Cause
from fleet_control.accounting.station_clock import USUAL_LINE_S, StationClock


@dataclass
class Floor:
    """A FloorView of what a test says."""

    in_lane: set[int] = field(default_factory=set)
    stopped: set[int] = field(default_factory=set)
    shut: bool = False
    waits: Cause = Cause.NO_UNIT

    def stands_in(self, unit: int, station: int) -> bool:
        return unit in self.in_lane

    def is_stopped(self, unit: int) -> bool:
        return unit in self.stopped

    def is_shut(self, station: int) -> bool:
        return self.shut

    def tasks_wait(self) -> Cause:
        return self.waits


def ask_floor(station: int, floor: Floor) -> Cause:
    return floor.tasks_wait()


def causes(clock: StationClock, now_s: float, station: int = 0) -> dict[str, float]:
    """Those that have any time."""
    row = clock.causes_s(now_s)[station].tolist()
    return {name: s for name, s in zip(CAUSES, row, strict=True) if s}


def open_clock() -> tuple[StationClock, Floor]:
    """A station with lines from 0 on."""
    clock = StationClock(1)
    clock.add_lines(0, 5, 0.0)
    return clock, Floor()


def test_a_unit_on_its_way_is_travel_until_it_is_overdue() -> None:
    clock, floor = open_clock()
    clock.expect(0, 7, 4.5)
    clock.look(6.0, floor, ask_floor)
    assert causes(clock, 10.0) == {"travel": 4.5, "congestion": 5.5}
    assert clock.times_s(10.0)[0].tolist() == [0, 4.5, 5.5, 0]


def test_a_unit_in_the_lane_changes_over() -> None:
    clock, floor = open_clock()
    clock.expect(0, 7, 2.0)
    clock.look(3.0, floor, ask_floor)
    floor.in_lane = {7}
    clock.look(5.0, floor, ask_floor)
    assert causes(clock, 8.0) == {"travel": 2.0, "congestion": 3.0, "changeover": 3.0}


def test_after_a_job_the_change_begins_at_once() -> None:
    clock, floor = open_clock()
    clock.expect(0, 7, 0.0)
    clock.set_busy(0, True, 0.0)
    clock.set_busy(0, False, 3.0)
    clock.expect(0, 8, 2.0)
    clock.leave(0, 7, 3.0)
    assert causes(clock, 4.0) == {"picking": 3.0, "changeover": 1.0}
    clock.look(5.0, floor, ask_floor)  # nobody is in the lane: since 3.0 it was no change
    assert causes(clock, 5.0) == {"picking": 3.0, "congestion": 2.0}


def test_fetching_counts_for_causes_and_not_for_states() -> None:
    clock, floor = open_clock()
    clock.expect_anew(0, 7, 3.0, 0.0)
    clock.look(4.0, floor, ask_floor)
    clock.expect_anew(0, 7, 9.0, 6.0)  # the pod is lifted: the way from here
    clock.expect(0, 7, 8.0)
    clock.expect_anew(0, 7, 9.0, 6.0)
    assert causes(clock, 10.0) == {"travel": 6.0, "congestion": 4.0}
    assert clock.times_s(10.0)[0].tolist() == [0, 8, 2, 0]


@pytest.mark.parametrize("cause", [Cause.NO_UNIT, Cause.CHARGING, Cause.RELEASE, Cause.STOPPED])
def test_nobody_comes(cause: Cause) -> None:
    clock, floor = open_clock()
    floor.waits = cause
    clock.look(0.0, floor, ask_floor)
    clock.expect(0, 7, 9.0)
    clock.leave(0, 7, 6.0)
    assert causes(clock, 6.0) == {"travel": 6.0}
    assert causes(clock, 8.0) == {"travel": 6.0, cause.name.lower(): 2.0}


def test_what_is_stopped() -> None:
    clock, floor = open_clock()
    clock.expect(0, 7, 1.0)
    floor.stopped = {7}
    clock.look(2.0, floor, ask_floor)
    assert causes(clock, 3.0) == {"travel": 1.0, "stopped": 2.0}, "since it is overdue"
    clock.expect(0, 8, 1.5)  # another is late for another reason
    clock.look(3.0, floor, ask_floor)
    floor.shut = True
    clock.look(4.0, floor, ask_floor)
    floor.shut, floor.stopped = False, set()
    clock.look(6.0, floor, ask_floor)
    assert causes(clock, 7.0) == {"travel": 1.0, "congestion": 2.0, "stopped": 4.0}


def test_a_closed_station_is_stopped_whatever_waits_for_it() -> None:
    clock, _ = open_clock()
    clock.expect(0, 7, 0.0)
    clock.close({0}, 1.0)
    clock.set_busy(0, True, 3.0)
    clock.set_busy(0, False, 4.0)
    clock.add_lines(0, -5, 4.0)
    assert causes(clock, 6.0) == {"congestion": 1.0, "picking": 1.0, "stopped": 4.0}
    clock.close(frozenset(), 6.0)
    assert causes(clock, 7.0)["no_order"] == 1.0


def test_a_loaded_unit_without_room_at_its_chute() -> None:
    clock, _ = open_clock()
    clock.expect(0, 7, 0.0)
    clock.hold(0, 1.0)
    clock.leave(0, 7, 4.0)
    clock.expect(0, 8, 9.0)
    assert causes(clock, 5.0) == {"congestion": 1.0, "no_room": 3.0, "travel": 1.0}


def test_a_short_line_is_worth_a_line() -> None:
    clock = StationClock(2)
    clock.add_lines(0, 2, 0.0)
    clock.set_busy(0, True, 10.0)
    for done_s in (14.0, 20.0):
        clock.line_done(0, done_s)
    clock.set_busy(0, False, 20.0)
    assert causes(clock, 25.0) == {"picking": 10.0, "release": 10.0, "no_order": 5.0}
    clock.line_short(0, 25.0)  # a line takes 10 s here, the wait for its pod included
    clock.line_short(1, 25.0)  # none was done here: what it takes on the floor
    assert causes(clock, 45.0)["missing_stock"] == 10.0
    assert causes(clock, 45.0)["no_order"] == 15.0
    assert causes(clock, 45.0, 1) == {"no_order": 35.0, "missing_stock": 10.0}
    assert causes(clock, 30.0)["missing_stock"] == 5.0, "asking changes nothing"


def test_a_floor_that_never_did_a_line_takes_the_usual() -> None:
    clock = StationClock(1)
    clock.line_short(0, 0.0)
    assert causes(clock, 100.0) == {"missing_stock": USUAL_LINE_S, "no_order": 100 - USUAL_LINE_S}


@pytest.mark.parametrize("seed", range(20))
def test_against_a_fine_grid(seed: int) -> None:
    """Sampled every millisecond from a plain list of what held when; looks do not change anything
    here, since they are made whenever something has."""
    rng = np.random.default_rng(seed)
    clock, floor, now_s, spans = StationClock(1), Floor(), 0.0, []
    busy, n_lines, expected, closed, held = False, 0, {}, False, False
    for unit in range(80):
        action = int(rng.integers(7))
        if action == 0:
            busy = not busy
            clock.set_busy(0, busy, now_s)
        elif action == 1:
            change = 1 if n_lines == 0 else int(rng.choice([-1, 1]))
            n_lines += change
            clock.add_lines(0, change, now_s)
        elif action == 2:
            expected[unit] = now_s + round(float(rng.uniform(-1, 3)), 3)
            clock.expect_anew(0, unit, expected[unit], now_s)
        elif action == 3 and expected:
            gone = min(expected)
            del expected[gone]
            held = False
            clock.leave(0, gone, now_s)
        elif action == 4:
            closed = not closed
            clock.close({0} if closed else set(), now_s)
        elif action == 5 and expected:
            held = True
            clock.hold(0, now_s)
        else:
            floor.waits = Cause(rng.choice([Cause.NO_UNIT, Cause.CHARGING, Cause.RELEASE]))
            floor.shut = bool(rng.random() < 0.3)
        for _ in range(2):  # the first may reach back to the look before, at this very moment
            clock.look(now_s, floor, ask_floor)
        late = Cause.STOPPED if floor.shut else Cause.CONGESTION
        gap_s = round(float(rng.uniform(0, 2)), 3)
        given = (busy, n_lines, dict(expected), closed, held, floor.waits, late)
        spans.append((now_s, now_s + gap_s, given))
        now_s = round(now_s + gap_s, 3)
        clock.look(now_s, floor, ask_floor)
    sampled = np.zeros(len(Cause))
    for start_s, end_s, given in spans:
        for t in np.arange(round(start_s * 1000), round(end_s * 1000)) / 1000 + 0.0005:
            sampled[cause_at(t, *given)] += 0.001
    assert np.allclose(clock.causes_s(now_s)[0], sampled, atol=1e-6), f"seed {seed}"
    assert clock.causes(now_s).sum() == round(now_s * 1e6), f"seed {seed}"


def cause_at(
    t: float, busy: bool, n_lines: int, expected: dict[int, float], closed: bool, held: bool,
    waits: Cause, late: Cause,
) -> Cause:  # fmt: skip
    if busy:
        return Cause.PICKING
    if closed:
        return Cause.STOPPED
    if not n_lines:
        return Cause.NO_ORDER
    if held:
        return Cause.NO_ROOM
    if not expected:
        return waits
    return late if min(expected.values()) <= t else Cause.TRAVEL
