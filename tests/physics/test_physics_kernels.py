"""Kernels of the physics engine against a few plain lines, and each compiled once."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
from physics_hall import Hall, cell

from fleet_control.backend import Act
from twin.floor.sizes import sizes_of
from twin.floor.state import UNIT
from twin.physics.options import DETAILS, PhysicsOptions
from twin.physics.planar_kernels import find_velocities, take_poses
from twin.physics.steer_kernels import NEAR_POD_M, find_near_pods, follow_bodies, steer
from twin.unit_model import DEFAULT_UNIT

N_UNITS, TICK_S = 12, 1 / 30


def planar_units(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Bodies, mounts, commands, keeps and grips of units in any state."""
    yaw = rng.uniform(-math.pi, math.pi, N_UNITS)
    raw = rng.normal(size=(N_UNITS, 7))
    raw[:, 2], raw[:, 3] = np.sin(yaw / 2), np.cos(yaw / 2)
    mounts = rng.normal(size=(N_UNITS, 4)) * (0.01, 0.01, 1.0, 1.0)
    commands = rng.normal(size=(N_UNITS, 3))
    keeps = rng.integers(0, 2, N_UNITS).astype(np.uint8)
    return raw, mounts, commands, keeps, rng.uniform(1.0, 20.0, (N_UNITS, 3))


@pytest.mark.parametrize("seed", range(5))
def test_a_chassis_is_where_its_body_carries_it(seed: int) -> None:
    raw, mounts, commands, _, _ = planar_units(np.random.default_rng(seed))
    state = np.zeros((N_UNITS, 10))
    take_poses(np.arange(N_UNITS), raw, mounts, commands, state)
    for row, mount, found in zip(raw, mounts, state, strict=True):
        turn = complex(row[3], row[2]) ** 2
        place = complex(row[0], row[1]) - turn * complex(mount[0], mount[1])
        assert found[:2] == pytest.approx([place.real, place.imag]), f"seed {seed}"
        facing = turn * cmath.exp(1j * mount[2])
        assert cmath.exp(1j * found[2]) == pytest.approx(facing), f"seed {seed}"


@pytest.mark.parametrize("seed", range(5))
def test_no_body_changes_its_velocity_faster_than_grip_allows(seed: int) -> None:
    raw, mounts, commands, keeps, grips = planar_units(np.random.default_rng(seed))
    before, shares = raw.copy(), np.zeros(N_UNITS)
    rows = np.arange(N_UNITS)
    find_velocities(TICK_S, rows, raw, keeps, grips, commands, mounts.copy(), shares)
    change = raw - before
    assert (np.abs(change[:, :4]) == 0).all()
    most = np.hypot(grips[:, 0], grips[:, 1]) * TICK_S
    assert (np.hypot(change[:, 4], change[:, 5]) <= most + 1e-12).all(), f"seed {seed}"
    assert (np.abs(change[:, 6]) <= grips[:, 2] * TICK_S + 1e-12).all(), f"seed {seed}"
    firm = np.full_like(grips, 1e6)
    raw = before.copy()
    find_velocities(TICK_S, rows, raw, keeps, firm, commands, mounts.copy(), shares)
    for index in rows[keeps == 0]:  # with all the grip there is: ahead, around the chassis' middle
        turn = complex(before[index, 3], before[index, 2]) ** 2
        rate = commands[index, 1]
        ahead = turn * cmath.exp(1j * (mounts[index, 2] + rate * TICK_S / 2))
        wanted = commands[index, 0] * ahead + 1j * rate * turn * complex(*mounts[index, :2])
        assert complex(*raw[index, 4:6]) == pytest.approx(wanted), f"seed {seed}"
        assert raw[index, 6] == pytest.approx(rate), f"seed {seed}"


@pytest.mark.parametrize("only_laden", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_near_pods_are_those_within_reach(seed: int, only_laden: bool) -> None:
    rng, (n_rows, n_cols) = np.random.default_rng(seed), (9, 11)
    sizes = sizes_of(DEFAULT_UNIT, Hall([cell(0, 0)], []).twin._layout)
    n_pods = 60
    at = rng.choice(n_rows * n_cols, n_pods, replace=False)
    pod_at = np.full(n_rows * n_cols, -1, dtype=np.int32)
    pod_at[at] = np.arange(n_pods)
    poses = np.column_stack([at % n_cols + 0.5, n_rows - at // n_cols - 0.5, np.zeros(n_pods)])
    poses += rng.normal(0.0, 0.004, poses.shape)
    units = np.zeros(N_UNITS, dtype=UNIT)
    units["x"], units["y"] = rng.uniform(0, n_cols, N_UNITS), rng.uniform(0, n_rows, N_UNITS)
    units["awake"] = rng.integers(0, 2, N_UNITS)
    loads = np.where(rng.random(N_UNITS) < 0.5, np.arange(N_UNITS), -1).astype(np.int32)
    world_of = rng.integers(0, 3, N_UNITS).astype(np.int32)
    is_near = np.ones((3, n_pods), dtype=np.uint8)
    find_near_pods(
        units, sizes, pod_at, poses, loads, n_rows, n_cols, only_laden, world_of, is_near
    )
    expected = np.zeros_like(is_near)
    reach = math.hypot(DEFAULT_UNIT.length_m, DEFAULT_UNIT.width_m) / 2
    for unit, load, world in zip(units, loads, world_of, strict=True):
        off = np.abs(poses[:, :2] - (unit["x"], unit["y"])).max(axis=1)
        if unit["awake"] and (load >= 0 or not only_laden):
            expected[world] |= off < reach + DEFAULT_UNIT.pod_side_m / 2 + NEAR_POD_M
    expected[:, loads[loads >= 0]] = 0
    assert (is_near == expected).all(), f"seed {seed}"


def test_every_kernel_is_compiled_for_one_signature() -> None:
    for detail in DETAILS:
        fleet = Hall([cell(1, 0)], [cell(1, 0)], options=PhysicsOptions(detail))
        fleet.release(0, (cell(1, 0), Act.LIFT), cell(1, 1), (cell(1, 1), Act.LOWER))
        fleet.settle()
        fleet.twin.close()
    kernels = steer, find_near_pods, follow_bodies, take_poses, find_velocities
    assert [len(kernel.signatures) for kernel in kernels] == [1] * len(kernels)
