"""Emulated units over real sockets: they drive as ordered, carry, stop, reboot, and have faults."""

from __future__ import annotations

from pathlib import Path

import pytest
from emulated import N_COLS, hall, rig

from gridfleet.emulator.building import EmulatorOptions
from hw_bridge.agent.motors import Move, MoveKind
from hw_bridge.vda5050.state import OperatingMode
from hw_bridge.wire.frames import Topic
from twin.faults import Fault, FaultKind, schedule_of


def test_a_unit_drives_where_it_is_told_over_real_sockets(tmp_path: Path) -> None:
    with rig(tmp_path, [0]) as it:
        it.order("U1", 1, [0, 1, 2, 2 + N_COLS])
        it.until(lambda: it.heard["U1"][0].last_node_sequence_id == 6)
        it.run(2.0)
        state, link = it.heard["U1"]
        assert state.order_id == "1.1.0"
        assert state.last_node_id == "c.2.3"
        assert (link.cleared, link.base, state.driving) == (3, 3, False)
        assert it.fleet.floor.cell_of(0) == 2 + N_COLS
        assert [m.topic for m in it.said[:3]] == [Topic.CONNECTION, Topic.FACTSHEET, Topic.STATE]


def test_a_pod_gets_the_label_that_the_order_says_and_keeps_it(tmp_path: Path) -> None:
    with rig(tmp_path, [0], pods=[1]) as it:
        it.order("U1", 1, [0, 1, "pick", 2, "drop", 3, 2, "pick"])
        it.until(lambda: it.heard["U1"][0].last_node_sequence_id >= 6)
        assert [load.load_id for load in it.heard["U1"][0].loads] == ["P00007"]
        it.until(lambda: it.heard["U1"][0].last_node_sequence_id == 10)
        assert not it.heard["U1"][0].loads
        it.until(lambda: bool(it.heard["U1"][0].loads))
        assert it.fleet.floor.labels == ["P00007"]


def test_what_no_unit_can_drive_stops_it_and_nobody_else(tmp_path: Path) -> None:
    with rig(tmp_path, [0, 40]) as it:
        it.order("U1", 1, [0, 1, 3, 4])  # from cell 1 straight to cell 3: no step of a unit
        it.order("U2", 1, [40, 41])
        it.until(lambda: bool(it.heard["U1"][0].errors))
        assert [error.error_type for error in it.heard["U1"][0].errors] == ["PATH_BLOCKED"]
        it.until(lambda: it.heard["U2"][0].last_node_sequence_id == 2)
        assert it.fleet.floor.cell_of(0) == 1


def test_more_steps_than_the_twin_remembers(tmp_path: Path) -> None:
    there_and_back = [0, *([1, 0] * 60)]
    with rig(tmp_path, [0]) as it:
        it.order("U1", 1, there_and_back)
        it.until(lambda: it.heard["U1"][0].last_node_sequence_id == 240, limit_s=900.0)


def test_a_unit_that_hears_nothing_stops_and_goes_on_when_it_hears_again(tmp_path: Path) -> None:
    with rig(tmp_path, [0]) as it:
        it.order("U1", 1, list(range(8)))
        it.run(0.4)
        it.run(6.0, hello_s=1e9)
        it.run(6.0, hello_s=1e9)
        stopped_at = it.fleet.floor.cell_of(0)
        assert 0 < stopped_at < 7
        assert not it.heard["U1"][0].driving
        it.until(lambda: it.fleet.floor.cell_of(0) == 7)


def test_a_unit_switched_off_between_two_cells_forgets_and_can_go_on(tmp_path: Path) -> None:
    with rig(tmp_path, [0]) as it:
        it.order("U1", 1, list(range(8)))
        it.until(lambda: 0.3 < it.fleet.floor.twin.units["along"][0] < 0.7)
        cell = it.fleet.floor.cell_of(0)
        it.fleet.units.reboot(0, start_s=3.0)
        it.run(1.0)
        state, link = it.heard["U1"]
        assert link.session == 2
        assert state.operating_mode is OperatingMode.STARTUP
        assert state.order_id == ""
        it.run(4.0)
        state, link = it.heard["U1"]
        assert state.operating_mode is OperatingMode.AUTOMATIC
        assert link.beyond == f"c.1.{cell + 2}"
        assert it.fleet.floor.cell_of(0) == cell
        it.order("U1", 2, [cell, cell + 1, cell + 2], stand=3)
        it.until(lambda: it.fleet.floor.cell_of(0) == cell + 2)
        assert not it.fleet.floor.twin.n_contacts


