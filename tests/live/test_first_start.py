"""The first start of a fleet: nobody is driven into a unit whose place is not known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from live_twin import CYCLE_S, Controller, make_world

from fleet_control.events import EventKind
from fleet_control.operations import Operation, OperationKind
from fleet_control.supervision.roster import UnitStatus
from fleet_control.supervision.status import status_of
from gridfleet.journalled import replay_run
from gridfleet.live.run import LiveRun
from gridfleet.live.status import StatusBoard
from twin.linked import LinkedTwin

LONG_S = 1e6
UNKNOWN = 3


def silent(world: LinkedTwin, unit: int = UNKNOWN) -> None:
    """The unit stands on the floor and is switched off, or out of reach."""
    world.link.set_down(True, unit)


def heard(world: LinkedTwin, unit: int = UNKNOWN) -> None:
    world.link.set_down(False, unit)


def placeless(world: LinkedTwin, unit: int = UNKNOWN) -> None:
    """The unit answers, and does not know where it stands."""
    world.agents.reboot(unit, LONG_S)


def placed(world: LinkedTwin, unit: int = UNKNOWN) -> None:
    world.agents.state["starts_s"][unit] = world.time_s


HIDDEN = pytest.mark.parametrize(
    ("hide", "show"), [(silent, heard), (placeless, placed)], ids=["silent", "placeless"]
)
Change = Callable[[LinkedTwin], None]


class Asks:
    """A desk at which what is in `operations` has just been asked."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.refusals: list[str] = []

    def hear(self, run: LiveRun) -> list[Operation]:
        asked, self.operations = self.operations, []
        return asked

    def answer(self, refusals: list[str]) -> None:
        self.refusals = list(refusals)


def n_released(controller: Controller) -> int:
    return int(controller.run.brain.controller.executor.released.sum())


def happened(controller: Controller, kind: EventKind) -> list[int]:
    """Units of events of that kind."""
    events = controller.run.brain.log.columns()
    return events["unit"][events["kind"] == kind].tolist()


def status(controller: Controller, unit: int = UNKNOWN) -> UnitStatus:
    return status_of(controller.run.brain.controller.supervisor).units[unit].status


def decisions_are_repeated(path: Path) -> None:
    found = replay_run(path).outcome
    assert (found.difference, found.damage) == ("", "")


@HIDDEN
def test_nobody_moves_until_the_place_of_every_unit_is_known(
    tmp_path: Path, hide: Change, show: Change
) -> None:
    path, world = tmp_path / "live.journal", make_world()
    hide(world)
    controller = Controller(path, world)
    controller.drive(60.0)
    assert n_released(controller) == 0
    assert status(controller) is UnitStatus.AWAITED
    assert happened(controller, EventKind.AWAITED) == [UNKNOWN]
    show(world)
    controller.drive(60.0)
    assert controller.run.brain.setup.n_done() > 0
    assert status(controller) is UnitStatus.WORKING
    assert len(happened(controller, EventKind.ALL_PLACED)) == 1
    assert world.n_contacts == 0
    controller.die()
    decisions_are_repeated(path)


@HIDDEN
def test_a_restart_while_it_waits_goes_on_waiting(
    tmp_path: Path, hide: Change, show: Change
) -> None:
    path, world = tmp_path / "live.journal", make_world()
    hide(world)
    for seconds in (0.0, 9.0, 130.0):  # killed at once, before a snapshot, behind one
        controller = Controller(path, world)
        controller.drive(seconds)
        assert n_released(controller) == 0
        controller.die()
    show(world)
    controller = Controller(path, world)
    assert status(controller) is not UnitStatus.AWAITED or hide is silent
    controller.drive(60.0)
    assert controller.run.brain.setup.n_done() > 0
    assert world.n_contacts == 0
    assert happened(controller, EventKind.AWAITED) == [UNKNOWN], "it is told once"
    controller.die()
    decisions_are_repeated(path)


def test_who_was_heard_of_once_is_not_waited_for_again(tmp_path: Path) -> None:
    path, world = tmp_path / "live.journal", make_world()
    Controller(path, world).die()
    silent(world)
    controller = Controller(path, world)
    controller.drive(60.0)
    assert status(controller) is UnitStatus.LOST
    assert n_released(controller) > 0
    assert controller.run.brain.controller.executor.held_cells(UNKNOWN).size == 1
    controller.die()
    decisions_are_repeated(path)


@HIDDEN
def test_who_is_said_to_be_off_the_floor_is_not_waited_for(
    tmp_path: Path, hide: Change, show: Change
) -> None:
    world, desk = make_world(), Asks()
    world.agents.take_off(UNKNOWN)  # so that it really is
    hide(world)
    controller = Controller(tmp_path / "live.journal", world, desk=desk)
    controller.drive(10.0)
    assert n_released(controller) == 0
    desk.operations.append(Operation(OperationKind.LEAVE_OUT, unit=UNKNOWN))
    controller.drive(60.0)
    assert desk.refusals == [""]
    assert status(controller) is UnitStatus.ABSENT
    assert controller.run.brain.setup.n_done() > 0
    controller.die()
    decisions_are_repeated(tmp_path / "live.journal")


def test_who_comes_after_all_is_taken_in_as_a_unit_that_is_put_onto_the_floor(
    tmp_path: Path,
) -> None:
    world = make_world()
    silent(world)
    controller = Controller(tmp_path / "live.journal", world, without=(UNKNOWN,))
    controller.drive(1.0)
    heard(world)
    controller.drive(20.0)
    assert happened(controller, EventKind.ADMITTED) == [UNKNOWN]
    assert status(controller) is UnitStatus.WORKING
    controller.die()
    decisions_are_repeated(tmp_path / "live.journal")


