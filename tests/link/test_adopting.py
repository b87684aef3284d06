"""What a controller that goes on makes of the first word of a unit, which the books remember."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fleet_control.errors import InvariantError
from fleet_control.link.books import PLACED, STRAY, Books
from fleet_control.link.messages import RING, STATE
from fleet_control.link.settle import Settler

CELLS = (40, 41, 42, 43)
"""Of steps 0 to 3, all released; the first two are done and cleared."""
ORDER = 7


def books() -> Books:
    found = Books(1)
    book = found.units[0]
    book["is_restored"], book["session"] = 1, 1
    book["done"], book["cleared"], book["released"] = 1, 2, 3
    for step, cell in enumerate(CELLS):
        found.cells[0, step % RING] = cell
    return found


def state(**more: int) -> Any:
    found = np.zeros(1, dtype=STATE)[0]
    for name, value in {"order": ORDER, "session": 1, "next": -1, "load": -1, **more}.items():
        found[name] = value
    return found


def test_a_unit_goes_on_where_it_says_it_is() -> None:
    known = books()
    Settler(known).settle(0, state(done=3, cleared=2, base=3, cell=43))
    book = known.units[0]
    assert (book["stage"], book["done"], book["base"], book["order"]) == (PLACED, 3, 3, ORDER)


def test_a_unit_that_does_not_know_its_place_keeps_the_steps_that_it_knows() -> None:
    """Its order says how far it is, whether or not it can measure where that is."""
    known = books()
    Settler(known).settle(0, state(done=3, cleared=2, base=3, cell=-1))
    book = known.units[0]
    assert (book["stage"], book["done"], book["base"], book["order"]) == (PLACED, 3, 3, ORDER)
    assert known.cells[0, : len(CELLS)].tolist() == list(CELLS)


def test_a_unit_that_was_carried_away_is_lost_and_the_others_go_on() -> None:
    """As if it had happened before the eyes of the controller: one unit stops no restart."""
    known = books()
    settler = Settler(known)
    settler.settle(0, state(done=2, cleared=2, base=3, cell=12))
    book = known.units[0]
    assert (book["stage"], book["cancel"], book["order"]) == (STRAY, ORDER, ORDER)
    assert (book["cleared"], book["released"]) == (2, 3), "its cells stay its own"
    assert known.cells[0, : len(CELLS)].tolist() == list(CELLS)
    settler.settle(0, state(done=2, cleared=2, base=2, cell=12, tombstone=ORDER, stands=1))
    assert (book["stage"], book["released"]) == (STRAY, 3)
    assert not settler.retractions


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"done": 4, "base": 4, "cell": 44}, "its journal is not the last one"),
        ({"done": 0, "base": 3, "cell": 40}, "its journal is not the last one"),
    ],
)
def test_what_the_books_cannot_be_about_is_refused(more: dict[str, int], message: str) -> None:
    with pytest.raises(InvariantError, match=message):
        Settler(books()).settle(0, state(**more))