def test_link_faults_leave_the_connection_up_and_say_nothing(tmp_path: Path) -> None:
    down = Fault(FaultKind.LINK_DOWN, at_s=1.0, lasts_s=5.0, unit=0)
    with rig(tmp_path, [0, 40], schedule=schedule_of([down])) as it:
        it.run(2.0)
        n_said = len(it.said)
        it.run(3.0)
        assert {message.serial for message in it.said[n_said:]} == {"U2", "S1"}
        it.run(3.0)
        assert it.heard["U1"][1].session == 1
        seqs = [message.link.seq for message in it.said if message.serial == "U1"]
        assert seqs != list(range(1, len(seqs) + 1))  # what was lost leaves a gap
        assert it.said[-1].link.seq > 0


@pytest.mark.parametrize(
    ("kind", "error"),
    [(FaultKind.DIE, "BROKEN"), (FaultKind.LOSE_PLACE, "LOST_PLACE")],
)
def test_faults_of_units_are_what_they_say(tmp_path: Path, kind: FaultKind, error: str) -> None:
    fault = Fault(kind, at_s=1.0, lasts_s=3.0, unit=0)
    with rig(tmp_path, [0], schedule=schedule_of([fault])) as it:
        it.order("U1", 1, list(range(8)))
        it.until(lambda: bool(it.heard["U1"][0].errors))
        assert error in [e.error_type for e in it.heard["U1"][0].errors]
        it.until(lambda: not it.heard["U1"][0].errors)
        it.until(lambda: it.fleet.floor.cell_of(0) == 7)


def test_a_battery_that_is_low_says_so_and_charges_on_a_charger(tmp_path: Path) -> None:
    with rig(tmp_path, [0], layout=hall(chargers=(0,))) as it:
        it.fleet.floor.batteries.charge[0] = 0.1
        it.run(2.0)
        power = it.heard["U1"][0].power_supply
        assert power.charging
        before = power.state_of_charge
        it.run(60.0)
        assert it.heard["U1"][0].power_supply.state_of_charge > before + 1.0


def test_positions_drift_between_markers_only(tmp_path: Path) -> None:
    with rig(tmp_path, [0]) as it:
        it.order("U1", 1, list(range(8)))
        it.until(lambda: it.fleet.floor.cell_of(0) == 7)
        it.run(2.0)
        errors = []
        for message in it.said:
            if message.topic is not Topic.STATE:
                continue
            place = it.heard["U1"][0].mobile_robot_position
            errors.append(abs(place.y - hall().centres_m()[0, 1]))
        assert errors[-1] < 1e-9  # it stands on a marker


def test_units_that_start_say_so(tmp_path: Path) -> None:
    with rig(tmp_path, [0], options=EmulatorOptions(start_s=2.0)) as it:
        assert it.heard["U1"][0].operating_mode is OperatingMode.STARTUP
        it.until(lambda: it.heard["U1"][0].operating_mode is OperatingMode.AUTOMATIC, 5.0)


def test_steps_that_units_are_given_in_turns_reach_the_floor(tmp_path: Path) -> None:
    with rig(tmp_path, [0, 40]) as it:
        first, second = it.fleet.units.motors
        centres_m = hall().centres_m()

        def drive(cell: int) -> list[Move]:
            return [Move(MoveKind.DRIVE, *centres_m[cell].tolist())]

        first.extend(drive(1))
        second.extend(drive(41))
        first.extend(drive(2))
        it.fleet.floor.hand_over()
        assert it.fleet.floor.twin.units["released"].tolist() == [2, 1]