def test_what_a_unit_says_counts_for_more_than_what_is_said_of_it(tmp_path: Path) -> None:
    """It says where it stands in the cycle in which somebody says that it is off the floor."""
    world, desk = make_world(), Asks()
    silent(world)
    controller = Controller(tmp_path / "live.journal", world, desk=desk)
    controller.drive(5.0)
    heard(world)
    while status(controller) is UnitStatus.AWAITED:
        desk.operations = [Operation(OperationKind.LEAVE_OUT, unit=UNKNOWN)] * (
            bool(world._courier.books.units["heard_session"][UNKNOWN] >= 0)
        )
        controller.cycles(1)
    assert status(controller) is not UnitStatus.ABSENT
    controller.drive(5.0)
    desk.operations = [Operation(OperationKind.LEAVE_OUT, unit=UNKNOWN)]
    controller.drive(1.0)
    assert "is known to stand" in desk.refusals[0]
    assert controller.run.brain.controller.executor.is_present[UNKNOWN]
    controller.die()


def test_without_says_nothing_of_a_unit_that_answers_or_has_a_place(tmp_path: Path) -> None:
    """The same words may be used for every start."""
    path, world = tmp_path / "live.journal", make_world()
    for _ in range(2):
        controller = Controller(path, world, without=(UNKNOWN,))
        controller.drive(20.0)
        assert controller.run.brain.controller.executor.is_present.all()
        assert happened(controller, EventKind.OPERATION) == []
        controller.die()


def test_units_that_are_left_out_are_so_although_the_first_cycle_never_came(tmp_path: Path) -> None:
    path, world = tmp_path / "live.journal", make_world()
    silent(world)
    Controller(path, world, without=(UNKNOWN,)).die()
    controller = Controller(path, world, without=(UNKNOWN,))
    controller.drive(60.0)
    assert n_released(controller) > 0
    controller.die()
    decisions_are_repeated(path)


def test_a_unit_between_two_cells_is_waited_for_until_it_stands_on_one(tmp_path: Path) -> None:
    """The power was cut, its steps are forgotten, and it covers more than it could hold."""
    world = make_world()
    controller = Controller(tmp_path / "first.journal", world)
    while not (unladen := between_two(world)):
        controller.drive(CYCLE_S)
        assert world.time_s < 60.0
    controller.die()
    for unit in range(8):
        world.agents.reboot(unit, 0.0)
    world.advance_alone(world.time_s + 3.0)
    state = world.connect()
    assert (state.cells[unladen] == -1).all()
    assert (np.delete(state.cells, unladen) >= 0).all()


def between_two(world: LinkedTwin) -> list[int]:
    assert world._courier is not None
    latest = world._courier.books.latest
    return np.flatnonzero(latest["next"] >= 0).tolist()


def test_a_unit_with_steps_of_another_controller_is_waited_for_until_it_has_done_them(
    tmp_path: Path,
) -> None:
    """A new journal is begun while one unit still drives."""
    world = make_world()
    first = Controller(tmp_path / "first.journal", world)
    while not between_two(world):
        first.drive(CYCLE_S)
    first.die()
    driving = np.flatnonzero(world.bases() > world.twin.units["done"]).tolist()
    assert driving
    second = Controller(tmp_path / "second.journal", world)
    state_then = second.run.brain.controller.executor.is_present.copy()
    assert not state_then[driving].any()
    while not second.run.brain.controller.supervisor.roll_call.is_over:
        assert n_released(second) == 0
        second.drive(CYCLE_S)
        assert world.time_s < 100.0
    second.drive(60.0)
    assert second.run.brain.controller.executor.is_present.all()
    assert n_released(second) > 0
    assert world.n_contacts == 0
    second.die()
    decisions_are_repeated(tmp_path / "second.journal")


@pytest.mark.parametrize("seed", range(6))
def test_whoever_is_missing_and_comes_whenever_nobody_meets(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    path, world = tmp_path / "live.journal", make_world()
    missing = rng.permutation(8)[: rng.integers(1, 6)].tolist()
    comes_s = {unit: float(rng.uniform(2.0, 40.0)) for unit in missing}
    for unit in missing:
        (silent if rng.random() < 0.5 else placeless)(world, unit)
    controller = Controller(path, world)
    dies_s = rng.uniform(10.0, 50.0)
    while world.time_s < 90.0:
        for unit in [unit for unit, at_s in comes_s.items() if at_s <= world.time_s]:
            heard(world, unit)
            placed(world, unit)
            del comes_s[unit]
        if world.time_s > dies_s:
            controller.die()
            controller, dies_s = Controller(path, world), np.inf
        controller.drive(2.0)
        assert not (comes_s and n_released(controller)), f"seed {seed}: {comes_s}"
    assert controller.run.brain.setup.n_done() > 0, f"seed {seed}"
    assert world.n_contacts == 0, f"seed {seed}"
    controller.die()
    decisions_are_repeated(path)


def test_status_says_who_is_waited_for_and_what_to_do(tmp_path: Path) -> None:
    world = make_world()
    silent(world)
    placeless(world, 5)
    controller = Controller(tmp_path / "live.journal", world)
    controller.drive(15.0)
    told = StatusBoard()(controller.run)
    assert told["awaited"] == ["R004", "R006"]
    assert told["conditions"] == {"working": 6, "awaited": 2}
    assert "nothing moves until it is known where units R004 and R006 stand" in told["sentences"][0]
    cures = {row["serial"]: row["cure"] for row in told["units"] if row["status"] == "awaited"}
    assert "not heard of" in cures["R004"]
    assert "ctl remove" in cures["R004"]
    assert "does not know where it is" in cures["R006"]
    controller.die()
