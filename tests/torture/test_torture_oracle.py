"""The oracle sees every violation that is put before it, and nothing where nothing is wrong."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gridfleet.torture.body_kernels import common_m2
from gridfleet.torture.oracle import BodySizes, Oracle, Scene, Violation, Wait, say_waits
from gridfleet.torture.world import cells_of_steps
from layouts import CellKind, Layout, open_layout

ROOT = Path(__file__).resolve().parents[2]
SIZES = BodySizes(0.75, 0.60, 0.90, 1.0)
N_ROWS, N_COLS, N_PODS = 3, 4, 2
A, B, NEXT = 0, 10, 1
"""Cells of unit 0 and of unit 1, and the one east of unit 0."""


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def floor() -> Layout:
    kinds = np.full((N_ROWS, N_COLS), CellKind.FLOOR, dtype=np.int8)
    kinds[0, 3] = CellKind.OBSTACLE
    return open_layout("small", kinds)


def pose(cell: int, east: float = 0.0, north: float = 0.0, yaw: float = 0.0) -> list[float]:
    row, col = divmod(cell, N_COLS)
    return [col + 0.5 + east, N_ROWS - 0.5 - row + north, yaw]


def owners(**held: int) -> np.ndarray:
    """owners(c0=0, c10=1): cells 0 and 10 belong to units 0 and 1."""
    table = np.full(N_ROWS * N_COLS, -1, dtype=np.int32)
    for name, unit in held.items():
        table[int(name[1:])] = unit
    return table


def pods(*cells: int) -> np.ndarray:
    table = np.full(N_ROWS * N_COLS, -1, dtype=np.int32)
    table[list(cells)] = np.arange(len(cells))
    return table


def sound() -> Scene:
    """Unit 0 on its way from cell 0 to 1, unit 1 standing on cell 10, pods on 5 and 6."""
    return Scene(
        time_s=7.0,
        poses=np.array([pose(A, 0.3), pose(B, yaw=0.7)]),
        carried=ints(-1, -1),
        is_there=np.ones(2, dtype=bool),
        is_expected=np.ones(2, dtype=bool),
        pod_at=pods(5, 6),
        owners=owners(c0=0, c1=0, c10=1),
        held_units=ints(0, 0, 1),
        held_cells=ints(A, NEXT, B),
        may_units=ints(0),
        may_cells=ints(NEXT),
    )


def seen(*scenes: Scene) -> list[Violation]:
    oracle = Oracle(floor(), SIZES, 2, N_PODS)
    for scene in scenes:
        oracle.look(scene)
    return oracle.violations


def test_nothing_is_seen_where_nothing_is_wrong() -> None:
    assert seen(sound()) == []


HOLDS_FIVE = {
    "owners": owners(c0=0, c1=0, c4=0, c5=1),
    "held_units": ints(0, 0, 0, 1),
    "held_cells": ints(A, NEXT, 4, 5),
}


@pytest.mark.parametrize(
    ("changes", "kind", "what"),
    [
        ({"poses": [pose(A, 0.3), pose(A, 0.9)]}, "overlap", "units 0 and 1 overlap"),
        ({"poses": [pose(A, 0.3), pose(A, 0.9)]}, "held",
         "unit 1 is on row 1, column 2, which it does not hold"),
        ({"carried": ints(0, -1), "pod_at": pods(NEXT)[::1]}, "pods", "pod 0 is in 2 places"),
        ({"carried": ints(0, -1), "pod_at": np.where(pods(1, 1) >= 0, 1, -1).astype(np.int32)},
         "overlap", "unit 0 carries a pod into pod 1"),
        ({"carried": ints(0, 0), "pod_at": np.where(pods(5, 5) >= 0, 1, -1).astype(np.int32)},
         "pods", "pod 0 is in 2 places"),
        ({"pod_at": pods(5)}, "pods", "pod 1 is nowhere"),
        ({"poses": [pose(A, -0.2), pose(B)]}, "overlap", "unit 0 is where no unit may be"),
        ({"poses": [pose(A, 0.3), pose(7, north=0.3)]}, "overlap",
         "unit 1 is where no unit may be"),
        ({"poses": [pose(A, 0.3), pose(B, 0.14)]}, "held",
         "unit 1 is on row 3, column 4, which it does not hold"),
        ({"owners": owners(c0=0, c1=0)}, "held",
         "unit 1 has not proved that it left row 3, column 3, which is not its"),
        ({"held_units": ints(0, 0, 1, 1), "held_cells": ints(A, NEXT, B, NEXT)}, "held",
         "unit 1 holds row 1, column 2 together with another unit"),
        ({"may_units": ints(0, 1), "may_cells": ints(NEXT, 11)}, "held",
         "unit 1 may enter row 3, column 4, which it does not hold"),
    ],
)  # fmt: skip
def test_a_violation_is_seen(changes: dict, kind: str, what: str) -> None:
    changes = {key: np.asarray(value) for key, value in changes.items()}
    assert Violation(7.0, kind, what) in seen(replace(sound(), **changes))


def test_a_turning_body_keeps_to_its_cell_and_a_turned_one_may_not() -> None:
    """The diagonal of the chassis is shorter than a cell; a pod does not turn with its unit."""
    for yaw in np.linspace(0, np.pi, 40):
        turned = replace(sound(), poses=np.array([pose(A, 0.3), pose(B, yaw=yaw)]))
        laden = replace(turned, carried=ints(-1, 1), pod_at=pods(5))
        assert seen(turned, laden) == []
    beside = replace(sound(), poses=np.array([pose(A, 0.3), pose(B, 0.12, yaw=0.0)]))
    across = replace(sound(), poses=np.array([pose(A, 0.3), pose(B, 0.12, yaw=0.6)]))
    assert seen(beside) == []
    assert [violation.kind for violation in seen(across)] == ["held"]


def test_a_pod_that_turns_keeps_to_the_rims_that_its_unit_holds() -> None:
    """Unit 1 turns on B; row 2, column 2 north of it and others beside are nobody's."""
    sizes = replace(SIZES, pod_side_m=0.8, pod_turns=True, wall_gap_m=0.1)
    rims = np.full(floor().n_cells, -1, dtype=np.int32)
    rims[B] = 1
    turned = replace(
        sound(), poses=np.array([pose(A, 0.3), pose(B, yaw=np.pi / 4)]), carried=ints(-1, 1),
        pod_at=pods(5), rims=rims,
    )  # fmt: skip

    def kinds(scene: Scene, sizes: BodySizes) -> set[str]:
        oracle = Oracle(floor(), sizes, 2, N_PODS)
        oracle.look(scene)
        return {violation.kind for violation in oracle.violations}

    assert kinds(turned, sizes) == set()
    assert kinds(replace(turned, rims=None), sizes) == {"held"}
    assert kinds(turned, replace(sizes, wall_gap_m=0.0)) == {"overlap"}
    further = turned.poses + np.array([[0, 0, 0], [-0.02, 0, 0]])
    assert kinds(replace(turned, poses=further), sizes) == {"held"}


