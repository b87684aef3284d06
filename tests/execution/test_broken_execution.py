"""Whoever watches must see it when execution is broken: checker, monitor and executor itself.

And the other way round: in a whole run of the unbroken project the checker finds every body inside
the cells that its unit holds, at every control cycle.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from checker import BrokenError, Checker
from floors import Floor, random_step
from sabotage import (
    FREE_EARLY,
    RELEASE_AND_FREE_UNCHECKED,
    RELEASE_OUT_OF_TURN,
    RELEASE_UNCHECKED,
    RELEASE_UNSEEN,
    sabotage,
)

from fleet_control.errors import InvariantError
from fleet_control.events import EventKind
from gridfleet.record import BrokenRunError, RunRecord
from gridfleet.scenario import Scenario
from gridfleet.simulation import Simulation
from twin.kinematic.engine import KinematicTwin
from twin.unit_model import DEFAULT_UNIT


def run_floor(seed: int) -> None:
    floor = Floor(seed, most=0.8)
    planner = random_step(floor.rng, floor.layout)
    for _ in range(60):
        floor.plan(planner)
        floor.cycle()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "broken", [FREE_EARLY, RELEASE_AND_FREE_UNCHECKED], ids=["free", "release"]
)
def test_the_checker_sees_broken_execution(monkeypatch, broken, seed: int) -> None:
    run_floor(seed)
    sabotage(monkeypatch, broken)
    with pytest.raises(BrokenError, match=f"seed {seed}: cell"):
        run_floor(seed)


def first_cause(error: BaseException) -> BaseException:
    """A run may wrap what ended it, so as to keep its record."""
    return error.__cause__ or error


def busy_run(minutes: float = 15) -> RunRecord:
    return Simulation(Scenario(layout="teaching", hours=minutes / 60, seed=1)).run()


@pytest.mark.parametrize(
    "broken", [FREE_EARLY, RELEASE_AND_FREE_UNCHECKED], ids=["free", "release"]
)
def test_the_monitor_sees_broken_execution_in_a_whole_run(monkeypatch, broken) -> None:
    sabotage(monkeypatch, broken)
    record = busy_run()
    assert record.contacts > 0
    rows = record.events["kind"] == EventKind.CONTACT
    assert rows.sum() == record.contacts
    assert (record.events["cell"][rows] >= 0).all()
    assert (record.events["unit"][rows] >= 0).all()


@pytest.mark.parametrize(
    "broken",
    [RELEASE_OUT_OF_TURN, RELEASE_UNCHECKED, RELEASE_UNSEEN],
    ids=["release", "free", "holdings"],
)
def test_the_executor_stops_a_run_whose_release_is_broken(monkeypatch, broken) -> None:
    """Any of its three assertions is enough: at the release, at the freeing, and of all holdings
    after every cycle."""
    sabotage(monkeypatch, broken)
    with pytest.raises(
        (InvariantError, BrokenRunError), match=r"still held|contradicts|in the books"
    ) as caught:
        busy_run()
    assert isinstance(first_cause(caught.value), InvariantError)


def cells_under(layout, pose: np.ndarray, laden: bool) -> set[int]:
    """Cells that the box around chassis and pod reaches into: never fewer than the body covers."""
    x, y, yaw = pose
    cos, sin = abs(math.cos(yaw)), abs(math.sin(yaw))
    model, cell_m = DEFAULT_UNIT, layout.cell_size_m
    half_x = (cos * model.length_m + sin * model.width_m) / 2
    half_y = (sin * model.length_m + cos * model.width_m) / 2
    if laden:
        half_x, half_y = max(half_x, model.pod_side_m / 2), max(half_y, model.pod_side_m / 2)
    corners = [
        (x + sx * (half_x - 1e-6), y + sy * (half_y - 1e-6)) for sx in (-1, 1) for sy in (-1, 1)
    ]
    return {
        layout.n_cols * (layout.n_rows - 1 - int(cy // cell_m)) + int(cx // cell_m)
        for cx, cy in corners
    }


def watch(monkeypatch: pytest.MonkeyPatch, base_length: int) -> list[Checker]:
    """From now on the checker looks over the shoulder of every kinematic twin."""
    checkers: list[Checker] = []
    connect, send, advance = KinematicTwin.connect, KinematicTwin.send, KinematicTwin.advance

    def connect_watched(twin):
        state = connect(twin)
        checkers.append(_Unplanned(state.cells, base_length, "whole run"))
        return state

    def send_watched(twin, commands):
        checkers[-1].note_releases(commands.releases)
        send(twin, commands)

    def advance_watched(twin, until_s):
        reports = advance(twin, until_s)
        checkers[-1].note_reports(reports)
        laden = twin._units["carried"] >= 0
        for unit, pose in enumerate(twin.poses()):
            checkers[-1].check_body(unit, cells_under(twin._layout, pose, laden[unit]))
        return reports

    monkeypatch.setattr(KinematicTwin, "connect", connect_watched)
    monkeypatch.setattr(KinematicTwin, "send", send_watched)
    monkeypatch.setattr(KinematicTwin, "advance", advance_watched)
    return checkers


class _Unplanned(Checker):
    """A checker that was not told the plans: everything but the order of visits."""

    def _visit(self, unit: int, cell: int) -> None:
        self.visited[cell].append(unit)


def test_in_a_whole_run_every_body_is_within_the_cells_it_holds(monkeypatch) -> None:
    checkers = watch(monkeypatch, base_length=8)
    record = busy_run(minutes=12)
    [checker] = checkers
    assert record.contacts == 0
    assert sum(checker.done) > 1000


def test_in_a_broken_run_a_body_is_outside_them(monkeypatch) -> None:
    watch(monkeypatch, base_length=8)
    sabotage(monkeypatch, RELEASE_AND_FREE_UNCHECKED)
    with pytest.raises((BrokenError, BrokenRunError), match="whole run: cell") as caught:
        busy_run()
    assert isinstance(first_cause(caught.value), BrokenError)
