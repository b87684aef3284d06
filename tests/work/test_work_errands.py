"""Random errands: uniform, never the cell of departure, one stream per unit, in order."""

from __future__ import annotations

import pickle
from collections import deque

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


def closed(*cells: int, n_cells: int = 12) -> np.ndarray:
    is_closed = np.zeros(n_cells, dtype=bool)
    is_closed[list(cells)] = True
    return is_closed


def test_units_give_nothing_back():
    stream, log = make()
    stream.advance(0.0, NEWS)
    assert not stream.give_back(0, 1.0)
    assert stream.task_of(0) == 0
    assert not rows_of(log, EventKind.TASK_RETURNED)["task"].size
    assert not len(stream.open_station_jobs().lines)


def test_a_closed_goal_is_given_up_for_an_open_one():
    stream, log = make(active=(0,))
    stream.advance(0.0, NEWS)
    [(_, first)] = stream.take_errands()
    others = {2, 3, 5, 7} - {first.cell}
    only = min(others)
    errand = stream.redirect(0, closed(first.cell, *(others - {only})), 3.0)
    assert errand == Errand(only, Deed.PASS)
    assert stream.take_errands() == []
    assert stream.task_of(0) == 1
    following = stream.follow_on(0, 4.0)
    assert following is not None
    assert following.cell != only
    stream.errand_done(0, 5.0, 6)
    returned = rows_of(log, EventKind.TASK_RETURNED)
    assert (returned["task"].tolist(), returned["cell"].tolist()) == ([0], [first.cell])
    started, done = (rows_of(log, k) for k in (EventKind.ERRAND_STARTED, EventKind.ERRAND_DONE))
    assert started["task"].tolist() == [0, 1, 2]
    assert started["value"].tolist() == [2, -1, only], "where it turned away is not known"
    assert (done["task"].tolist(), done["cell"].tolist()) == ([1], [only])
    assert stream.tasks_done == 1


def test_an_errand_that_nobody_has_taken_yet_is_told_once():
    stream, _ = make(active=(0, 1))
    stream.advance(0.0, NEWS)
    goal = stream._queues[0][0][1]
    assert stream.redirect(0, closed(goal), 0.0) is not None
    assert [unit for unit, _ in stream.take_errands()] == [1]


def test_without_an_open_goal_nothing_changes():
    stream, log = make(active=(0,))
    assert stream.redirect(0, closed(), 0.0) is None, "it has no errand"
    stream.advance(0.0, NEWS)
    n_rows = len(log)
    assert stream.redirect(0, closed(2, 3, 5, 7), 1.0) is None
    assert stream.redirect(3, closed(), 1.0) is None, "not an active unit"
    assert len(log) == n_rows
    assert stream.task_of(0) == 0


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_assumed_about_when_errands_end(seed):
    """Units are told up to eight errands ahead and end them at any later time, as when a committed
    path is cut and driven again: same goals, each begun and ended once, in turn."""
    rng = np.random.default_rng(seed)
    usual, _ = make(seed=seed)
    usual.advance(0.0, NEWS)
    expected = {unit: [e.cell] for unit, e in usual.take_errands()}
    for unit in expected:
        expected[unit] += drive(usual, unit, 1500)
    stream, log = make(seed=seed)
    told: dict[int, deque[int]] = {unit: deque() for unit in range(3)}
    ended: dict[int, list[int]] = {unit: [] for unit in range(3)}
    for cycle in range(600):
        now_s = 0.2 * cycle
        for unit in rng.integers(3, size=2).tolist():
            if told[unit] and rng.random() < 0.5:
                for _ in range(int(rng.integers(1, len(told[unit]) + 1))):
                    stream.errand_done(unit, now_s)
                    ended[unit].append(told[unit].popleft())
        if rng.random() < 0.7:
            stream.advance(now_s, NEWS)
            for unit, errand in stream.take_errands():
                assert not told[unit]
                told[unit].append(errand.cell)
        for unit in rng.integers(3, size=2).tolist():
            if (told[unit] or ended[unit]) and len(told[unit]) < 8:
                told[unit].append(stream.follow_on(unit, now_s).cell)
    for unit in range(3):
        assert len(ended[unit]) > 50
        assert ended[unit] == expected[unit][: len(ended[unit])], f"seed {seed}"
    done, started = (rows_of(log, k) for k in (EventKind.ERRAND_DONE, EventKind.ERRAND_STARTED))
    for unit in range(3):
        begun = started["task"][started["unit"] == unit]
        assert np.array_equal(begun[: len(ended[unit])], done["task"][done["unit"] == unit])
        assert (np.diff(begun) > 0).all()
    assert stream.tasks_done == len(done["task"])


@pytest.mark.parametrize("seed", range(6))
def test_any_errand_told_ahead_may_be_given_up(seed):
    """A model keeps the errands of one unit: numbers are done once or returned once, goals are open
    when drawn and never that of the errand before or after."""
    rng = np.random.default_rng(seed)
    cells = tuple(range(0, 12, 2))
    stream, log = make(cells=cells, active=(0,), seed=seed)
    goals: deque[int] = deque()
    for cycle in range(1500):
        now_s = float(cycle)
        stream.advance(now_s, NEWS)
        goals.extend(errand.cell for _, errand in stream.take_errands())
        if cycle == 700:
            stream, log = pickle.loads(pickle.dumps((stream, log)))
        choice = rng.random()
        if choice < 0.4 and len(goals) < 6:
            goals.append(stream.follow_on(0, now_s).cell)
        elif choice < 0.7:
            stream.errand_done(0, now_s)
            goals.popleft()
        else:
            n_before = int(rng.integers(-1, len(goals)))
            row = len(goals) - 1 if n_before < 0 else n_before
            is_closed = closed(*rng.choice(cells, size=rng.integers(0, 7)).tolist())
            near = [*list(goals)[max(0, row - 1) : row + 2]]
            errand = stream.redirect(0, is_closed, now_s, n_before)
            assert (errand is None) == all(is_closed[c] or c in near for c in cells)
            if errand is not None:
                assert not is_closed[errand.cell]
                assert errand.cell not in near
                goals[row] = errand.cell
        assert [goal for _, goal in stream._queues[0]] == list(goals), f"seed {seed}"
    done, returned = (
        rows_of(log, k)["task"].tolist() for k in (EventKind.ERRAND_DONE, EventKind.TASK_RETURNED)
    )
    left = [number for number, _ in stream._queues[0]]
    assert sorted(done + returned + left) == list(range(stream._n_drawn))
    assert len(returned) > 50
    assert stream.tasks_done == len(done)
