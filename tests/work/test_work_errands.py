"""Random errands: uniform, never the cell of departure, one stream per unit, in order."""

from __future__ import annotations

import numpy as np
import pytest
from work_fakes import ints, line_reports, rows_of

from fleet_control.events import EventKind, EventLog
from fleet_control.work.errands import ErrandError, ErrandStream
from fleet_control.work.work import Deed, Errand

NEWS = line_reports(0.0, [])


def make(cells=(2, 3, 5, 7), active=(0, 1, 2), starts=(2, 3, 4, 9), seed=1):
    log = EventLog()
    return ErrandStream(ints(*cells), ints(*active), ints(*starts), seed, log), log


def drive(stream: ErrandStream, unit: int, n: int) -> list[int]:
    """Goals of the unit's next n errands, each followed on before it is over."""
    goals = []
    for _ in range(n):
        errand = stream.follow_on(unit, 1.0)
        assert errand is not None
        goals.append(errand.cell)
        stream.errand_done(unit, 1.0)
    return goals


def test_first_errands_come_with_the_first_advance_and_once():
    stream, _ = make()
    assert stream.take_errands() == []
    assert stream.task_of(0) == -1
    stream.advance(0.0, NEWS)
    first = stream.take_errands()
    assert [unit for unit, _ in first] == [0, 1, 2]
    assert all(errand.deed is Deed.PASS and not errand.is_laden for _, errand in first)
    assert [stream.task_of(unit) for unit in range(4)] == [0, 1, 2, -1]
    stream.advance(0.2, NEWS)
    assert stream.take_errands() == []


def test_goals_are_uniform_and_never_where_the_unit_departs():
    stream, _ = make()
    stream.advance(0.0, NEWS)
    goals = np.array([stream.take_errands()[0][1].cell, *drive(stream, 0, 8000)])
    assert (goals[1:] != goals[:-1]).all()
    assert goals[0] != 2
    shares = np.unique(goals, return_counts=True)[1] / len(goals)
    assert shares == pytest.approx([0.25] * 4, abs=0.03)


def test_units_draw_from_streams_of_their_own():
    goals = []
    for others in (0, 37):
        stream, _ = make()
        stream.advance(0.0, NEWS)
        drive(stream, 0, others)
        goals.append(drive(stream, 1, 200))
    alone, _ = make(active=(1,))
    alone.advance(0.0, NEWS)
    assert goals[0] == goals[1] == drive(alone, 1, 200)
    other_seed, _ = make(seed=2)
    other_seed.advance(0.0, NEWS)
    assert drive(other_seed, 1, 200) != goals[0]


def test_errands_end_in_turn_while_later_ones_are_known():
    stream, log = make(active=(0,))
    stream.advance(0.0, NEWS)
    ahead = [stream.take_errands()[0][1].cell]
    for _ in range(3):
        errand = stream.follow_on(0, 1.0)
        assert isinstance(errand, Errand)
        ahead.append(errand.cell)
    assert stream.task_of(0) == 0
    for i in range(4):
        assert stream.task_of(0) == i
        stream.errand_done(0, 2.0 + i)
    assert stream.tasks_done == 4
    done, started = (rows_of(log, k) for k in (EventKind.ERRAND_DONE, EventKind.ERRAND_STARTED))
    assert done["cell"].tolist() == ahead == started["cell"].tolist()
    assert started["value"].tolist() == [2, *ahead[:-1]]
    assert started["time_s"].tolist() == [0.0, 2.0, 3.0, 4.0]
    assert done["task"].tolist() == [0, 1, 2, 3]


def test_a_unit_that_was_not_followed_on_gets_an_errand_at_the_next_advance():
    stream, _ = make(active=(0,))
    stream.advance(0.0, NEWS)
    stream.take_errands()
    stream.errand_done(0, 1.0)
    assert stream.task_of(0) == -1
    stream.advance(1.2, NEWS)
    assert [unit for unit, _ in stream.take_errands()] == [0]


def test_inactive_units_get_nothing():
    stream, _ = make()
    assert stream.follow_on(3, 0.0) is None
    assert not len(stream.open_tasks().tasks)
    assert not len(stream.take_station_jobs().lines)
    with pytest.raises(ErrandError, match="never open"):
        stream.begin(0, 0, 0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cells": (4, 4)}, "fewer than two"),
        ({"cells": ()}, "fewer than two"),
        ({"active": (0, 4)}, "active unit 4"),
        ({"active": (1, 1)}, "twice"),
    ],
)
def test_impossible_streams_are_refused(change, message):
    with pytest.raises(ErrandError, match=message):
        make(**change)
