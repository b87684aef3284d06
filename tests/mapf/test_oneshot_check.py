"""The independent check tells every kind of tampering with right paths."""

from __future__ import annotations

import numpy as np
import pytest

from fleet_control.mapf.oneshot.check import plan_faults
from layouts import Layout, open_layout

RIGHT = np.array([[0, 2, 6], [1, 2, 7], [4, 1, 8], [5, 0, 8]])


def square() -> Layout:
    return open_layout("square", np.ones((3, 3), dtype=np.int8))


def faults(cells: np.ndarray, rings: bool = True) -> list[str]:
    return plan_faults(square(), RIGHT[0], RIGHT[-1], cells.astype(np.int32), rings)


def test_right_paths_have_no_faults() -> None:
    assert faults(RIGHT) == []


@pytest.mark.parametrize(
    ("step", "agent", "cell", "told"),
    [
        (0, 0, 3, "agent 0 starts at (0,1), not at (0,0)"),
        (3, 1, 1, "agent 1 ends at (1,0), not at (0,0)"),
        (1, 2, 8, "agent 2 may not go from (0,2) to (2,2) in step 1"),
        (1, 0, 2, "vertex conflict of units 0 and 1 in step 1"),
    ],
)
def test_tampering_is_told(step: int, agent: int, cell: int, told: str) -> None:
    cells = RIGHT.copy()
    cells[step, agent] = cell
    assert told in faults(cells)


def test_changing_places_is_told() -> None:
    cells = np.array([[0, 1], [1, 0]])
    found = plan_faults(square(), cells[0], cells[1], cells.astype(np.int32))
    assert found == ["edge conflict of units 0 and 1 in step 1"]


def test_rings_are_told_where_they_are_not_allowed() -> None:
    cells = np.array([[0, 1, 4, 3], [1, 4, 3, 0]])
    for rings, n_faults in ((True, 0), (False, 1)):
        found = plan_faults(square(), cells[0], cells[1], cells.astype(np.int32), rings)
        assert len(found) == n_faults


def test_one_way_cells_and_missing_agents_are_told() -> None:
    exits = np.array(square().exits)
    exits[0, 0] = False
    one_way = Layout("one-way", 3, 3, square().kinds, exits, square().edge_costs)
    assert plan_faults(one_way, RIGHT[0], RIGHT[-1], RIGHT.astype(np.int32)) == [
        "agent 0 may not go from (0,0) to (1,0) in step 1"
    ]
    assert faults(RIGHT[:, :2]) == ["paths of 2 agents; expected 3"]
