"""Orders worked off over the bridge while units fail, links are bad and the emulator is killed."""

from __future__ import annotations

from pathlib import Path

import pytest
from bridged_run import bridged

from fleet_control.backend import Condition
from gridfleet.emulator.building import EmulatorOptions
from gridfleet.scenario import Scenario
from layouts import load
from twin.faults import FaultKind, FaultSchedule, random_schedule

PER_HOUR = {
    FaultKind.STOP: 60.0, FaultKind.REBOOT: 120.0, FaultKind.LOSE_PLACE: 30.0,
    FaultKind.LIFT_FAILS: 60.0, FaultKind.BLOCK_CELL: 30.0, FaultKind.LINK_DOWN: 60.0,
    FaultKind.LINK_NOISE: 60.0,
}  # fmt: skip
N_UNITS = 6


def scenario(seed: int) -> Scenario:
    return Scenario(layout="teaching", robots=N_UNITS, hours=1.0, seed=seed)


@pytest.mark.parametrize("seed", [1])
def test_faults_stop_no_work_and_nobody_touches_anybody(tmp_path: Path, seed: int) -> None:
    drawn = random_schedule(seed, PER_HOUR, 0.035, load("teaching"), N_UNITS)
    options = EmulatorOptions(seed=seed, wrong_scans=0.1)
    with bridged(tmp_path, scenario(seed), options, drawn) as it:
        it.go(140.0)
        assert it.fleet.extras.injector is not None
        assert len(it.fleet.extras.injector.records) > 8
        before = it.lines
        assert before > 5
        it.go(60.0)
        assert it.lines > before
        assert it.contacts == 0


def test_an_emulator_killed_under_load_goes_on(tmp_path: Path) -> None:
    """No line is lost or done twice: all that is open at a terminal is worked on."""
    options = EmulatorOptions(state=tmp_path / "state", wrong_scans=0.1)
    with bridged(tmp_path, scenario(3), options, FaultSchedule()) as it:
        for seconds in (41.0, 23.4, 27.2):
            it.go(seconds)
            cells = [it.fleet.floor.cell_of(unit) for unit in range(N_UNITS)]
            it.kill_emulator()
            assert [it.fleet.floor.cell_of(unit) for unit in range(N_UNITS)] == cells
        before = it.lines
        it.go(50.0)
        assert it.lines > before > 5
        assert it.contacts == 0
        finished = sum(terminal.n_finished for terminal in it.fleet.stations.terminals)
        assert it.lines <= finished <= it.lines + len(it.fleet.stations.terminals)


def test_a_unit_that_is_low_stays_so_until_it_has_charged(tmp_path: Path) -> None:
    with bridged(tmp_path, scenario(1), EmulatorOptions()) as it:
        charge = it.fleet.floor.batteries.charge
        for share, is_low in ((0.5, False), (0.19, True), (0.21, True), (0.49, True), (0.51, False),
                              (0.25, False)):  # fmt: skip
            charge[2] = share
            it.go(2.0)
            assert (
                bool(it.backend._life.courier.books.latest["flags"][2] & Condition.LOW_BATTERY)
                is is_low
            )
