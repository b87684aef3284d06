"""Every kind of fault on units that drive, and what is left of it afterwards."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from shuttles import CYCLE_S, Shuttles, hall

from fleet_control.backend import Act, Commands, Condition, FaultCode, Releases, no_station_jobs
from fleet_control.errors import FleetError
from fleet_control.operations import OperationKind
from twin.faults import (
    DEFAULT_KINDS,
    Fault,
    FaultInjector,
    FaultKind,
    FaultTargets,
    KillPoint,
    Where,
    random_schedule,
    schedule_of,
)
from twin.link import Noise

K = FaultKind


def run(*faults: Fault, until_s: float = 120.0) -> Shuttles:
    return Shuttles(schedule_of(faults)).run(until_s)


def spans(fleet: Shuttles) -> list[tuple[str, float, float]]:
    return [(record.kind, record.began_s, record.ended_s) for record in fleet.injector.records]


def drives_on(fleet: Shuttles) -> bool:
    before = list(fleet.done)
    fleet.run(fleet.now_s + 20.0)
    return all(now > then for now, then in zip(fleet.done, before, strict=True))


@pytest.mark.parametrize(
    ("fault", "code", "flags", "factor"),
    [
        (Fault(K.STOP, 10.0, 30.0, unit=1), 0, 0, 0.0),
        (Fault(K.SLOW, 10.0, 30.0, unit=1, factor=0.25), 0, 0, 0.25),
        (Fault(K.DIE, 10.0, 30.0, unit=1), FaultCode.BROKEN, 0, 0.0),
        (Fault(K.LOSE_PLACE, 10.0, 30.0, unit=1), FaultCode.LOST_PLACE, 0, 0.0),
        (Fault(K.LOW_BATTERY, 10.0, 30.0, unit=1), 0, Condition.LOW_BATTERY, 1.0),
        (Fault(K.REBOOT, 10.0, 30.0, unit=1), 0, Condition.STARTING, 0.0),
    ],
)
def test_a_fault_of_a_unit_lasts_as_long_as_said(fault, code, flags, factor) -> None:
    fleet = run(fault, until_s=30.0)
    assert fleet.faults == [0, code, 0]
    assert fleet.flags == [0, flags, 0]
    assert fleet.twin.units["factor"].tolist() == [1.0, factor, 1.0]
    fleet.run(42.0)
    [(kind, began_s, ended_s)] = spans(fleet)
    assert (kind, began_s, ended_s) == (fault.kind, 10.0, 40.0)
    assert fleet.injector.is_over
    assert drives_on(fleet)
    assert fleet.faults == fleet.flags == [0, 0, 0]
    assert fleet.twin.n_contacts == 0


def test_overlapping_faults_of_a_kind_end_with_the_last() -> None:
    fleet = run(
        Fault(K.STOP, 10.0, 30.0, unit=0), Fault(K.STOP, 20.0, 40.0, unit=0),
        Fault(K.SLOW, 10.0, 60.0, unit=1, factor=0.5),
        Fault(K.SLOW, 20.0, 20.0, unit=1, factor=0.2),
        until_s=30.0,
    )  # fmt: skip
    assert fleet.twin.units["factor"].tolist() == pytest.approx([0.0, 0.2, 1.0])
    fleet.run(50.0)
    assert fleet.twin.units["factor"].tolist() == pytest.approx([0.0, 0.5, 1.0])
    fleet.run(75.0)
    assert fleet.twin.units["factor"].tolist() == [1.0, 1.0, 1.0]


def test_what_is_never_repaired_stays() -> None:
    fleet = run(Fault(K.DIE, 10.0, unit=2), until_s=300.0)
    assert spans(fleet) == [(K.DIE, 10.0, math.inf)]
    assert fleet.faults[2] == FaultCode.BROKEN


@pytest.mark.parametrize("kind", [K.DIE, K.REBOOT])
def test_mid_edge_is_between_two_cells(kind: FaultKind) -> None:
    for at_s in np.arange(3.0, 9.0, 0.6).tolist():
        fleet = run(Fault(kind, at_s, 60.0, unit=0, where=Where.MID_EDGE), until_s=25.0)
        [record] = fleet.injector.records
        assert record.began_s >= at_s
        assert len(fleet.twin.cells_under(0)) == 2, f"at {at_s} s"


def test_a_unit_dies_under_a_pod_before_it_has_lifted_it() -> None:
    fleet = Shuttles(schedule_of([Fault(K.DIE, 1.0, 20.0, unit=0, where=Where.UNDER_POD)]))
    fleet.run(8.0)  # passes beneath the pod on cell 5 and does not stand there
    assert not fleet.injector.records
    fleet = Shuttles(
        schedule_of([
            Fault(K.DIE, 1.0, 20.0, unit=0, where=Where.UNDER_POD),
            Fault(K.REBOOT, 1.0, 5.0, unit=0, where=Where.LADEN),
        ])
    )  # fmt: skip
    ints = [
        np.array(column, dtype=np.int32) for column in ([0] * 6, range(1, 7), [1, 2, 3, 4, 5, 5])
    ]
    acts = np.array([Act.DRIVE] * 5 + [Act.LIFT], dtype=np.int8)
    fleet.twin.send(Commands(Releases(*ints, acts), no_station_jobs()))
    fleet.present[0] = False  # leave it to these steps
    fleet.run(15.0)
    [record] = fleet.injector.records
    assert (record.kind, record.cell) == (K.DIE, 5)
    assert fleet.twin.units["carried"][0] == -1
    fleet.run(40.0)
    assert fleet.injector.records[1].kind == K.REBOOT
    assert fleet.twin.units["carried"][0] == 0


def test_a_unit_is_taken_off_and_put_back_where_nobody_is() -> None:
    fault = Fault(K.DIE, 10.0, 30.0, unit=1, where=Where.MID_EDGE, is_removed=True, back_s=60.0)
    fleet = run(fault, until_s=60.0)
    assert fleet.twin.is_off.tolist() == [False, True, False]
    assert fleet.flags[1] == Condition.LOST
    fleet.run(180.0)
    kinds = [(operation.kind, operation.unit) for _, operation in fleet.operations]
    assert kinds == [
        (OperationKind.REMOVE, 1), (OperationKind.CLOSE_AREA, -1), (OperationKind.OPEN_AREA, -1),
    ]  # fmt: skip
    [record] = fleet.injector.records
    assert record.ended_s > record.began_s + 90.0
    assert fleet.injector.is_over
    assert drives_on(fleet)
    assert fleet.twin.n_contacts == 0


def test_a_unit_may_never_come_back() -> None:
    fleet = run(Fault(K.DIE, 10.0, 30.0, unit=1, is_removed=True), until_s=300.0)
    assert fleet.twin.is_off.tolist() == [False, True, False]
    assert spans(fleet) == [(K.DIE, 10.0, math.inf)]


def test_faults_of_a_unit_wait_until_it_is_back() -> None:
    fleet = run(
        Fault(K.DIE, 10.0, 20.0, unit=1, is_removed=True, back_s=20.0),
        Fault(K.STOP, 25.0, 5.0, unit=1), Fault(K.STOP, 35.0, 5.0, unit=1), until_s=150.0,
    )  # fmt: skip
    back_s = fleet.injector.records[0].ended_s
    assert [span[1] for span in spans(fleet)] == [10.0, back_s, back_s]
    assert fleet.injector.is_over


def test_lifts_fail_as_often_as_said() -> None:
    fleet = run(Fault(K.LIFT_FAILS, 2.0, unit=0, times=1), until_s=4.0)
    fleet.twin.units["fails"][0] = 0  # as a failed attempt does
    fleet.run(5.0)
    assert spans(fleet) == [(K.LIFT_FAILS, 2.0, 4.2)]


def test_a_blocked_cell_is_freed_again() -> None:
    cell = 3 * 12 + 4
    fleet = run(
        Fault(K.BLOCK_CELL, 5.0, 20.0, cells=(cell,)),
        Fault(K.BLOCK_CELL, 10.0, 20.0, cells=(cell,)),
        Fault(K.BLOCK_CELL, 10.0, 50.0, cells=(11,)), until_s=27.0,
    )  # fmt: skip
    assert fleet.twin.has_obstacle(cell)
    fleet.run(40.0)
    assert not fleet.twin.has_obstacle(cell)
    assert fleet.faults[0] == FaultCode.PATH_BLOCKED
    fleet.run(65.0)
    assert drives_on(fleet)
    assert fleet.twin.n_contacts == 0


def test_links_are_told_and_told_again() -> None:
    noise = {"loss": 0.2, "duplicate": 0.1, "delay_s": 0.3, "reorder": 0.05}
    fleet = run(
        Fault(K.LINK_NOISE, 0.0, **noise), Fault(K.LINK_DOWN, 10.0, 20.0, unit=1),
        Fault(K.LINK_DOWN, 20.0, 20.0, unit=1), Fault(K.LINK_NOISE, 50.0, 5.0, unit=0, loss=1.0),
    )  # fmt: skip
    assert fleet.link.told == [
        (-1, Noise(0.2, 0.1, 0.3, 0.05)), (1, True), (1, True), (1, True), (1, False),
        (0, Noise(1.0)), (0, Noise()),
    ]  # fmt: skip


def test_faults_of_messages_need_a_link() -> None:
    fleet = run(until_s=0.2)
    targets = FaultTargets(fleet.twin, fleet.twin.agents, None, fleet)
    schedule = schedule_of([Fault(K.STOP, 1.0, 5.0, unit=0), Fault(K.LINK_DOWN, 7.0, 5.0)])
    with pytest.raises(FleetError, match="link-down at 7 s needs a link"):
        FaultInjector(schedule, targets, fleet.layout)


def test_kills_are_handed_out_once() -> None:
    fleet = Shuttles(schedule_of([Fault(K.KILL_CONTROLLER, 4.0, 9.0, point=KillPoint.BEFORE_SEND)]))
    assert fleet.injector.due_kills(3.8) == []
    [kill] = fleet.injector.due_kills(4.0)
    assert kill.point is KillPoint.BEFORE_SEND
    assert fleet.injector.due_kills(4.2) == []
    assert spans(fleet) == [(K.KILL_CONTROLLER, 4.0, 13.0)]


def test_what_people_ask_is_handed_out_and_taken_back() -> None:
    fleet = run(
        Fault(K.CLOSE_AREA, 5.0, 10.0, cells=(36, 37), name="north", speed_m_s=0.5),
        Fault(K.PAUSE, 6.0, 10.0, unit=1), Fault(K.PAUSE_ALL, 7.0, 10.0),
        Fault(K.PAUSE_ALL, 9.0, 10.0), Fault(K.DRAIN, 8.0, 20.0),
    )  # fmt: skip
    told = [(round(at_s, 1), operation.kind) for at_s, operation in fleet.operations]
    kinds = OperationKind
    assert told == [
        (5.0, kinds.CLOSE_AREA), (6.0, kinds.PAUSE), (7.0, kinds.PAUSE_ALL), (8.0, kinds.DRAIN),
        (9.0, kinds.PAUSE_ALL), (15.0, kinds.OPEN_AREA), (16.0, kinds.RESUME),
        (19.0, kinds.RESUME_ALL), (28.0, kinds.UNDRAIN),
    ]  # fmt: skip
    area = fleet.operations[0][1]
    assert (area.name, area.cells, area.speed_m_s, area.margin) == ("north", (36, 37), 0.5, 2)
    fleet.injector.ask_again([area])
    assert fleet.injector.due_operations(fleet.now_s) == [area]
    assert fleet.injector.due_operations(fleet.now_s) == []


def short(fault: Fault) -> Fault:
    """Over soon, and possible where nobody lifts pods."""
    where = Where.MID_EDGE if fault.where is Where.MID_EDGE else Where.ANYWHERE
    lasts_s, back_s = (min(time_s, 60.0) for time_s in (fault.lasts_s, fault.back_s))
    return replace(fault, lasts_s=lasts_s, back_s=back_s, where=where)


@pytest.mark.parametrize("seed", range(6))
def test_any_schedule_leaves_no_contact_and_a_fleet_that_drives(seed: int) -> None:
    layout = hall(6, 12)
    drawn = random_schedule(seed, dict.fromkeys(DEFAULT_KINDS, 40.0), 0.1, layout, 3)
    fleet = Shuttles(schedule_of(map(short, drawn.faults))).run(200.0)
    again = pickle.loads(pickle.dumps(fleet))
    fleet.run(900.0)
    assert fleet.twin.n_contacts == 0, f"seed {seed}"
    going_on = {r.kind for r in fleet.injector.records if r.ended_s == math.inf}
    assert going_on <= {K.LIFT_FAILS}, f"seed {seed}"
    assert len(fleet.injector.records) == len(drawn.faults), f"seed {seed}"
    assert drives_on(fleet), f"seed {seed}"
    again.run(400.0)
    told = [r for r in fleet.injector.records if r.began_s <= 400.0]
    assert [(r.number, r.began_s) for r in again.injector.records] == [
        (r.number, r.began_s) for r in told
    ]


def test_schedules_are_drawn_kind_by_kind() -> None:
    layout = hall(6, 12)
    both = random_schedule(3, {K.STOP: 40.0, K.DIE: 30.0}, 10.0, layout, 5)
    only = random_schedule(3, {K.STOP: 40.0}, 10.0, layout, 5)
    assert [fault for fault in both.faults if fault.kind is K.STOP] == list(only.faults)
    assert both == random_schedule(3, {K.DIE: 30.0, K.STOP: 40.0}, 10.0, layout, 5)
    assert both != random_schedule(4, {K.STOP: 40.0, K.DIE: 30.0}, 10.0, layout, 5)
    assert 320 < len(only.faults) < 480
    times = [fault.at_s for fault in both.faults]
    assert times == sorted(times)
    assert 0.0 < times[0] < times[-1] < 36000.0
    assert {fault.unit for fault in both.faults} == set(range(5))


def test_every_kind_can_be_drawn() -> None:
    schedule = random_schedule(1, dict.fromkeys(K, 3.0), 20.0, hall(6, 12), 3)
    assert {fault.kind for fault in schedule.faults} == set(K)
    assert schedule.needs_link
    assert schedule.kills
    assert all(fault.at_s % CYCLE_S >= 0 for fault in schedule.faults)
