"""Distance fields through a snapshot: no values are kept, and none are missed."""

from __future__ import annotations

import numpy as np

from fleet_control.journal.snapshot import dumps, loads
from fleet_control.mapf.fields import DistanceFields
from fleet_control.mapf.grid import EMPTY, LADEN, grid_of, with_blocked
from layouts import load

LAYOUT = load("teaching")
GRID = grid_of(LAYOUT)
GOALS = [int(cell) for cell in np.flatnonzero(GRID.compact >= 0)[::17]]


def made() -> tuple[DistanceFields, list[int]]:
    fields = DistanceFields(GRID, 4, memory_mb=0.1)
    held = [fields.hold(goal, load) for goal in GOALS[:3] for load in (EMPTY, LADEN)]
    for goal in GOALS[3:12]:
        fields.let_go(fields.hold(goal, EMPTY))
    return fields, held


def through_a_snapshot(fields: DistanceFields) -> DistanceFields:
    found = loads(dumps(fields, {"grid": GRID}), {"grid": GRID})
    assert isinstance(found, DistanceFields)
    return found


def test_held_fields_are_as_they_were_and_take_no_room() -> None:
    fields, held = made()
    assert len(dumps(fields, {"grid": GRID})) < fields.values.nbytes / 20
    found = through_a_snapshot(fields)
    assert np.array_equal(found.values[held], fields.values[held])
    assert not found.has_due


def test_what_comes_later_takes_the_same_slots() -> None:
    fields, _ = made()
    found = through_a_snapshot(fields)
    rng = np.random.default_rng(2)
    for goal, laden in zip(rng.choice(GOALS, 60).tolist(), rng.integers(2, size=60), strict=True):
        slots = [one.hold(goal, int(laden)) for one in (fields, found)]
        assert slots[0] == slots[1]
        assert np.array_equal(found.values[slots[0]], fields.values[slots[0]])
        for one in (fields, found):
            one.let_go(slots[0])


def test_fields_that_are_out_of_date_keep_what_units_still_compare_with() -> None:
    fields, held = made()
    old = fields.values[held].copy()
    blocked = np.zeros(GRID.n_cells, dtype=bool)
    blocked[GOALS[5]] = True
    fields.change_moves(with_blocked(GRID, blocked))
    found = through_a_snapshot(fields)
    assert found.has_due
    assert np.array_equal(found.values[held], old)
    for one in (fields, found):
        one.refresh()
    assert np.array_equal(found.values[held], fields.values[held])
    assert not np.array_equal(found.values[held], old)
