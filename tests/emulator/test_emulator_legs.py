"""Legs of an emulated fleet from its wire log, against those that its floor has recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bridged_run import bridged

from gridfleet.calibration import calibrate, read_log
from gridfleet.emulator import lockstep
from gridfleet.emulator.building import EmulatorOptions
from gridfleet.scenario import Scenario
from hw_bridge.wire_log import WireLog
from twin.kinematic.engine import TICK_S
from twin.legs import LegKind, LegRecorder, Legs


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Legs]:
    """A wire log, and the legs that were driven. Units look at themselves every tick, as they do
    in an emulator that runs by the clock."""
    folder = tmp_path_factory.mktemp("wire")
    log = folder / "wire.jsonl.gz"
    with pytest.MonkeyPatch.context() as patch, WireLog(log) as wire:
        patch.setattr(lockstep, "STEP_S", TICK_S)
        scenario = Scenario(layout="teaching", robots=5, hours=1.0, seed=3)
        with bridged(folder, scenario, EmulatorOptions(seed=3), on_message=wire.note) as it:
            layout = it.ground.layout
            recorder = LegRecorder(it.fleet.floor.twin, layout.n_cols, layout.cell_size_m)
            it.go(120.0)
    return log, recorder.legs()


def test_the_wire_tells_the_legs_that_were_driven(logged: tuple[Path, Legs]) -> None:
    path, driven = logged
    log = read_log(path)
    assert log.legs.resolution_s == pytest.approx(TICK_S, abs=0.002)
    assert "a wire log: times are known to 0.04 s" in log.says
    for kind in (LegKind.RUN, LegKind.TURN, LegKind.LIFT, LegKind.LOWER):
        for is_laden in (False, True):
            told, true = (
                legs.where((legs.kind == kind) & (legs.is_laden == is_laden))
                for legs in (log.legs, driven)
            )
            assert abs(len(told) - len(true)) <= 2, kind.name
            assert np.sort(told.length)[:10] == pytest.approx(np.sort(true.length)[:10])
    for length, is_laden in ((1.0, True), (3.0, False)):
        told, true = (
            legs.where(
                (legs.kind == LegKind.RUN)
                & (legs.length == length)
                & (legs.is_laden == is_laden)
                & legs.is_free
            )
            for legs in (log.legs, driven)
        )
        assert 0 < len(told) <= len(true), "the wire calls nothing free that is not"
        # Emulated units set off at a look, and see it with the next one.
        assert true.lasted_s.mean() - told.lasted_s.mean() == pytest.approx(TICK_S, abs=0.03)


def test_a_fleet_is_measured_by_its_wire_log(logged: tuple[Path, Legs]) -> None:
    log = read_log(logged[0])
    fit = calibrate(log.legs, log.unit)
    found = {row.name: row.value for row in fit.rows if not row.why}
    assert found["top speed, laden"] == pytest.approx(1.3, rel=0.02)
    assert found["acceleration, laden"] == pytest.approx(0.8, rel=0.08)
    assert found["lifting"] == pytest.approx(3.0, abs=2 * TICK_S)
