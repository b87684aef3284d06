"""What the seam promises of requests: pauses, cancelling, trying again, speed limits."""

from __future__ import annotations

import numpy as np
import pytest
from backends import BACKENDS, N_COLS, Maker, Rig, cell, ints

from fleet_control.backend import (
    Act,
    Commands,
    Condition,
    FaultCode,
    Releases,
    Request,
    Requests,
    no_releases,
    no_station_jobs,
)

PATIENCE_S = 30.0
"""Long enough for every backend to hear, stop and say so."""


@pytest.fixture(params=BACKENDS.values(), ids=BACKENDS.keys())
def make(request: pytest.FixtureRequest) -> Maker:
    return request.param


class Asking(Rig):
    """A rig that can ask, and keeps what units say of themselves."""

    def __init__(self, make: Maker, cells: list[int], pods: list[int] | None = None) -> None:
        super().__init__(make, cells, pods)
        state = self.backend.connect()
        self.now_s = max(self.now_s, state.time_s)
        self.flags = [0] * len(cells)
        self.kept: list[int | None] = [None] * len(cells)

    def ask(self, unit: int, *kinds: Request) -> None:
        requests = Requests(ints([unit] * len(kinds)), np.array(kinds, dtype=np.int8))
        self.backend.send(Commands(no_releases(), no_station_jobs(), requests=requests))

    def advance(self, seconds: float):
        reports = super().advance(seconds)
        for unit, flags in zip(reports.conditions.units, reports.conditions.flags, strict=True):
            assert flags != self.flags[unit], f"unit {unit} tells no new condition"
            self.flags[unit] = int(flags)
        rows = reports.retractions
        assert rows.units.dtype == rows.kept.dtype == np.int32
        for unit, kept in zip(rows.units.tolist(), rows.kept.tolist(), strict=True):
            assert self.kept[unit] is None, f"unit {unit} gives up twice"
            assert self.done[unit] <= kept <= self.done[unit] + 1
            assert kept < len(self.steps[unit])
            self.kept[unit] = kept
        return reports

    def until(self, is_so, pause_s: float = 0.2) -> None:
        end_s = self.now_s + PATIENCE_S
        while not is_so():
            assert self.now_s < end_s, f"done {self.done}, flags {self.flags}, kept {self.kept}"
            self.advance(pause_s)

    def cancel(self, unit: int) -> int:
        """Ask, wait for the answer, and forget the steps given up. Returns `kept`."""
        self.ask(unit, Request.CANCEL)
        self.until(lambda: self.kept[unit] is not None)
        kept = self.kept[unit]
        assert kept is not None
        del self.steps[unit][kept + 1 :]
        self.kept[unit] = None
        return kept


def eastward(first: int, last: int) -> list[int]:
    return [cell(0, col) for col in range(first, last + 1)]


def test_a_paused_unit_stands_says_so_and_goes_on(make: Maker) -> None:
    rig = Asking(make, [cell(0, 0), cell(3, 0)])
    rig.release(0, *eastward(1, 7))
    rig.release(1, *[cell(3, col) for col in range(1, 8)])
    rig.advance(1.0)
    rig.ask(0, Request.PAUSE)
    rig.until(lambda: rig.flags[0] & Condition.PAUSED)
    done, cleared = rig.done[0], rig.cleared[0]
    rig.advance(20.0)
    assert (rig.done[0], rig.cleared[0]) == (done, cleared)
    assert rig.done[1] == 7  # nobody else is concerned
    assert rig.flags == [Condition.PAUSED, 0]
    rig.ask(0, Request.RESUME)
    rig.settle()
    assert rig.done == [7, 7]
    rig.until(lambda: rig.flags[0] == 0)


def test_a_unit_without_steps_confirms_its_pause_and_takes_releases(make: Maker) -> None:
    rig = Asking(make, [cell(0, 0)])
    rig.ask(0, Request.PAUSE)
    rig.until(lambda: rig.flags[0] & Condition.PAUSED)
    rig.release(0, cell(0, 1))
    rig.advance(20.0)
    assert rig.done == [0]
    rig.ask(0, Request.RESUME)
    rig.settle()
    assert rig.done == [1]


def test_asking_again_for_what_is_so_changes_nothing(make: Maker) -> None:
    rig = Asking(make, [cell(0, 0)])
    rig.ask(0, Request.RESUME)
    rig.advance(2.0)
    assert rig.flags == [0]
    rig.ask(0, Request.PAUSE, Request.PAUSE)
    rig.until(lambda: rig.flags[0] & Condition.PAUSED)
    rig.ask(0, Request.PAUSE)
    for _ in range(10):
        assert not len(rig.advance(0.5).conditions.units)


def test_several_requests_are_meant_in_their_order(make: Maker) -> None:
    rig = Asking(make, [cell(0, 0)])
    rig.ask(0, Request.PAUSE, Request.RESUME)
    rig.release(0, *eastward(1, 3))
    rig.settle()
    assert rig.done == [3]
    rig.ask(0, Request.RESUME, Request.PAUSE)
    rig.until(lambda: rig.flags[0] & Condition.PAUSED)


