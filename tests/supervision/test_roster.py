"""How units are, in a word, and what they are asked until they confirm it."""

from __future__ import annotations

import numpy as np
import pytest

from fleet_control.backend import (
    Condition,
    Conditions,
    FaultCode,
    FleetState,
    Reports,
    Request,
    empty_ints,
)
from fleet_control.supervision.roster import (
    ASK_AGAIN_S,
    PAUSED_ALONE,
    PAUSED_FOR_NEWCOMER,
    PAUSED_WITH_ALL,
    Roster,
    UnitStatus,
)

C, S = Condition, UnitStatus
STOPPED_AFTER_S = 5.0


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def said(*flags: tuple[int, int], fault: tuple[int, int] | None = None) -> Reports:
    """Reports of (unit, Condition), and of a fault of a unit."""
    units = ints(*(unit for unit, _ in flags))
    codes = np.array([flag for _, flag in flags], dtype=np.int8)
    rows = ints() if fault is None else ints(fault[0])
    faults = np.array([] if fault is None else [fault[1]], dtype=np.int8)
    return Reports(
        0.0, rows, rows * 0, rows * 0, faults, empty_ints(), empty_ints(), empty_ints(),
        np.empty(0), Conditions(units, codes, np.zeros(len(units), np.int32)),
    )  # fmt: skip


def roster_of(n_units: int) -> Roster:
    """All admitted and well at time 0."""
    roster = Roster(n_units, 0.0)
    for unit in range(n_units):
        roster.admitted(unit, 0.0)
    return roster


def asked(roster: Roster, now_s: float) -> list[tuple[int, int]]:
    requests = roster.requests(now_s)
    return list(zip(requests.units.tolist(), requests.kinds.tolist(), strict=True))


@pytest.mark.parametrize(
    ("flags", "fault", "wants", "refused", "word"),
    [
        (0, 0, False, False, S.WORKING),
        (C.LOW_BATTERY, 0, False, False, S.WORKING),
        (0, 0, True, False, S.PAUSING),
        (C.PAUSED, 0, True, False, S.PAUSED),
        (C.STALE, 0, True, False, S.STALE),
        (C.STALE | C.PAUSED, 0, True, False, S.STALE),
        (C.STALE, FaultCode.BROKEN, False, False, S.FAULTED),
        (C.STARTING, FaultCode.BROKEN, False, False, S.STARTING),
        (C.LOST | C.STALE, FaultCode.BROKEN, True, False, S.LOST),
        (C.LOST | C.STARTING, 0, False, False, S.LOST),
        (C.ABSENT | C.LOST, 0, False, False, S.ABSENT),
        (C.ABSENT, 0, False, True, S.NOT_ADMITTED),
    ],
)
def test_one_word_for_how_a_unit_is(
    flags: int, fault: int, wants: bool, refused: bool, word: UnitStatus
) -> None:
    roster = roster_of(1)
    roster.take_in(said((0, flags), fault=(0, fault)))
    roster.want_pause(0, PAUSED_ALONE, wants)
    if refused:
        roster.refuse(0)
    assert roster.status(0, 1.0, STOPPED_AFTER_S) is word
    is_well = word is S.WORKING
    assert roster.is_ready[0] == is_well


def test_a_unit_without_progress_is_stopped() -> None:
    roster = roster_of(2)
    done, released = ints(3, 3), ints(3, 5)
    roster.note_progress(done, released, ints(), 10.0)
    assert roster.status(0, 10.0, STOPPED_AFTER_S) is S.WORKING, "it has nothing to do"
    assert roster.status(1, 10.0, STOPPED_AFTER_S) is S.STOPPED
    roster.note_progress(done, released, ints(1), 11.0)
    assert roster.status(1, 12.0, STOPPED_AFTER_S) is S.WORKING


