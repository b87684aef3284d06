"""The collision monitor against polygons, pair by pair and tick by tick."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from polygons import overlap_m2, rectangle, square
from test_motion import hall, tell, twin_of

from fleet_control.backend import Act
from layouts import CellKind, Layout, open_layout
from twin.floor.monitor_kernels import HIT_OBSTACLE, HIT_POD, _bodies_touch, _hits_standing
from twin.floor.sizes import sizes_of
from twin.floor.state import UNIT
from twin.kinematic.engine import TICK_S, KinematicTwin
from twin.unit_model import DEFAULT_UNIT as UNIT_MODEL

TOUCH_M2 = 1e-9
"""Overlaps smaller than that are a matter of rounding; none occur in the seeds below."""


def chassis(unit) -> list:
    return rectangle(
        unit["x"], unit["y"], unit["yaw"], UNIT_MODEL.length_m, UNIT_MODEL.width_m
    )  # fmt: skip


def pod(unit, turns: bool = False) -> list:
    """One that keeps its orientation whatever the unit does beneath it, or turns with it."""
    side = UNIT_MODEL.pod_side_m
    return rectangle(unit["x"], unit["y"], unit["yaw"] if turns else 0.0, side, side)


def bodies(unit, turns: bool = False) -> list:
    return [chassis(unit), pod(unit, turns)] if unit["carried"] >= 0 else [chassis(unit)]


def overlap(some: list, others: list) -> float:
    return max(overlap_m2(a, b) for a in some for b in others)


def sizes(turns: bool = False, gap_m: float = 0.0) -> np.ndarray:
    """Of the kernels; bodies larger than they may be on such cells are easier to hit."""
    return sizes_of(replace(UNIT_MODEL, pod_turns=turns), hall(2, 2, wall_gap_m=gap_m))


def random_unit(rng: np.random.Generator, low: float, high: float) -> np.record:
    unit = np.zeros(1, dtype=UNIT)[0]
    unit["x"], unit["y"] = rng.uniform(low, high, 2)
    unit["yaw"] = rng.uniform(-np.pi, np.pi) if rng.random() < 0.7 else rng.integers(4) * np.pi / 2
    unit["carried"] = rng.integers(-1, 1)
    return unit


def records(*units: np.record) -> np.ndarray:
    table = np.zeros(len(units), dtype=UNIT)
    for row, unit in enumerate(units):
        table[row] = unit
    return table


@pytest.mark.parametrize("turns", [False, True])
def test_pairs_touch_where_their_polygons_overlap(turns: bool) -> None:
    rng, n_touching = np.random.default_rng(1), 0
    size = sizes(turns)
    for case in range(1500):
        a, b = random_unit(rng, 0.0, 1.2), random_unit(rng, 0.0, 1.2)
        expected = overlap(bodies(a, turns), bodies(b, turns))
        pair = records(a, b)
        if abs(expected - TOUCH_M2) > TOUCH_M2:
            found = bool(_bodies_touch(pair[0], pair[1], size))
            assert found == (expected > TOUCH_M2), f"case {case}"
            n_touching += found
    assert 300 < n_touching < 1400


def standing_overlap(
    unit, kinds: np.ndarray, pods: set[int], n_rows: int, n_cols: int, turns: bool, gap_m: float
) -> int:
    """What the unit touches, by looking at every cell of the floor and a border around it."""
    hit = 0
    for row in range(-1, n_rows + 1):
        for col in range(-1, n_cols + 1):
            x, y = col + 0.5, n_rows - row - 0.5
            inside = 0 <= row < n_rows and 0 <= col < n_cols
            cell = row * n_cols + col
            if not inside or kinds[cell] in (CellKind.OBSTACLE, CellKind.HUMAN):
                if overlap(bodies(unit, turns), [square(x, y, 1.0 - 2 * gap_m)]) > TOUCH_M2:
                    return HIT_OBSTACLE
            elif cell in pods and unit["carried"] >= 0:
                lying = square(x, y, UNIT_MODEL.pod_side_m)
                hit = HIT_POD if overlap([pod(unit, turns)], [lying]) > TOUCH_M2 else hit
    return hit


@pytest.mark.parametrize(("turns", "gap_m"), [(False, 0.0), (True, 0.0), (True, 0.1)])
def test_obstacles_and_pods_are_hit_where_their_polygons_overlap(turns, gap_m) -> None:
    rng, size = np.random.default_rng(2), sizes(turns, gap_m)
    counts = {0: 0, HIT_OBSTACLE: 0, HIT_POD: 0}
    n_rows, n_cols = 4, 5
    for case in range(600):
        kinds = rng.choice(
            [CellKind.OBSTACLE, CellKind.HUMAN] + [CellKind.FLOOR] * 8, n_rows * n_cols
        )
        solid = np.isin(kinds, (CellKind.OBSTACLE, CellKind.HUMAN)).astype(np.uint8)
        free = np.flatnonzero(solid == 0)
        pods = set(rng.choice(free, 5, replace=False).tolist())
        pod_at = np.full(n_rows * n_cols, -1, dtype=np.int32)
        pod_at[sorted(pods)] = np.arange(len(pods))
        unit = records(random_unit(rng, 0.2, 4.0))[0]
        found = int(_hits_standing(unit, size, solid, pod_at, n_rows, n_cols))
        expected = standing_overlap(unit, kinds, pods, n_rows, n_cols, turns, gap_m)
        assert found == expected, f"case {case}"
        counts[found] += 1
    assert min(counts.values()) > 30


def contacts_by_polygons(before: np.ndarray, now: np.ndarray) -> set[tuple[int, int]]:
    """Pairs that touch now and of which one has changed since the tick before."""
    moved = [before[i] != now[i] for i in range(len(now))]
    return {
        (i, j)
        for i in range(len(now))
        for j in range(i + 1, len(now))
        if (moved[i] or moved[j]) and overlap(bodies(now[i]), bodies(now[j])) > TOUCH_M2
    }


@pytest.mark.parametrize("seed", range(6))
def test_every_contact_of_reckless_units_is_told_once(seed: int) -> None:
    """Units that drive at random, through each other: times and parties as by polygons."""
    rng = np.random.default_rng(seed)
    layout = hall(5, 5)
    cells = rng.permutation(25)[:7]
    pods = cells[:3]
    twin = twin_of(layout, cells, pods=pods)
    for unit in range(7):
        path, here = [], int(cells[unit])
        if unit < 3:
            tell(twin, unit, 1, [here], Act.LIFT)
        for _ in range(6):
            ways = layout.neighbours[here]
            here = int(rng.choice(ways[ways >= 0]))
            path.append(here)
        tell(twin, unit, 2 if unit < 3 else 1, path)
    expected, touching = [], set()
    before = twin._units.copy()
    for tick in range(1, 700):
        twin.advance(tick * TICK_S)
        now = twin._units.copy()
        fresh = contacts_by_polygons(before[["x", "y", "yaw", "carried"]],
                                     now[["x", "y", "yaw", "carried"]])  # fmt: skip
        still = {
            pair for pair in touching
            if overlap(bodies(now[pair[0]]), bodies(now[pair[1]])) > TOUCH_M2
        }  # fmt: skip
        expected += [(tick, pair) for pair in sorted(fresh - touching)]
        touching = still | fresh
        before = now
    contacts = [c for c in twin.take_contacts() if c.other >= 0]
    found = [(round(c.time_s / TICK_S), (min(c.unit, c.other), max(c.unit, c.other)))
             for c in contacts]  # fmt: skip
    assert sorted(found) == sorted(expected), f"seed {seed}"
    assert len(found) > 3, f"seed {seed}: too tame"


def row_of(kinds: str) -> Layout:
    return open_layout(
        "row", np.array([[{"#": 0, ".": 1, "h": 7}[k] for k in kinds]], dtype=np.int8)
    )


def test_a_contact_has_the_time_and_place_of_its_tick() -> None:
    """Told at the end of a long advance, when the unit is already elsewhere."""
    twin = twin_of(hall(1, 12), [0, 3])
    tell(twin, 0, 1, list(range(1, 9)))
    slow, fast = twin_of(hall(1, 12), [0, 3]), []
    tell(slow, 0, 1, list(range(1, 9)))
    for tick in range(1, 400):
        slow.advance(tick * TICK_S)
        if slow.n_contacts == 1 and not fast:
            fast.append((tick * TICK_S, *slow.poses()[0, :2]))
    twin.advance(400 * TICK_S)
    [contact] = twin.take_contacts()
    assert (contact.time_s, contact.x_m, contact.y_m) == fast[0]
    assert contact.x_m == pytest.approx(3.5 - UNIT_MODEL.length_m, abs=0.06)
    assert contact.cell == 2
    assert {contact.unit, contact.other} == {0, 1}
    assert twin.poses()[0, 0] == 8.5
    assert not twin.take_contacts()
    assert twin.n_contacts == 1


def carrying(layout: Layout, cell: int, others: list[int], heading: int = 0) -> KinematicTwin:
    twin = twin_of(layout, [cell], pods=[cell, *others], headings=heading)
    tell(twin, 0, 1, [cell], Act.LIFT)
    twin.advance(UNIT_MODEL.lift_s)
    return twin


def test_a_laden_unit_does_not_pass_under_a_pod_and_an_unladen_one_does() -> None:
    laden = carrying(hall(1, 6), 0, [3])
    tell(laden, 0, 2, [1, 2, 3, 4])
    laden.advance(20.0)
    [contact] = laden.take_contacts()
    assert (contact.unit, contact.other, contact.cell) == (0, HIT_POD, 2)
    empty = twin_of(hall(1, 6), [0], pods=[3])
    tell(empty, 0, 1, [1, 2, 3, 4])
    empty.advance(20.0)
    assert empty.n_contacts == 0


def test_pods_beside_a_laden_unit_that_turns_are_not_touched() -> None:
    """The pod keeps its orientation; turning with the unit it would reach 0.64 m."""
    twin = carrying(hall(3, 3), 4, [1, 3, 5, 7])
    tell(twin, 0, 2, [1])
    twin.advance(UNIT_MODEL.lift_s + 0.96)  # has turned to the north and not set off
    assert twin.poses()[0, 2] == pytest.approx(np.pi / 2, abs=0.1)
    assert twin.n_contacts == 0
    twin.advance(20.0)
    assert twin.n_contacts == 1


@pytest.mark.parametrize("kinds", ["...#", "...h"])
def test_obstacles_and_cells_of_people_are_hit(kinds: str) -> None:
    twin = twin_of(row_of(kinds), [0])
    tell(twin, 0, 1, [1, 2, 3])
    twin.advance(20.0)
    [contact] = twin.take_contacts()
    assert (contact.unit, contact.other, contact.cell) == (0, HIT_OBSTACLE, 2)


def test_the_edge_of_the_floor_is_hit() -> None:
    """No release leads off the floor, so the unit is put over the edge and made to turn there."""
    twin = twin_of(hall(2, 3), [0])
    twin._units["x"][0] = 0.3
    tell(twin, 0, 1, [3])
    twin.advance(0.2)
    [contact] = twin.take_contacts()
    assert (contact.unit, contact.other, contact.cell) == (0, HIT_OBSTACLE, 0)


def test_a_contact_that_begins_with_the_last_move_is_told() -> None:
    """Arriving, finishing a turn or lifting a pod makes a unit idle in that very tick."""
    twin = twin_of(hall(1, 4), [0, 1], pods=[0])
    twin._units["x"][1] = 1.30  # too near for a pod, far enough for the unit below it
    tell(twin, 0, 1, [0], Act.LIFT)
    twin.advance(UNIT_MODEL.lift_s - TICK_S)
    assert twin.n_contacts == 0
    twin.advance(10.0)
    [contact] = twin.take_contacts()
    assert contact.time_s == pytest.approx(UNIT_MODEL.lift_s)


def test_three_in_contact_are_two_or_three_events_not_one_for_every_tick() -> None:
    twin = twin_of(hall(1, 6), [0, 2, 3])
    twin._units["x"][2] = 2.6  # the second and third stand in each other
    tell(twin, 0, 1, [1, 2])
    twin.advance(30.0)
    tell(twin, 1, 1, [3])
    twin.advance(60.0)
    pairs = [{c.unit, c.other} for c in twin.take_contacts()]
    assert sorted(map(sorted, pairs)) == [[0, 1], [0, 2], [1, 2]]


def test_more_contacts_than_the_log_holds_are_still_counted(monkeypatch) -> None:
    monkeypatch.setattr("twin.floor.world.MAX_CONTACTS_A_CALL", 2)
    twin = twin_of(hall(1, 12), [0, 2, 4, 6, 8])
    tell(twin, 0, 1, list(range(1, 11)))
    twin.advance(60.0)
    assert twin.n_contacts == 4
    assert len(twin.take_contacts()) == 2