def test_what_goes_on_is_told_once_and_what_comes_back_again() -> None:
    wrong = replace(sound(), may_cells=ints(11))
    later = [replace(scene, time_s=8.0 + i) for i, scene in enumerate([wrong, wrong])]
    again = replace(wrong, time_s=20.0)
    assert [v.time_s for v in seen(wrong, *later, sound(), again)] == [7.0, 20.0]


def test_a_unit_that_is_off_the_floor_touches_nobody() -> None:
    both = np.array([pose(A), pose(A)])
    off = replace(sound(), poses=both, is_there=np.array([True, False]))
    assert seen(off) == []


def test_a_unit_that_nobody_expects_holds_nothing_and_still_may_not_touch() -> None:
    stranger = np.array([True, False])
    apart = replace(sound(), poses=np.array([pose(A), pose(8)]), is_expected=stranger)
    assert seen(apart) == []
    close = replace(apart, poses=np.array([pose(A), pose(A, 0.5)]))
    assert [violation.kind for violation in seen(close)] == ["overlap"]


def test_common_area_agrees_with_counting_points() -> None:
    """Points of a fine grid in both rectangles, for random pairs of rectangles."""
    rng = np.random.default_rng(5)
    work, n_apart = np.empty((2, 16, 2)), 0
    axis = (np.arange(300) + 0.5) / 300 * 4 - 2
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    for _ in range(150):
        shapes = [(rng.uniform(-0.8, 0.8, 2), rng.uniform(0, 7), rng.uniform(0.1, 0.6, 2))
                  for _ in range(2)]  # fmt: skip
        inside = np.ones(len(grid), dtype=bool)
        for centre, yaw, half in shapes:
            inside &= (np.abs((grid - centre) @ _turn(yaw)) <= half).all(axis=1)
        corners = [_corners(*shape) for shape in shapes]
        found = common_m2(corners[0], corners[1], work)
        assert found == pytest.approx(inside.mean() * 16, abs=0.02)
        assert found == pytest.approx(common_m2(corners[1], corners[0], work), abs=1e-12)
        n_apart += found == 0
    assert 20 < n_apart < 130