def test_a_pause_is_asked_again_until_it_is_confirmed_and_so_is_its_end() -> None:
    roster = roster_of(3)
    roster.want_pause(1, PAUSED_ALONE, True)
    assert asked(roster, 0.0) == [(1, Request.PAUSE)]
    assert asked(roster, 0.2) == []
    assert asked(roster, ASK_AGAIN_S) == [(1, Request.PAUSE)]
    roster.take_in(said((1, C.PAUSED)))
    assert asked(roster, 4 * ASK_AGAIN_S) == []
    roster.want_pause(1, PAUSED_ALONE, False)
    assert not roster.is_ready[1], "it has not said that it goes on"
    assert asked(roster, 30.0) == [(1, Request.RESUME)]
    assert asked(roster, 30.0 + ASK_AGAIN_S) == [(1, Request.RESUME)]
    roster.take_in(said((1, 0)))
    assert asked(roster, 99.0) == []
    assert roster.is_ready.all()


def test_a_unit_that_was_switched_on_again_is_asked_again() -> None:
    """It says that it does not stand any more: at once, not after some time."""
    roster = roster_of(1)
    roster.want_pause(0, PAUSED_ALONE, True)
    assert asked(roster, 0.0)
    roster.take_in(said((0, C.PAUSED)))
    assert not asked(roster, 1.0)
    roster.take_in(said((0, C.STARTING)))
    assert asked(roster, 1.2) == [(0, Request.PAUSE)]


def test_a_unit_stands_as_long_as_anybody_wants_it_to() -> None:
    roster = roster_of(1)
    for why in (PAUSED_ALONE, PAUSED_WITH_ALL, PAUSED_FOR_NEWCOMER):
        roster.want_pause(0, why, True)
    roster.take_in(said((0, C.PAUSED)))
    for why in (PAUSED_WITH_ALL, PAUSED_ALONE):
        roster.want_pause(0, why, False)
        assert asked(roster, 10.0) == []
    roster.want_pause(0, PAUSED_FOR_NEWCOMER, False)
    assert asked(roster, 10.0) == [(0, Request.RESUME)]


def test_giving_up_steps_is_asked_until_the_retraction_comes() -> None:
    roster = roster_of(2)
    roster.cancel(0)
    assert roster.is_ready.tolist() == [False, True]
    assert asked(roster, 0.0) == [(0, Request.CANCEL)]
    assert asked(roster, ASK_AGAIN_S - 0.2) == []
    assert asked(roster, ASK_AGAIN_S) == [(0, Request.CANCEL)]
    roster.cancelled(0)
    assert asked(roster, 60.0) == []
    assert roster.is_ready.all()


def test_who_is_off_the_floor_is_asked_nothing_more() -> None:
    roster = roster_of(2)
    roster.want_pause(0, PAUSED_WITH_ALL, True)
    roster.cancel(0)
    roster.removed(0)
    assert asked(roster, 0.0) == []
    assert roster.status(0, 0.0, STOPPED_AFTER_S) is S.ABSENT


def test_at_a_restart_everything_is_asked_again_and_who_is_silent_is_lost() -> None:
    roster = roster_of(3)
    roster.want_pause(0, PAUSED_ALONE, True)
    roster.take_in(said((0, 0), fault=(2, FaultCode.BROKEN)))
    assert asked(roster, 0.0) == [(0, Request.PAUSE)]
    state = FleetState(
        1.0, ints(4, -1, 6), np.zeros(3, np.int8), ints(-1, -1, -1), ints(),
        conditions=Conditions(ints(2), np.array([C.STARTING], np.int8), ints(7)),
    )  # fmt: skip
    roster.begin_anew(state, np.ones(3, dtype=bool))
    assert asked(roster, 1.0) == [(0, Request.PAUSE)]
    words = [roster.status(unit, 1.0, STOPPED_AFTER_S) for unit in range(3)]
    assert words == [S.PAUSING, S.LOST, S.STARTING]
    assert roster.sessions[2] == 7
    assert not roster.faults.any(), "faults that are still there are news again"
