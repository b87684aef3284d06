"""The fault table of the release protocol, second part: what befalls units and the floor.

One test per row. In each the oracle looks in every cycle, and in the end all orders are done, once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from rig import N_UNITS, Rig, small_case

from fleet_control.backend import Condition, FaultCode
from fleet_control.events import EventKind
from fleet_control.operations import OperationKind
from fleet_control.supervision.roster import UnitStatus
from layouts import CellKind

TEN_MINUTES_S = 600.0


def is_empty(rig: Rig, unit: int) -> bool:
    return bool(rig.world.loads()[unit] < 0)


# Power cycles


def cut_power(rig: Rig, unit: int) -> None:
    """It holds all that it may have entered until it says where it is, then what it covers; its
    task is gone on with or given back."""
    held, covered = rig.held[unit], rig.cells_under(unit)
    rig.agents.reboot(unit, start_s=8.0)
    rig.run(7.0)
    assert rig.status.units[unit].status is UnitStatus.STARTING
    assert set(covered) <= set(held) <= set(rig.held[unit])
    n_retracted = rig.happened(EventKind.GAVE_UP, unit)
    rig.until(lambda: rig.happened(EventKind.GAVE_UP, unit) > n_retracted, 5.0)
    assert rig.held[unit][: len(covered)] == covered
    rig.finish()


@pytest.mark.parametrize("is_laden", [False, True], ids=["empty", "laden"])
def test_power_cycle_mid_edge(is_laden: bool) -> None:
    rig = Rig()
    rig.run(15.0)
    unit = rig.first(lambda unit: rig.between_cells(unit) and is_empty(rig, unit) is not is_laden)
    assert len(rig.cells_under(unit)) == 2
    cut_power(rig, unit)


@pytest.mark.parametrize("is_laden", [False, True], ids=["lift", "lowering"])
def test_power_cycle_mid_lift(is_laden: bool) -> None:
    """The pod stays where it was, on the floor or on the plate, and its sensor says so."""
    rig = Rig()
    rig.run(5.0)
    unit = rig.first(lambda unit: rig.is_acting(unit) and is_empty(rig, unit) is not is_laden)
    rig.run(0.4)
    cut_power(rig, unit)


def test_power_cycle_after_a_lift_that_was_never_told() -> None:
    """The link is down while it lifts; what it has on its plate says that the lift was done."""
    rig = Rig()
    unit = rig.first(rig.is_lifting)
    rig.link.set_down(True, unit)
    rig.until(lambda: not is_empty(rig, unit))
    rig.agents.reboot(unit, start_s=3.0)
    rig.link.set_down(False, unit)
    n_lifted = rig.happened(EventKind.POD_LIFTED, unit)
    rig.until(lambda: rig.happened(EventKind.POD_LIFTED, unit) > n_lifted)
    rig.finish()
    assert rig.happened(EventKind.POD_LIFTED) == rig.happened(EventKind.POD_STORED)


def test_power_cycle_of_all_at_once() -> None:
    rig = Rig()
    rig.run(40.0)
    for unit in range(N_UNITS):
        rig.agents.reboot(unit, start_s=5.0 + unit)
    rig.finish()


# Units where nobody expects them


class Misplaced:
    """A unit that goes on to say that it stands on that cell, which is not on its route."""

    def __init__(self, rig: Rig, unit: int, cell: int) -> None:
        self._states = rig.link.states
        carry = rig.link.states.carry

        def lie(states: np.ndarray, *rest: object) -> np.ndarray:
            states = states.copy()
            states["cell"][states["unit"] == unit] = cell
            states["next"][states["unit"] == unit] = -1
            return carry(states, *rest)

        self._states.carry = lie  # type: ignore[method-assign]

    def find_place(self) -> None:
        del self._states.carry  # type: ignore[attr-defined]


def far_cell(rig: Rig) -> int:
    """A free cell of an aisle, with free cells around it."""
    owners = rig.controller.executor.owners
    for cell in rig.case.layout.cells_of(CellKind.FLOOR).tolist():
        if (owners[rig.around(cell)] < 0).all():
            return int(cell)
    raise AssertionError("the floor is full")


def test_unit_reports_an_impossible_place() -> None:
    """It is frozen, keeps what it held, and nobody comes near where it says it is, until an
    operator has looked and admits it where it then says it is."""
    rig = Rig(small_case(orders_s=120.0))
    rig.run(20.0)
    unit = rig.first(lambda unit: len(rig.held[unit]) >= 3)
    held, cell = rig.held[unit], far_cell(rig)
    misplaced = Misplaced(rig, unit, cell)
    rig.until(lambda: rig.happened(EventKind.NOT_ADMITTED, unit), 5.0)
    released = rig.released(unit)
    assert rig.status.units[unit].status is UnitStatus.NOT_ADMITTED
    assert set(rig.cells_under(unit)) <= set(rig.held[unit]) <= set(held)
    for _ in range(300):
        rig.cycle()
        others = [cells for other, cells in enumerate(rig.held) if other != unit]
        assert not {cell for cells in others for cell in cells} & set(rig.around(cell).tolist())
        assert rig.released(unit) == released
    misplaced.find_place()
    rig.run(10.0)
    assert rig.status.units[unit].status is UnitStatus.NOT_ADMITTED, "nobody has looked yet"
    rig.ask(OperationKind.ADMIT, unit=unit)
    assert rig.happened(EventKind.ADMITTED, unit)
    rig.finish()


def test_unit_appears_on_a_cell_held_by_another() -> None:
    """Not admitted, not even by hand; who holds the cell is asked to stand, nobody comes near, and
    somebody is told. Admitted once the other has given the cell up; then both go on."""
    rig = Rig(small_case(orders_s=100.0))
    rig.run(15.0)
    unit, other = 0, rig.first(lambda unit: len(rig.held[unit]) >= 4, range(1, N_UNITS))
    rig.agents.set_stopped(other, True)
    rig.agents.take_off(unit)
    rig.ask(OperationKind.REMOVE, unit=unit)
    rig.run(0.4)
    cell = rig.held[other][-1]
    assert cell not in rig.cells_under(other)
    put_on(rig, unit, cell)
    rig.until(lambda: rig.happened(EventKind.NOT_ADMITTED, unit), 3.0)
    rig.until(lambda: rig.flags(other) & Condition.PAUSED, 3.0)
    rig.agents.set_stopped(other, False)
    rig.ask(OperationKind.ADMIT, unit=unit)
    assert rig.status.units[unit].status is UnitStatus.NOT_ADMITTED, "the cell is another's"
    for _ in range(6):
        rig.cycle()
        assert set(rig.controller.executor.owners[rig.around(cell)].tolist()) <= {-1, other}
        assert rig.flags(other) & Condition.PAUSED
    rig.until(lambda: rig.happened(EventKind.ADMITTED, unit))
    assert rig.happened(EventKind.GAVE_UP, other), "the cell was given up before"
    rig.world.strangers.discard(unit)
    rig.until(lambda: not rig.flags(other) & Condition.PAUSED, 3.0)
    rig.finish()


def put_on(rig: Rig, unit: int, cell: int) -> None:
    rig.agents.put_on(unit, cell, 0, start_s=1.0)
    rig.world.strangers.add(unit)


def bring_back(rig: Rig, unit: int) -> None:
    """As the house rules say: close a free cell, put it there, admit it, open the cell."""
    cell = far_cell(rig)
    rig.ask(OperationKind.CLOSE_AREA, name="return", cells=(cell,))
    put_on(rig, unit, cell)
    rig.until(lambda: rig.happened(EventKind.ADMITTED, unit), 10.0)
    rig.world.strangers.discard(unit)
    rig.ask(OperationKind.OPEN_AREA, name="return")


@pytest.mark.parametrize("is_laden", [False, True], ids=["empty", "with a pod"])
def test_unit_removed_and_returned(is_laden: bool) -> None:
    """Its cells are free when somebody has said that it is gone, not before; the others do what
    they can; its task is done by others, or by itself when it is back with its pod."""
    rig = Rig()
    rig.run(15.0)
    unit = rig.first(
        lambda unit: (
            rig.status.units[unit].has_task
            and is_empty(rig, unit) is not is_laden
            and rig.between_cells(unit)
        )
    )
    held = rig.held[unit]
    rig.agents.take_off(unit)
    rig.run(40.0)
    assert rig.status.units[unit].status is UnitStatus.LOST
    # Until its silence was noticed it may have been given more.
    lost = rig.held[unit]
    assert lost[: len(held)] == held
    rig.run(20.0)
    assert rig.held[unit] == lost
    rig.ask(OperationKind.REMOVE, unit=unit)
    assert rig.held[unit] == []
    assert rig.status.units[unit].status is UnitStatus.ABSENT
    rig.run(60.0)
    bring_back(rig, unit)
    rig.finish()


def test_unit_returned_where_it_was_taken_from() -> None:
    """It has forgotten its steps, and what it was told before does not make it go on with them."""
    rig = Rig()
    rig.run(15.0)
    unit = rig.first(lambda unit: len(rig.held[unit]) == 1 and len(rig.cells_under(unit)) == 1)
    [cell] = rig.cells_under(unit)
    rig.agents.take_off(unit)
    rig.ask(OperationKind.REMOVE, unit=unit)
    rig.ask(OperationKind.CLOSE_AREA, name="return", cells=(cell,))
    rig.run(5.0)
    put_on(rig, unit, cell)
    rig.until(lambda: rig.happened(EventKind.ADMITTED, unit), 10.0)
    rig.world.strangers.discard(unit)
    rig.ask(OperationKind.OPEN_AREA, name="return")
    rig.finish()


def test_unit_returned_while_all_are_asked_to_stand() -> None:
    """It has to stand like the others before all are shown as stopped."""
    rig = Rig()
    rig.run(15.0)
    unit = rig.first(lambda unit: is_empty(rig, unit))
    rig.agents.take_off(unit)
    rig.ask(OperationKind.REMOVE, unit=unit)
    rig.ask(OperationKind.PAUSE_ALL)
    rig.until(lambda: rig.status.is_all_stopped, 10.0)
    put_on(rig, unit, far_cell(rig))
    rig.until(lambda: rig.happened(EventKind.ADMITTED, unit), 10.0)
    rig.world.strangers.discard(unit)
    assert rig.status.unconfirmed == (unit,)
    assert not rig.status.is_all_stopped
    rig.until(lambda: rig.status.is_all_stopped, 10.0)
    assert rig.flags(unit) & Condition.PAUSED
    rig.ask(OperationKind.RESUME_ALL)
    rig.finish()


def test_unit_removed_for_good() -> None:
    """Empty: all that there is to do is done by the others."""
    rig = Rig()
    rig.run(12.0)
    unit = rig.first(lambda unit: rig.status.units[unit].has_task and is_empty(rig, unit))
    rig.agents.take_off(unit)
    rig.ask(OperationKind.REMOVE, unit=unit)
    rig.finish()


# Acts


def test_act_failed_is_retried() -> None:
    rig = Rig()
    for unit in range(N_UNITS):
        rig.world.twin.fail_acts(unit, 2)
    rig.finish()
    assert rig.happened(EventKind.FAULT) == 2 * N_UNITS
    assert not rig.happened(EventKind.TASK_RETURNED)


def test_act_failed_for_good_gives_the_task_back() -> None:
    """After three tries the lift is given up, another unit takes the pod, and the one whose plate
    is broken is led around."""
    rig = Rig()
    unit = rig.first(rig.is_lifting)
    rig.world.twin.fail_acts(unit, 127)
    rig.until(lambda: rig.happened(EventKind.TASK_RETURNED, unit))
    assert rig.happened(EventKind.FAULT, unit) == 3
    rig.finish()


def test_lowering_failed_is_tried_until_it_works() -> None:
    """Nobody else can set its pod down."""
    rig = Rig()
    unit = rig.first(lambda unit: rig.is_acting(unit) and not is_empty(rig, unit))
    rig.world.twin.fail_acts(unit, 12)
    rig.finish()
    assert rig.happened(EventKind.FAULT, unit) == 12


# Battery, floor, units out of order


def test_low_battery() -> None:
    """The task is finished, no other begun, and the unit stands on a charger until it is well."""
    rig = Rig(small_case(orders_s=150.0))
    rig.run(20.0)
    unit = rig.first(lambda unit: rig.status.units[unit].has_task)
    rig.agents.set_low_battery(unit, True)
    n_tasks = rig.happened(EventKind.TASK_ASSIGNED, unit)
    chargers = rig.case.layout.cells_of(CellKind.CHARGER).tolist()
    rig.until(lambda: rig.status.units[unit].cell in chargers)
    rig.run(60.0)
    assert rig.happened(EventKind.TASK_ASSIGNED, unit) == n_tasks
    assert rig.happened(EventKind.TASK_DONE, unit) == n_tasks
    assert rig.status.units[unit].cell in chargers
    rig.agents.set_low_battery(unit, False)
    rig.until(lambda: rig.happened(EventKind.TASK_ASSIGNED, unit) > n_tasks)
    rig.finish()


def test_blocked_aisle() -> None:
    """Things lie across the lanes between the blocks for five minutes: units that see them turn off
    and all go the other ways round."""
    rig = Rig(small_case(orders_s=120.0))
    layout = rig.case.layout
    rig.run(10.0)
    cells = [layout.cell(row, col) for row in (4, 5) for col in (5, 6)]
    for cell in cells:
        rig.world.twin.place_obstacle(cell)
    rig.run(300.0)
    seen = rig.happened(EventKind.CELL_BLOCKED)
    assert seen
    assert rig.n_handled == rig.case.orders.n_lines
    for cell in cells:
        rig.world.twin.remove_obstacle(cell)
    rig.finish()


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(lambda rig, unit: rig.between_cells(unit), id="mid-edge"),
        pytest.param(lambda rig, unit: rig.is_acting(unit), id="under a pod"),
    ],
)
def test_unit_dead_for_10_minutes(moment: Callable[[Rig, int], bool]) -> None:
    """Its cells are closed, the others are led around, and all is done meanwhile for which nobody
    needs the pod above it; then somebody repairs it."""
    rig = Rig(small_case(orders_s=200.0))
    rig.run(12.0)
    unit = rig.first(lambda unit: moment(rig, unit) and is_empty(rig, unit))
    rig.agents.break_down(unit)
    rig.run(30.0)
    state = rig.status.units[unit]
    assert (state.status, state.is_led_around) == (UnitStatus.FAULTED, True)
    assert rig.controller.supervisor.roster.faults[unit] == FaultCode.BROKEN
    assert rig.controller.executor.is_closed[rig.cells_under(unit)].all()
    rig.run(TEN_MINUTES_S - 30.0)
    assert set(rig.cells_under(unit)) <= set(rig.held[unit])
    assert rig.n_handled >= n_done_by_others(rig)
    rig.agents.repair(unit)
    rig.until(lambda: rig.happened(EventKind.GOES_ON, unit), 10.0)
    rig.finish()


def n_done_by_others(rig: Rig) -> int:
    """Lines that do not wait for a pod that a dead unit keeps: it may be chosen for a few."""
    return rig.case.orders.n_lines - 5


def laden_in(rig: Rig, rows: range) -> int:
    """A unit on its way with a pod, between two cells of these rows."""
    layout = rig.case.layout
    return rig.first(
        lambda unit: (
            rig.between_cells(unit)
            and not is_empty(rig, unit)
            and layout.row_col(rig.cells_under(unit)[0])[0] in rows
        )
    )


def test_unit_dead_for_10_minutes_with_a_pod() -> None:
    """The others do what does not need its pod, and the rest is done when it has been repaired."""
    rig = Rig(small_case(orders_s=200.0))
    rig.run(15.0)
    unit = laden_in(rig, range(9))
    rig.agents.break_down(unit)
    rig.run(TEN_MINUTES_S)
    assert rig.n_handled >= n_done_by_others(rig)
    rig.agents.repair(unit)
    rig.finish()


def test_unit_dead_for_10_minutes_before_a_station() -> None:
    """The other station gets what nobody brings to the one that is cut off: units that wait for
    that one are led around."""
    rig = Rig(small_case(orders_s=200.0))
    rig.run(15.0)
    unit = laden_in(rig, range(9, 12))
    rig.agents.break_down(unit)
    rig.run(60.0)
    n_handled = rig.n_handled
    rig.run(TEN_MINUTES_S - 60.0)
    assert rig.status.stranded
    assert rig.n_handled >= n_handled + 8
    rig.agents.repair(unit)
    rig.finish()
