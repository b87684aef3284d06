"""Motion against closed formulas: trapezoidal profile, turning, braking, and proof of leaving."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from polygons import area, overlap_m2, rectangle, square

from fleet_control.backend import (
    Act,
    Commands,
    Outlook,
    Releases,
    no_releases,
    no_station_jobs,
)
from fleet_control.errors import FleetError, InvariantError
from layouts import Layout, open_layout
from twin.floor.step_kernels import RING
from twin.kinematic.engine import TICK_S, KinematicTwin
from twin.people import People
from twin.unit_model import DEFAULT_UNIT, MotionLimits, UnitModel

EMPTY, LADEN = DEFAULT_UNIT.empty, DEFAULT_UNIT.laden


def hall(n_rows: int, n_cols: int, **more) -> Layout:
    return open_layout("hall", np.ones((n_rows, n_cols), dtype=np.int8), **more)


def twin_of(layout, cells, headings=0, pods=(), unit=DEFAULT_UNIT, tick_s=TICK_S) -> KinematicTwin:
    starts = np.array(cells, dtype=np.int32)
    facing = np.full(len(cells), headings, dtype=np.int8)
    people = People(0, 0)
    return KinematicTwin(
        layout, starts, facing, np.array(pods, dtype=np.int32), people, unit, tick_s
    )


def tell(twin: KinematicTwin, unit: int, first: int, cells: list[int], act: Act = Act.DRIVE):
    n = len(cells)
    columns = [np.full(n, unit), np.arange(first, first + n), np.array(cells)]
    ints = [column.astype(np.int32) for column in columns]
    twin.send(Commands(Releases(*ints, np.full(n, act, dtype=np.int8)), no_station_jobs()))


class Watch:
    """Advances tick by tick and keeps poses, loads and the latest numbers of unit 0."""

    def __init__(self, twin: KinematicTwin) -> None:
        self.twin, self.tick = twin, round(twin.time_s / twin.tick_s)
        self.done = self.cleared = 0
        self.poses: list[np.ndarray] = [twin.poses()[0]]

    def step(self) -> None:
        self.tick += 1
        reports = self.twin.advance(self.tick * self.twin.tick_s)
        if 0 in reports.units:
            self.done, self.cleared = int(reports.done[0]), int(reports.cleared[0])
        self.poses.append(self.twin.poses()[0])

    def until(self, done: int, limit: int = 5000) -> float:
        """Seconds until so many steps are done."""
        began = self.tick
        while self.done < done:
            assert self.tick - began < limit
            self.step()
        return (self.tick - began) * self.twin.tick_s

    def speeds(self) -> np.ndarray:
        xy = np.array(self.poses)[:, :2]
        return np.hypot(*np.diff(xy, axis=0).T) / self.twin.tick_s


def rest_to_rest_s(distance: float, top: float, accel: float, decel: float) -> float:
    """Time of the fastest way over `distance` from standing to standing."""
    ramps = top**2 / (2 * accel) + top**2 / (2 * decel)
    if distance >= ramps:
        return top / accel + top / decel + (distance - ramps) / top
    peak = math.sqrt(2 * distance * accel * decel / (accel + decel))
    return peak / accel + peak / decel


def lifted(layout: Layout, cell: int, unit: UnitModel = DEFAULT_UNIT) -> tuple[KinematicTwin, int]:
    """A twin whose only unit has lifted a pod; and the number of steps that took."""
    twin = twin_of(layout, [cell], pods=[cell], unit=unit)
    tell(twin, 0, 1, [cell], Act.LIFT)
    twin.advance(unit.lift_s + 1.0)
    assert twin.connect().carried_pods[0] == 0
    return twin, 0  # connecting began a new stream


@pytest.mark.parametrize("laden", [False, True])
@pytest.mark.parametrize("n_cells", [1, 2, 3, 5, 9, 19])
def test_arrival_time(n_cells: int, laden: bool) -> None:
    layout = hall(1, 20)
    twin = lifted(layout, 0)[0] if laden else twin_of(layout, [0])
    limits = LADEN if laden else EMPTY
    tell(twin, 0, 1, list(range(1, n_cells + 1)))
    watch = Watch(twin)
    expected = rest_to_rest_s(n_cells, limits.speed_m_s, limits.accel_m_s2, limits.decel_m_s2)
    assert expected - 1e-9 <= watch.until(n_cells) < expected + TICK_S
    assert watch.poses[-1][0] == n_cells + 0.5


@pytest.mark.parametrize("seed", range(12))
def test_limits_hold_at_every_tick(seed: int) -> None:
    """Random limits, loads, ticks and staggered releases over a path with corners."""
    rng = np.random.default_rng(seed)
    limits = MotionLimits(*rng.uniform([0.5, 0.3, 0.3, 0.8, 1.0], [2.5, 2.0, 2.5, 4.0, 12.0]))
    unit = replace(DEFAULT_UNIT, empty=limits, laden=limits)
    layout = hall(9, 9)
    twin = twin_of(layout, [40], headings=int(rng.integers(4)), unit=unit,
                   tick_s=float(rng.choice([0.02, 0.04, 0.1])))  # fmt: skip
    path = [40]
    while len(path) < 25:
        ways = layout.neighbours[path[-1]]
        path.append(int(rng.choice(ways[ways >= 0])))
    watch, released = Watch(twin), 0
    while watch.done < len(path) - 1:
        if released < len(path) - 1 and rng.random() < 0.2:
            n = int(rng.integers(1, 4))
            tell(twin, 0, released + 1, path[released + 1 : released + 1 + n])
            released = min(released + n, len(path) - 1)
        watch.step()
        assert watch.tick < 20_000, f"seed {seed}"
    dt, speeds = twin.tick_s, watch.speeds()
    gains = np.diff(np.concatenate([[0.0], speeds, [0.0]])) / dt
    # A tick's displacement at a corner or stop mixes two ticks of motion, hence the tolerance.
    assert speeds.max() <= limits.speed_m_s + 1e-6, f"seed {seed}"
    assert gains.max() <= limits.accel_m_s2 + 1e-6, f"seed {seed}"
    assert gains.min() >= -limits.decel_m_s2 - 1e-5 / dt, f"seed {seed}"
    poses = np.array(watch.poses)
    turning = np.diff(poses[:, 2])
    turning = (turning + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(turning).max() <= limits.turn_rate_rad_s * dt + 1e-6, f"seed {seed}"
    centred = np.isclose(poses[:, :2] % 1.0, 0.5, atol=1e-9)
    assert centred.any(axis=1).all(), f"seed {seed}: off the line between two centres"
    in_turn = np.flatnonzero(np.abs(turning) > 1e-12)
    assert centred[in_turn].all(), f"seed {seed}: turned outside a centre"
    assert centred[in_turn + 1].all(), f"seed {seed}: moved while turning"
    standing = np.flatnonzero(speeds == 0.0)
    assert centred[standing + 1].all(), f"seed {seed}: stood off a centre"
    assert tuple(poses[-1, :2]) == tuple(layout.centres_m()[path[-1]]), f"seed {seed}"


def turn_s(limits: MotionLimits, quarters: int) -> float:
    rate, accel = limits.turn_rate_rad_s, limits.turn_accel_rad_s2
    return rest_to_rest_s(quarters * math.pi / 2, rate, accel, accel)


@pytest.mark.parametrize(("heading", "quarters"), [(1, 1), (3, 1), (2, 2)])
@pytest.mark.parametrize("laden", [False, True])
def test_turning_time(heading: int, quarters: int, laden: bool) -> None:
    layout, to = hall(3, 3), {1: 1, 2: 3, 3: 7}[heading]
    twin = lifted(layout, 4)[0] if laden else twin_of(layout, [4])
    limits = LADEN if laden else EMPTY
    tell(twin, 0, 1, [to])
    watch = Watch(twin)
    while twin.poses()[0, 2] != heading * math.pi / 2:
        watch.step()
    took_s = (len(watch.poses) - 1) * TICK_S
    assert 0 <= took_s - turn_s(limits, quarters) < TICK_S


def test_a_quarter_turn_takes_what_is_published() -> None:
    """0.6 to 1 s; RAWSim-O has 0.625 s."""
    assert 0.6 <= turn_s(EMPTY, 1) <= 1.0
    assert 0.6 <= turn_s(LADEN, 1) <= 1.0
    assert 1.3 <= LADEN.speed_m_s <= EMPTY.speed_m_s <= 1.7


def test_straight_runs_keep_their_speed_over_cell_borders() -> None:
    twin = twin_of(hall(1, 20), [0])
    for step in range(1, 16):  # three cells ahead, as a controller releases them
        if step <= 3:
            tell(twin, 0, step, [step])
    watch, released = Watch(twin), 3
    while watch.done < 15:
        watch.step()
        while released < 15 and released - watch.done < 3:
            released += 1
            tell(twin, 0, released, [released])
    speeds = watch.speeds()
    assert (speeds[50:-60] > 1.4).all()
    expected = rest_to_rest_s(15, EMPTY.speed_m_s, EMPTY.accel_m_s2, EMPTY.decel_m_s2)
    assert watch.tick * TICK_S < expected + 4 * TICK_S


def footprints(twin: KinematicTwin, unit: int, carried: bool, model: UnitModel) -> list:
    x, y, yaw = twin.poses()[unit]
    bodies = [rectangle(x, y, yaw, model.length_m, model.width_m)]
    return [*bodies, square(x, y, model.pod_side_m)] if carried else bodies


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("laden", [False, True])
def test_the_body_is_in_the_cells_that_reports_say(seed: int, laden: bool) -> None:
    """`cleared` and `done` at every tick against the polygons of chassis and pod."""
    rng = np.random.default_rng(seed)
    layout = hall(7, 7)
    twin = lifted(layout, 24)[0] if laden else twin_of(layout, [24])
    path = [24]
    while len(path) < 18:
        ways = layout.neighbours[path[-1]]
        path.append(int(rng.choice(ways[ways >= 0])))
    tell(twin, 0, 1, path[1:])
    watch, centres = Watch(twin), layout.centres_m()
    while watch.done < len(path) - 1:
        watch.step()
        cells = set(path[watch.cleared : watch.done + 2])
        for body in footprints(twin, 0, laden, DEFAULT_UNIT):
            inside = sum(overlap_m2(body, square(*centres[cell], 1.0)) for cell in cells)
            assert inside == pytest.approx(area(body), abs=1e-9), f"seed {seed} {watch.tick}"
    assert watch.cleared == watch.done


def test_a_cell_is_cleared_as_soon_as_the_rear_has_left_it() -> None:
    """Not later either: the first tick in which the rear is past the border."""
    twin = twin_of(hall(1, 5), [0])
    tell(twin, 0, 1, [1, 2, 3])
    watch = Watch(twin)
    while watch.cleared == 0:
        watch.step()
    rear = [pose[0] - DEFAULT_UNIT.length_m / 2 for pose in watch.poses[-2:]]
    assert rear[0] < 1.0 <= rear[1]


def test_a_column_of_cells_is_driven_north_and_south() -> None:
    twin = twin_of(hall(8, 1), [0])
    tell(twin, 0, 1, [1, 2, 3])
    Watch(twin).until(3)
    assert twin.connect().headings[0] == 3
    assert twin.poses()[0, 1] == pytest.approx(4.5)
    tell(twin, 0, 1, [2])
    Watch(twin).until(1)
    assert twin.connect().headings[0] == 1
    assert twin.n_contacts == 0


def test_lifting_takes_its_time_and_the_pod_keeps_its_place() -> None:
    twin = twin_of(hall(1, 3), [0], pods=[0])
    tell(twin, 0, 1, [0], Act.LIFT)
    assert Watch(twin).until(1) == pytest.approx(DEFAULT_UNIT.lift_s)
    tell(twin, 0, 2, [1])
    tell(twin, 0, 3, [1], Act.LOWER)
    watch = Watch(twin)
    watch.until(2)
    assert watch.until(3) == pytest.approx(DEFAULT_UNIT.lower_s)
    assert twin.connect().pod_cells.tolist() == [1]


@pytest.mark.parametrize(
    ("cell_m", "unit", "pods", "least"),
    [
        (0.8, DEFAULT_UNIT, [], "0.86"),
        (0.8, DEFAULT_UNIT, [1], "0.94"),
        (1.0, replace(DEFAULT_UNIT, pod_side_m=1.2), [1], "1.20"),
        (1.0, replace(DEFAULT_UNIT, length_m=1.0), [1], "1.09"),
        (1.0, replace(DEFAULT_UNIT, pod_turns=True), [1], "1.09"),
    ],
)
def test_a_floor_on_which_units_do_not_fit_is_refused(cell_m, unit, pods, least) -> None:
    """They stand beyond their cell, or touch in a turn what stands on the next."""
    with pytest.raises(FleetError, match=f"cell_size_m at least {least}"):
        twin_of(hall(2, 2, cell_size_m=cell_m), [0], unit=unit, pods=pods)


def test_steps_beyond_the_memory_of_a_unit_are_refused() -> None:
    twin = twin_of(hall(1, 80), [0])
    with pytest.raises(InvariantError, match=f"{RING} or more"):
        tell(twin, 0, 1, list(range(1, RING + 1)))
    twin = twin_of(hall(1, 80), [0])
    tell(twin, 0, 1, list(range(1, RING)))
    Watch(twin).until(RING - 1)


def foresee(twin: KinematicTwin, step: int, cell: int) -> None:
    row = [np.array([value], dtype=np.int32) for value in (0, step, cell)]
    twin.send(Commands(no_releases(), no_station_jobs(), Outlook(*row)))


@pytest.mark.parametrize("waits_s", [0.0, 0.4, 5.0])
def test_a_unit_turns_to_what_it_waits_for(waits_s: float) -> None:
    """Told of the step ahead, it arrives earlier by the part of the turn that it has done."""
    layout, times = hall(3, 3), []
    for is_told in (False, True):
        twin = twin_of(layout, [4])
        if is_told:
            foresee(twin, 1, 1)
        watch = Watch(twin)
        for _ in range(round(waits_s / TICK_S)):
            watch.step()
        assert watch.done == watch.cleared == 0
        assert watch.poses[-1][:2] == pytest.approx(layout.centres_m()[4])
        tell(twin, 0, 1, [1])
        times.append(watch.until(1))
        assert twin.n_contacts == 0
    turn_s = times[0] - rest_to_rest_s(1.0, EMPTY.speed_m_s, EMPTY.accel_m_s2, EMPTY.decel_m_s2)
    assert times[0] - times[1] == pytest.approx(min(waits_s, turn_s), abs=2 * TICK_S)


def test_an_outlook_of_another_step_is_none() -> None:
    twin = twin_of(hall(3, 3), [4])
    foresee(twin, 2, 1)
    twin.advance(3.0)
    assert twin.poses()[0, 2] == 0.0