@pytest.mark.parametrize("after_s", [0.0, 0.4, 1.0, 2.4])
def test_a_cancelled_unit_stands_and_goes_on_from_what_it_kept(make, after_s) -> None:
    rig = Asking(make, [cell(0, 0)])
    rig.release(0, *eastward(1, 7), cell(1, 7), cell(2, 7))
    rig.advance(after_s)
    kept = rig.cancel(0)
    rig.settle()
    assert rig.done == rig.cleared == [kept]
    rig.advance(20.0)
    assert rig.done == [kept]
    here = rig.steps[0][kept][0]
    rig.release(0, here + N_COLS, here)  # numbered kept + 1 and kept + 2
    rig.settle()
    assert rig.done == [kept + 2]
    assert rig.backend.connect().cells.tolist() == [here]


def test_a_cancelled_unit_gives_steps_up(make: Maker) -> None:
    """Most of a long way, that is: what it cannot brake for is still done."""
    rig = Asking(make, [cell(0, 0)])
    rig.release(0, *[c for _ in range(3) for c in [*eastward(1, 7), *eastward(0, 6)[::-1]]])
    assert rig.cancel(0) < 20


def test_cancelling_without_open_steps_is_confirmed(make: Maker) -> None:
    rig = Asking(make, [cell(0, 0)])
    assert rig.cancel(0) == 0
    rig.release(0, *eastward(1, 3))
    rig.settle()
    assert rig.cancel(0) == 3
    assert rig.cancel(0) == 3
    rig.release(0, cell(0, 4))
    rig.settle()
    assert rig.done == [4]


def test_a_paused_unit_can_be_cancelled(make: Maker) -> None:
    """It may stand between two cells then, and finishes that step when it is resumed."""
    rig = Asking(make, [cell(0, 0)])
    rig.release(0, *eastward(1, 7))
    rig.advance(1.6)
    rig.ask(0, Request.PAUSE)
    rig.until(lambda: rig.flags[0] & Condition.PAUSED)
    kept = rig.cancel(0)
    assert kept <= rig.done[0] + 1
    assert rig.flags[0] & Condition.PAUSED
    here = rig.steps[0][kept][0]
    rig.release(0, here + N_COLS)
    rig.advance(10.0)
    assert rig.done[0] <= kept
    rig.ask(0, Request.RESUME)
    rig.settle()
    assert rig.done == [kept + 1]


def test_a_lift_that_failed_is_tried_again(make: Maker) -> None:
    rig = Asking(make, [cell(0, 0)], pods=[cell(0, 1)])
    getattr(rig.backend, "twin", rig.backend).fail_acts(0, 1)  # simulator only
    rig.release(0, cell(0, 1), (cell(0, 1), Act.LIFT), cell(0, 2))
    rig.until(lambda: rig.faults[0] == FaultCode.LIFT_FAILED)
    rig.advance(20.0)
    assert rig.done == [1]
    rig.ask(0, Request.RETRY)
    rig.until(lambda: rig.faults == [0])
    rig.settle()
    assert rig.faults == [0]
    assert rig.done == [3]
    assert rig.backend.connect().carried_pods.tolist() == [0]


def test_trying_again_without_a_fault_changes_nothing(make: Maker) -> None:
    rig = Asking(make, [cell(0, 0)])
    rig.release(0, *eastward(1, 2))
    rig.ask(0, Request.RETRY)
    rig.settle()
    assert rig.done == [2]


def test_a_fault_is_over_with_the_step_that_was_given_up(make: Maker) -> None:
    rig = Asking(make, [cell(0, 0)])
    rig.release(0, cell(0, 1), (cell(0, 1), Act.LIFT), cell(0, 2))
    rig.settle()
    assert rig.faults == [FaultCode.NO_POD]
    assert rig.cancel(0) == 1
    rig.until(lambda: rig.faults == [0])
    rig.release(0, cell(1, 1))
    rig.settle()
    assert rig.done == [2]


def test_speed_limits_are_kept(make: Maker) -> None:
    """Where motion takes time, a limit makes it last; nowhere does it keep a unit from arriving."""
    rig = Asking(make, [cell(0, 0)])
    n = N_COLS - 1
    limits = np.full(n, 0.25, dtype=np.float32)
    drives = np.zeros(n, dtype=np.int8)
    rig.rows(0, *eastward(1, n))
    began_s = rig.now_s
    releases = Releases(
        ints([0] * n), ints(list(range(1, n + 1))), ints(eastward(1, n)), drives, limits
    )
    rig.backend.send(Commands(releases, no_station_jobs()))
    rig.settle(pause_s=0.2)
    assert rig.done == [n]
    if hasattr(rig.backend, "poses"):
        assert rig.now_s - began_s >= n / 0.25