def _turn(yaw: float) -> np.ndarray:
    return np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]])


def _corners(centre: np.ndarray, yaw: float, half: np.ndarray) -> np.ndarray:
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    return centre + (signs * half) @ _turn(yaw).T


def test_who_waits_for_whom_is_told_with_rings() -> None:
    waits = [
        Wait(0, A, 3, 1, 1),
        Wait(1, 1, 0, 5, 2),
        Wait(2, 5, 0, 1, 1),
        Wait(3, 8, -1, -1, -1, "PAUSED"),
    ]
    assert list(say_waits(floor(), waits)) == [
        "unit 0 stands on row 1, column 1, bound for row 1, column 4, and waits for unit 1 to "
        "leave row 1, column 2",
        "unit 1 stands on row 1, column 2, bound for row 1, column 1, and waits for unit 2 to "
        "leave row 2, column 2",
        "unit 2 stands on row 2, column 2, bound for row 1, column 1, and waits for unit 1 to "
        "leave row 1, column 2",
        "unit 3 stands on row 3, column 1 (PAUSED)",
        "units 1, 2 wait for each other in a ring",
    ]


@pytest.mark.parametrize("name", ["oracle.py", "body_kernels.py", "goods.py", "result.py"])
def test_the_oracle_shares_no_code_with_controller_and_twin(name: str) -> None:
    tree = ast.parse((ROOT / "gridfleet" / "torture" / name).read_text("utf-8"))
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    plain = [a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names]
    allowed = {"fleet_control.compile", "gridfleet.torture.case"}
    ours = {
        m for m in [*modules, *plain] if m.split(".")[0] in ("fleet_control", "twin", "gridfleet")
    }
    near = {f"gridfleet.torture.{other}" for other in ("oracle", "body_kernels", "goods", "result")}
    assert ours <= allowed | near | {"gridfleet.torture"}


def test_spans_of_steps_are_unrolled() -> None:
    """Against plain Python, for random spans over the end of the ring, empty ones included."""
    rng = np.random.default_rng(3)
    for _ in range(50):
        rings = rng.integers(100, size=(4, 8)).astype(np.int32)
        first = rng.integers(0, 40, size=4).astype(np.int32)
        last = first + rng.integers(-1, 8, size=4).astype(np.int32)
        wanted = [
            (unit, int(rings[unit, step % 8]))
            for unit in range(4)
            for step in range(first[unit], last[unit] + 1)
        ]
        units, cells = cells_of_steps(first, last, rings)
        assert list(zip(units.tolist(), cells.tolist(), strict=True)) == wanted
