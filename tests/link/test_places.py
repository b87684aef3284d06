"""Finding the place of a unit that has forgotten its steps."""

from __future__ import annotations

import numpy as np
import pytest

from fleet_control.backend import Act
from fleet_control.link.places import step_at

DRIVE, LIFT, LOWER = Act.DRIVE, Act.LIFT, Act.LOWER


def find(steps, cell, beyond=-1, laden=False, was=0, past=False) -> int:
    cells = np.array([cell for cell, _ in steps], dtype=np.int32)
    acts = np.array([act for _, act in steps], dtype=np.int8)
    return step_at(cells, acts, cell, beyond, laden, was, past)


WAY = [(3, DRIVE), (4, DRIVE), (5, DRIVE), (5, LIFT), (6, DRIVE), (6, LOWER)]


@pytest.mark.parametrize(
    ("cell", "beyond", "laden", "place"),
    [
        (3, -1, False, 0),
        (4, -1, False, 1),
        (3, 4, False, 0),
        (4, 5, False, 1),
        (5, -1, False, 2),
        (5, -1, True, 3),  # the lift was done, though nobody has been told
        (5, 6, True, 3),
        (6, -1, True, 4),
        (6, -1, False, 5),
        (4, -1, True, -1),  # with a pod that it cannot have
        (5, 6, False, -1),
        (7, -1, False, -1),
        (3, 2, False, -1),  # on a way that it was not sent
        (6, 7, True, -1),
    ],
)
def test_the_place_is_found_by_cells_and_load(cell, beyond, laden, place) -> None:
    assert find(WAY, cell, beyond, laden) == place


def test_load_that_nobody_knows_is_taken_from_what_comes_next() -> None:
    assert find(WAY, 4, laden=False, was=-1) == 1
    assert find(WAY, 4, laden=True, was=-1) == -1
    assert find([(6, DRIVE), (6, LOWER)], 6, laden=True, was=-1) == 0
    assert find([(6, DRIVE), (7, DRIVE)], 7, laden=True, was=-1) == 1


def test_of_a_cell_visited_twice_the_first_visit_counts() -> None:
    loop = [(1, DRIVE), (2, DRIVE), (1, DRIVE), (0, DRIVE)]
    assert find(loop, 1) == 0
    assert find(loop, 1, beyond=0) == 2
    assert find(loop, 1, past=True) == 2  # it has left the first cell for good


def test_an_unknown_first_cell_fits_who_is_beyond_it() -> None:
    steps = [(-1, DRIVE), (8, DRIVE), (9, DRIVE)]
    assert find(steps, 7, beyond=8, was=-1) == 0
    assert find(steps, 7, was=-1) == -1
    assert find(steps, 8, was=-1, past=True) == 1


def test_every_place_of_random_ways_is_found_or_one_that_looks_the_same() -> None:
    rng = np.random.default_rng(4)
    for _ in range(300):
        cells = np.cumsum(rng.choice([-1, 1], size=6))
        steps = [(int(cell) + 10, DRIVE) for cell in cells]
        true = int(rng.integers(len(steps)))
        is_between = true + 1 < len(steps) and rng.random() < 0.5
        beyond = steps[true + 1][0] if is_between else -1
        place = find(steps, steps[true][0], beyond)
        assert 0 <= place <= true
        assert steps[place][0] == steps[true][0]
        if is_between:
            assert steps[place + 1][0] == beyond


def test_a_known_cell_goes_before_an_unknown_one() -> None:
    """The way comes back to where it was: whoever is on 7 now may have left the 8 before."""
    steps = [(-1, DRIVE), (7, DRIVE), (8, DRIVE), (7, DRIVE)]
    assert find(steps, 8, beyond=7, was=-1) == 2
    assert find(steps, 6, beyond=7, was=-1) == 0
